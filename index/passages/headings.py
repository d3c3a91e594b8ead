"""Headings that nothing marks as such: paragraphs of one line that look like them, in plain text above all.

A line is taken for one only where text stands under it, and never among others of its rank, which are a list. What is
not certain is left to be text: all of it is found and quoted either way, and a heading only adds the way to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from index.documents import Heading, Outline, TextBlock

_MOST_CHARACTERS, _MOST_WORDS = 120, 18
_SHORT_CHARACTERS, _SHORT_WORDS, _FEW_NUMBERS = 80, 12, 2
"""Of a heading that is neither numbered nor set off in another way."""
_MOST_TIMES = 2
"""How often a line may stand in a text and be a heading: what comes again and again is the head of a page."""
_PARTS, _CHAPTERS, _SECTIONS, _NUMBERED, _CAPITALS, _UNDERLINED, _OTHERS = 1, 2, 3, 4, 8, 9, 10
"""Ranks, the highest first. Decimal numbers have one rank for each of their parts."""
_DEEPEST_NUMBER = 4

_DIVISION = re.compile(
    r"(?P<part>part|book|volume|act|title|teil|buch|band)"
    r"|(?P<chapter>chapter|article|item|appendix|annex|schedule|scene|kapitel|artikel|anhang|anlage)"
    r"|(?P<section>section|clause|note|abschnitt)",
    re.IGNORECASE,
)
_DIVISION_NUMBER = re.compile(
    r"\.?\s+(?:\d+|[IVXLCDM]+|[A-Z])\b(?:[.:)]|\s+[—–-])?(?=\s|$)|\s+the\s+\w+$", re.IGNORECASE
)
_PARAGRAPH_SIGN = re.compile(r"§+\s*\d+\w*")
_NUMBER = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,5})\.?\s+(?=[^\W\d_])|[IVXLC]+\.\s+(?=[^\W\d_])")
_FAR_APART = re.compile(r"\S(?:\t|[^\S\n]{3,})\S")
_MARKS_OF_CODE = re.compile(r"[={}<>|\\_;`]|\(\)")
_DIGITS = re.compile(r"\d[\d.,]*")
_OPEN_END = re.compile(r"\w[\])’”\"'%]?$")
_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*")
_UNDERLINE = re.compile(r"[^\S\n]*([=~*#^-])\1{2,}[^\S\n]*")
_KEY = re.compile(r"([^\W\d_][\w .-]{1,30}):\s+\D+")


def outlined(text: str) -> Outline:
    """The headings that plain text seems to have, and a block for each."""
    lines = [*_single_lines(text)]
    levels = heading_levels(
        [line for _, line, _ in lines], {n for n, (*_, is_underlined) in enumerate(lines) if is_underlined}
    )
    found = [(lines[number][0], lines[number][1], level) for number, level in levels.items()]
    return Outline(
        headings=tuple(Heading(start, level, " ".join(line.split())) for start, line, level in found),
        blocks=tuple(TextBlock(start, start + len(line), "heading", level) for start, line, level in found),
    )


def _single_lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Of each paragraph where it begins, its line, and whether that is underlined; "" for one of several lines."""
    for paragraph in _PARAGRAPH.finditer(text):
        first, *others = paragraph.group().split("\n", 2)
        is_underlined = len(others) == 1 and _UNDERLINE.fullmatch(others[0]) is not None
        yield paragraph.start(), "" if others and not is_underlined else first.rstrip(), is_underlined


def heading_levels(paragraphs: Sequence[str], underlined: Collection[int] = ()) -> dict[int, int]:
    """The levels, from 1 for the highest, of those paragraphs that are headings, by their numbers.

    A paragraph of several lines, and anything else that can be none, is given as ``""``; ``underlined`` are the numbers
    of lines that have a row of dashes under them.
    """
    counts = Counter(paragraphs)
    keys = Counter(match[1] for line in counts if (match := _KEY.fullmatch(line)))
    ranks = {line: _rank(line, keys) for line in counts}
    ranked = [
        _UNDERLINED if number in underlined and _has_letters(line) else _unless_repeated(ranks[line], counts[line])
        for number, line in enumerate(paragraphs)
    ]
    headings = [
        number for run in _runs(ranked) for number in run if ranked[number] < _OTHERS or _is_short(paragraphs[number])
    ]
    levels = {rank: level for level, rank in enumerate(sorted({ranked[number] for number in headings}), start=1)}
    return {number: levels[ranked[number]] for number in headings}


def _runs(ranks: Sequence[int]) -> list[list[int]]:
    """What looks like a heading and has text under it, or headings of lower ranks and then text."""
    last = max((number for number, rank in enumerate(ranks) if not rank), default=0)
    runs = (list(run) for looks_so, run in groupby(range(last), key=lambda number: ranks[number] > 0) if looks_so)
    return [run for run in runs if all(ranks[above] < ranks[below] for above, below in pairwise(run))]


def _unless_repeated(rank: int, times: int) -> int:
    return 0 if rank >= _NUMBERED and times > _MOST_TIMES else rank


def _rank(line: str, keys: Mapping[str, int]) -> int:
    """Of a line that stands alone; 0 where it doesn't look like a heading."""
    words, number = line.split(), _NUMBER.match(line)
    if not words or len(line) > _MOST_CHARACTERS or len(words) > _MOST_WORDS:
        return 0
    if _FAR_APART.search(line, number.end() if number else 0):
        return 0
    if division := _division(line):
        return division
    is_closed = _OPEN_END.search(line) is None or (":" in line and not _names(line, keys))
    if is_closed or not _has_letters(line) or _MARKS_OF_CODE.search(line):
        return 0
    if number:
        return _NUMBERED + min((number[1] or "").count("."), _DEEPEST_NUMBER - 1)
    if not line[0].isupper():
        return 0
    return _CAPITALS if line.isupper() and len(words) > 1 else _OTHERS


def _division(line: str) -> int:
    """The rank of "Chapter 3", "Article. II.", "§ 5 Fees", "BOOK THE FIRST"; 0 of anything else."""
    if _PARAGRAPH_SIGN.match(line):
        return _SECTIONS
    named = _DIVISION.match(line)
    if named is None or not _DIVISION_NUMBER.match(line, named.end()):
        return 0
    return _PARTS if named["part"] else _CHAPTERS if named["chapter"] else _SECTIONS


def _names(line: str, keys: Mapping[str, int]) -> bool:
    """Whether it says whose the next lines are, "Patient: Ada Lund", as other lines of the text do of others."""
    match = _KEY.fullmatch(line)
    return match is not None and keys[match[1]] > 1


def _is_short(line: str) -> bool:
    is_short = len(line) <= _SHORT_CHARACTERS and len(line.split()) <= _SHORT_WORDS
    return is_short and len(_DIGITS.findall(line)) <= _FEW_NUMBERS


def _has_letters(line: str) -> bool:
    return any(character.isalpha() for character in line)

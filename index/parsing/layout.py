"""Lines as they stand on pages → paragraphs as they were written. Pure: knows nothing of PDF.

A page says where each line is, not where paragraphs end or words were cut. Here cut words are joined, ragged lines run
on, and what is printed on page after page (running heads, page numbers) is left out.
"""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.documents import Heading
from index.parsing.content import one_line

_PARAGRAPH, _CUT = "\n\n", "-"
_WORD = re.compile(r"\w+(?:-\w+)*")
_CUT_WORD = re.compile(r"(?<!\w)(\w++)-$")
_END = re.compile(r"[.!?:;…。！？][\"'”’»)\]]*$")
_BULLET = re.compile(r"[•●○▪■‣◦⁃]\s*\S")
_ITEM = re.compile(r"[-–—*]\s+\S|(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]\s+\S|\([a-z\d]{1,3}\)\s+\S")
_DIGITS = re.compile(r"\d+")

# in sizes of the type, or shares of the page
_OTHER_SIZE = 1.15
_WIDE = 1.3
_INDENT = 0.8
_NEAR = 4
_MARGIN = 0.12
_NEIGHBOURS = 5
_REPEATS = 3
_MAX_HEADING = 150


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page, in points. ``base`` is its distance from the foot of the page, ``size`` that of its type."""

    text: str
    left: float
    right: float
    base: float
    size: float


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a page in reading order, and its height."""

    lines: Sequence[Line]
    height: float


@dataclass(frozen=True, slots=True)
class Laid:
    """Paragraphs with blank lines between, where each page begins, and the lines that are set larger than the rest."""

    text: str
    pages: tuple[int, ...]
    headings: tuple[Heading, ...]


def lay_out(pages: Sequence[Page]) -> Laid:
    """The text of all pages. A paragraph, and even a word, may begin on one page and end on the next."""
    pages = _without_running_lines(pages)
    joints = _Joints(pages)
    parts: list[str] = []
    page_starts: list[int | None] = []
    paragraphs: list[tuple[int, Line]] = []
    at = 0
    before: Line | None = None
    for page in pages:
        page_starts.append(None)
        for place, line in enumerate(page.lines):
            joint = "" if before is None else joints.between(before, line, jumped=place == 0)
            if joint == _CUT:
                parts[-1], at, joint = parts[-1][:-1], at - 1, ""
            parts += (joint, line.text)
            at += len(joint)
            if place == 0:
                page_starts[-1] = at
            if before is None or joint == _PARAGRAPH:
                paragraphs.append((at, line))
            at += len(line.text)
            before = line
    text = "".join(parts)
    return Laid(text, _filled(page_starts, len(text)), tuple(_large(text, paragraphs, joints.size)))


def _without_running_lines(pages: Sequence[Page]) -> list[Page]:
    """Without what stands at one place of many pages' margins; what it says in the same words each time stays once."""
    found: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for number, page in enumerate(pages):
        for place, line in enumerate(page.lines):
            if not _MARGIN * page.height < line.base < (1 - _MARGIN) * page.height:
                found[_DIGITS.sub("#", line.text), round(line.base / 2)].append((number, place))
    dropped: set[tuple[int, int]] = set()
    for places in found.values():
        if len({number for number, _ in places}) >= max(_REPEATS, len(pages) / 3):
            changing = len({pages[number].lines[place].text for number, place in places}) > 1
            dropped.update(places if changing else places[1:])
    return [
        Page([line for place, line in enumerate(page.lines) if (number, place) not in dropped], page.height)
        for number, page in enumerate(pages)
    ]


class _Joints:
    """What belongs between a line and the next: nothing, a space, or the end of a paragraph."""

    def __init__(self, pages: Sequence[Page]) -> None:
        lines = [line for page in pages for line in page.lines]
        self._words = {word.casefold() for line in lines for word in _WORD.findall(line.text)}
        self._reach = {id(line): reach for page in pages for line, reach in _reaches(page.lines)}
        self.size = statistics.median([line.size for line in lines for _ in line.text[::10]] or [1.0])
        pitches = [(a.base - b.base) / a.size for page in pages for a, b in pairwise(page.lines) if _below(b, a)]
        # at least a quarter of the distances are within paragraphs, even where those are short
        self._pitch = statistics.quantiles(pitches, n=4)[0] if len(pitches) > 1 else _WIDE

    def between(self, a: Line, b: Line, *, jumped: bool) -> str:
        """`_CUT` takes the hyphen at the end of ``a`` away. ``jumped``: to another page."""
        if not 1 / _OTHER_SIZE < b.size / a.size < _OTHER_SIZE:
            return _PARAGRAPH
        goes_on = b.text[0].islower()
        cut = _CUT_WORD.search(a.text)
        if cut:
            return self._hyphen(cut.group(1), b.text) if goes_on else ""
        ended = bool(_END.search(a.text))
        short = self._short(a, b)
        if _BULLET.match(b.text) or (_ITEM.match(b.text) and (ended or short)):
            return _PARAGRAPH
        if goes_on and not ended:
            return " "
        if jumped or b.base - a.base > a.size / 2:  # or to the next column
            apart = ended or short
        elif not _below(b, a):
            apart = False
        else:
            wide = (a.base - b.base) / a.size > _WIDE * self._pitch
            apart = wide or short or (ended and b.left - a.left > _INDENT * a.size)
        return _PARAGRAPH if apart else " "

    def _hyphen(self, first: str, following: str) -> str:
        """Whether it belongs to the word: it does where the document has it in that word within a line."""
        rest = _WORD.match(following)
        second = rest.group() if rest else ""
        whole, hyphenated = (first + second).casefold(), f"{first}-{second}".casefold()
        return "" if hyphenated in self._words and whole not in self._words else _CUT

    def _short(self, a: Line, b: Line) -> bool:
        """Whether the first word of ``b`` would have found room behind ``a``: then the line was ended on purpose."""
        word = b.text.split(maxsplit=1)[0]
        width = (b.right - b.left) * len(word) / len(b.text)
        return a.right + width + a.size / 2 < self._reach[id(a)]


def _below(b: Line, a: Line) -> bool:
    return a.base - b.base > a.size / 2


def _reaches(lines: Sequence[Line]) -> Iterator[tuple[Line, float]]:
    """How far to the right each line might go: as far as the furthest of its neighbours with about its left edge."""
    for at, line in enumerate(lines):
        around = lines[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS + 1]
        yield line, max(other.right for other in around if abs(other.left - line.left) <= _NEAR * line.size)


def _filled(starts: Sequence[int | None], end: int) -> tuple[int, ...]:
    """A page without lines begins where the next one does."""
    filled: list[int] = []
    for start in reversed(starts):
        end = end if start is None else start
        filled.append(end)
    return tuple(reversed(filled))


def _large(text: str, paragraphs: Sequence[tuple[int, Line]], size: float) -> Iterator[Heading]:
    """The paragraphs in larger type that are short enough for headings; the largest type is level 1."""
    ends = [start for start, _ in paragraphs[1:]] + [len(text)]
    large = [
        (start, round(line.size), one_line(text[start:end]))
        for (start, line), end in zip(paragraphs, ends, strict=False)
        if line.size >= _OTHER_SIZE * size and end - start <= _MAX_HEADING
    ]
    sizes = sorted({size for _, size, _ in large}, reverse=True)
    levels = {size: level for level, size in enumerate(sizes, start=1)}
    for start, size, words in large:
        if any(character.isalpha() for character in words):
            yield Heading(start, levels[size], words)

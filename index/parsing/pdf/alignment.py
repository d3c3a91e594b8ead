"""Which character on a page is which of the stored text, as far as that is certain.

Both texts come from the same layout, so nearly all of them is equal: what differs are lines that the stored text leaves
out, paragraphs that it has moved, and marks that it writes otherwise. Runs of characters that each text has only once
are the same. What stands between two such runs is the same where it is found there in one way only. Nothing else is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.parsing.pdf.page.words import READ_AS

_RUN = 8
"""Letters that make a run. Where only one place has them, they are of that place."""
# what the two texts write, or leave out, in ways of their own
_LEFT_OUT = frozenset("-‐‑|:.…^/⁄\xad\x02\ufffe¨ˆ˜ˇ˘˚´•▪➢✓☑☐")

_NONE = "\0"
"""In the place of a line that is not looked at. No text has it."""


@dataclass(frozen=True, slots=True)
class _Same:
    """Letters of one text that are those of the other: where they begin in both, and how many they are."""

    stored: int
    drawn: int
    size: int


def aligned(stored: str, lines: Sequence[str]) -> list[int | None]:
    """For each character of ``stored`` which one it is of those of the lines of a page; None where it is not certain.

    For white space it is None. A line that the page has more often than the text may be one that the text leaves out:
    of none of these lines anything is certain.
    """
    letters, offsets = _letters(stored)
    every = "".join([_letters(line)[0] for line in lines])
    others: list[str] = []
    places: list[int] = []
    begin = 0
    for line in lines:
        own, inside = _letters(line)
        if own and every.count(own) > letters.count(own):
            own, inside = _NONE, [0]
        others.append(own)
        places += [begin + place for place in inside]
        begin += len(line)
    found: list[int | None] = [None] * len(stored)
    for letter, other in _certain(_claims(letters, "".join(others))):
        found[offsets[letter]] = places[other]
    drawn = "".join(lines)
    _add_neighbours(found, stored, drawn, range(len(stored)), 1)
    _add_neighbours(found, stored, drawn, range(len(stored) - 1, -1, -1), -1)
    return found


def is_letter(character: str) -> bool:
    """Whether a character counts in finding places."""
    return bool(_letters(character)[0])


def _letters(text: str) -> tuple[str, list[int]]:
    """What both texts write alike, without accents, and where each stands in ``text``."""
    letters: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(text):
        if character.isspace() or character in _LEFT_OUT:
            continue
        plain = character
        if not character.isascii():
            parts = unicodedata.normalize("NFKD", character.translate(READ_AS))
            plain = "".join(
                part for part in parts if unicodedata.category(part)[0] not in "MZ" and part not in _LEFT_OUT
            )
        letters += plain
        offsets += [offset] * len(plain)
    return "".join(letters), offsets


def _claims(stored: str, drawn: str) -> Iterator[_Same]:
    runs = _runs(stored, drawn)
    yield from runs
    after = dict(pairwise(sorted(runs, key=lambda run: run.drawn)))
    before = {other: run for run, other in after.items()}
    edges: list[_Same | None] = [None, *runs, None]
    for left, right in pairwise(edges):
        first = left.stored + left.size if left else 0
        gap = stored[first : right.stored if right else len(stored)]
        # what may be in the gap stands behind the run on its left, or before that on its right
        behind = _between(drawn, left, after.get(left)) if left else (0, "")
        ahead = _between(drawn, before.get(right), right) if right else (0, "")
        yield from _in_gap(gap, first, behind, ahead)


def _between(drawn: str, left: _Same | None, right: _Same | None) -> tuple[int, str]:
    start = left.drawn + left.size if left else 0
    return start, drawn[start : right.drawn if right else len(drawn)]


def _in_gap(gap: str, first: int, behind: tuple[int, str], ahead: tuple[int, str]) -> Iterator[_Same]:
    """Letters of a gap, if all of it is found at its ends, each part in one way."""
    (start, following), (place, leading) = behind, ahead
    size = len(gap)
    head = _common(gap, following)
    tail = _common(gap[::-1], leading[::-1])
    if head + tail < size or not size:
        return
    whole = following if head == size else leading
    if size in (head, tail) and whole.find(gap) != whole.rfind(gap):
        return
    # a letter that both ends have is claimed twice, and not certain unless both claims are one
    yield _Same(first, start, head)
    yield _Same(first + size - tail, place + len(leading) - tail, tail)


def _runs(stored: str, drawn: str) -> list[_Same]:
    """What both texts have only once, in the order of the stored one."""
    size = min(_RUN, len(stored))
    theirs = _once(drawn, size)
    runs: list[_Same] = []
    for run, offset in _once(stored, size).items() if size else ():
        place = theirs.get(run, -1)
        if place < 0 or offset < 0:
            continue
        last = runs[-1] if runs else None
        if last and offset - last.stored == place - last.drawn <= last.size:
            runs[-1] = _Same(last.stored, last.drawn, offset - last.stored + size)
        else:
            runs.append(_Same(offset, place, size))
    return runs


def _once(text: str, size: int) -> dict[str, int]:
    """Where each run of so many letters stands; -1 for one that stands at several places."""
    places: dict[str, int] = {}
    for offset in range(len(text) - size + 1):
        run = text[offset : offset + size]
        places[run] = -1 if run in places else offset
    return places


def _certain(claims: Iterator[_Same]) -> Iterator[tuple[int, int]]:
    """Pairs of letters that nothing speaks against."""
    found: dict[int, int] = {}
    for claim in claims:
        for letter, other in zip(
            range(claim.stored, claim.stored + claim.size), range(claim.drawn, claim.drawn + claim.size), strict=True
        ):
            found[letter] = other if found.get(letter, other) == other else -1
    taken: dict[int, int] = {}
    for other in found.values():
        taken[other] = taken.get(other, 0) + 1
    return ((letter, other) for letter, other in found.items() if other >= 0 and taken[other] == 1)


def _common(first: str, second: str) -> int:
    """How many letters two texts begin with that are the same."""
    size = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        size += 1
    return size


def _add_neighbours(found: list[int | None], stored: str, drawn: str, order: Sequence[int], step: int) -> None:
    """Stops and the like, that stand right beside what is found, in both texts."""
    for offset in order:
        before = found[offset - step] if 0 <= offset - step < len(stored) else None
        if found[offset] is not None or before is None or stored[offset].isspace():
            continue
        place = before + step
        if stored[offset] in _LEFT_OUT and 0 <= place < len(drawn) and drawn[place] == stored[offset]:
            found[offset] = place

"""The way to a place in a document: its title, and the headings above it."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from index.documents import Outline
from index.passages.units import CountTokens

PATH_APART = " › "

_MAX_BYTES = 100
"""Of a path in UTF-8, some 24 tokens."""
_MAX_DEPTH = 8
_REMEMBERED = 1_000


class Paths:
    """Paths by the place of a passage, one for each heading."""

    def __init__(self, title: str, outline: Outline, count_tokens: CountTokens, max_tokens: int) -> None:
        """A path of more than ``max_tokens`` is none."""
        self._title = title
        self._headings = outline.headings
        self._starts = [heading.start for heading in outline.headings]
        self._above = _above([heading.level for heading in outline.headings])
        self._count = count_tokens
        self._max_tokens = max_tokens
        self._known = lru_cache(_REMEMBERED)(self._made)

    def path(self, start: int) -> str:
        """Of a passage that begins at ``start``; a heading that it begins with is none above it."""
        return self._known(*self._under(start))[0]

    def tokens(self, start: int) -> int:
        """How many the path has of a passage that begins at ``start``."""
        return self._known(*self._under(start))[1]

    def most_tokens(self, start: int, end: int) -> int:
        """How many it has at most, wherever between ``start`` and ``end`` the passage begins."""
        if self._under(start)[0] != self._under(end - 1)[0]:
            return self._max_tokens
        return max(self.tokens(start), self.tokens(end - 1))

    def level(self, start: int) -> int:
        """Of the heading that a place stands under, from 1 for the highest; 0 for none."""
        number, _ = self._under(start)
        return self._headings[number].level if number >= 0 else 0

    def _under(self, start: int) -> tuple[int, bool]:
        """The number of the last heading at or before ``start``, -1 for none, and whether that is where it begins."""
        number = bisect_right(self._starts, start) - 1
        return number, number >= 0 and self._starts[number] == start

    def _made(self, number: int, begins_with_it: bool) -> tuple[str, int]:
        named = [self._title]
        if begins_with_it:
            own = self._headings[number].text
            named = [] if _same(self._title, own) else named
            number = self._above[number]
        headings: list[str] = []
        while number >= 0 and len(headings) < _MAX_DEPTH:
            headings.insert(0, self._headings[number].text)
            number = self._above[number]
        parts: list[str] = []
        for part in (" ".join(text.split()) for text in (*named, *headings)):
            if part and not (parts and _same(parts[-1], part)):
                parts.append(part)
        path = PATH_APART.join(_shortened(parts))
        tokens = self._count([path])[0] if path else 0
        return (path, tokens) if tokens <= self._max_tokens else ("", 0)


def _above(levels: list[int]) -> list[int]:
    """For each heading the number of the next one above it, -1 for none."""
    above: list[int] = []
    for number, level in enumerate(levels):
        parent = number - 1
        while parent >= 0 and levels[parent] >= level:
            parent = above[parent]
        above.append(parent)
    return above


def _same(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()


def _shortened(parts: list[str]) -> list[str]:
    """Without those in the middle, and then without the ends of the others, that are too much."""
    while len(parts) > 2 and _size(parts) > _MAX_BYTES:
        parts = parts[: len(parts) // 2] + parts[len(parts) // 2 + 1 :]
    if _size(parts) <= _MAX_BYTES:
        return parts
    return [_cut(part, _MAX_BYTES // len(parts)) for part in parts]


def _size(parts: list[str]) -> int:
    return len(PATH_APART.join(parts).encode())


def _cut(part: str, most: int) -> str:
    written = part.encode()
    if len(written) <= most:
        return part
    kept = written[:most].decode(errors="ignore")
    return kept.rsplit(" ", 1)[0] if " " in kept else kept

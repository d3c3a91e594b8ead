"""White space that runs down a page between texts: what columns and tables are told by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

from index.parsing.pdf.page.segments import Row

_NARROWEST = 0.65  # in sizes of the type
_MOST = 24  # that are followed at once; those that began first are kept

Space = tuple[float, float]
"""From where to where something is free."""


class Gutter(NamedTuple):
    """White space from ``left`` to ``right`` that runs through rows, and how many of these have text beside it."""

    left: float
    right: float
    first: int
    last: int
    on_left: int = 0
    on_right: int = 0
    on_both: int = 0

    @property
    def middle(self) -> float:
        """Where it parts the page."""
        return (self.left + self.right) / 2

    @property
    def weight(self) -> int:
        """How many rows the side has that has fewer."""
        return min(self.on_left, self.on_right)


def gutters_of(rows: Sequence[Row]) -> Iterator[Gutter]:
    """Every gutter of a page with text on both sides, as far down as it goes. Rows are given from the top."""
    going: list[Gutter] = []
    if _is_one_column(rows):
        return
    for number, row in enumerate(rows):
        narrowest = _NARROWEST * max([segment.size for segment in row])
        free = _free(row, narrowest)
        start, end = row[0].right, row[-1].left
        following: dict[Space, Gutter] = {}
        for gutter in going:
            _, _, first, _, on_left, on_right, on_both = gutter
            spaces = _within(gutter, free, narrowest)
            if not spaces and on_left and on_right:
                yield gutter
            for space in spaces:
                if space not in following and len(following) < _MOST:
                    is_left, is_right = start <= space[0], end >= space[1]
                    counts = on_left + is_left, on_right + is_right, on_both + (is_left and is_right)
                    following[space] = Gutter(*space, first, number, *counts)
        for space in free:
            if space not in following and len(following) < _MOST:
                is_left, is_right = start <= space[0], end >= space[1]
                following[space] = Gutter(*space, number, number, is_left, is_right, is_left and is_right)
        going = list(following.values())
    yield from (gutter for gutter in going if gutter.weight)


def _is_one_column(rows: Sequence[Row]) -> bool:
    """Whether each row is of one segment, and something of it stands over something of each other one."""
    if any(len(row) > 1 for row in rows):
        return False
    return not rows or max([row[0].left for row in rows]) < min([row[0].right for row in rows])


def _within(gutter: Gutter, free: Sequence[Space], narrowest: float) -> list[Space]:
    """What of a gutter is free in a row as well."""
    left, right = gutter.left, gutter.right
    spaces = []
    for start, end in free:
        if right - start < narrowest:
            break
        space = left if left > start else start, right if right < end else end
        if space[1] - space[0] >= narrowest:
            spaces.append(space)
    return spaces


def _free(row: Row, narrowest: float) -> list[Space]:
    spaces, end = [], -inf
    for segment in row:
        if segment.left - end >= narrowest:
            spaces.append((end, segment.left))
        end = max(end, segment.right)
    return [*spaces, (end, inf)]

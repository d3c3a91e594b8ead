"""White space that runs down a page between texts: what columns and tables are told by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from index.parsing.pdf.segments import Row

_NARROWEST = 0.65  # in sizes of the type
_MOST = 40  # that are followed at once; those that began first are kept


@dataclass(frozen=True, slots=True)
class Gutter:
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
    for number, row in enumerate(rows):
        narrowest = _NARROWEST * max(segment.size for segment in row)
        free = list(_free(row))
        following: dict[tuple[float, float], Gutter] = {}
        for gutter in going:
            continued = list(_continued(gutter, free, narrowest, row, number))
            for part in continued[: _MOST - len(following)]:
                following.setdefault((part.left, part.right), part)
            if not continued and gutter.weight:
                yield gutter
        for left, right in free:
            begun = Gutter(left, right, number, number)
            if right - left >= narrowest and len(following) < _MOST:
                following.setdefault((left, right), _counted(begun, row))
        going = list(following.values())
    yield from (gutter for gutter in going if gutter.weight)


def _free(row: Row) -> Iterator[tuple[float, float]]:
    end = -inf
    for segment in row:
        if segment.left > end:
            yield end, segment.left
        end = max(end, segment.right)
    yield end, inf


def _continued(
    gutter: Gutter, free: Sequence[tuple[float, float]], narrowest: float, row: Row, number: int
) -> Iterator[Gutter]:
    for left, right in free:
        left, right = max(left, gutter.left), min(right, gutter.right)
        if right - left >= narrowest:
            yield _counted(replace(gutter, left=left, right=right, last=number), row)


def _counted(gutter: Gutter, row: Row) -> Gutter:
    left, right = row[0].right <= gutter.left, row[-1].left >= gutter.right
    return replace(
        gutter,
        on_left=gutter.on_left + left,
        on_right=gutter.on_right + right,
        on_both=gutter.on_both + (left and right),
    )

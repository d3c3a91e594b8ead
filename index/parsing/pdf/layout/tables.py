"""The rows of a table on a page → a block of cells, in columns by where they stand."""

from __future__ import annotations

import statistics
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from math import inf

from index.parsing.blocks import Cell
from index.parsing.blocks import Row as CellRow
from index.parsing.pdf.layout.headers import (
    TableLine,
    form_cells,
    has_digit,
    header_rows,
    is_number,
    spread_groups,
)
from index.parsing.pdf.page.segments import Row, Segment

_WRAPPED, _LOOSE = 1.12, 1.16  # distances of the closest rows
_LINE = (0.8, 1.4)  # how far lines of one cell are apart, in sizes of the type
_LINES_OF_CELL = 4  # on the average, where lines are drawn between rows
_MOSTLY, _FEWEST_ROWS, _FEW_ROWS = 0.6, 2, 4
_ALIGNED = 0.35  # sizes of the type
_LONG_CELL = 20  # characters of each line


@dataclass(slots=True, eq=False)
class _Column:
    left: float
    right: float
    rows: set[int] = field(default_factory=set)

    def overlaps(self, other: Segment | _Column) -> bool:
        """Whether something stands in it, if only in part."""
        return other.left < self.right and other.right > self.left

    def holds(self, other: _Column) -> bool:
        """Whether another column stands in it."""
        return self.left <= other.left and other.right <= self.right


def cells_of(
    rows: Sequence[Row], rules_across: Callable[[float, float, float], Sequence[float]], *, from_right: bool
) -> tuple[CellRow, ...]:
    """The rows of a table as cells; lines of one cell are put together.

    ``rules_across`` gives the heights of the level lines that are drawn across ``x`` between two heights.
    """
    captions = _captions(rows)
    columns = _columns(rows[captions:])
    if from_right:
        columns.reverse()
    lines = [_line(row, columns, from_right=from_right) for row in rows[captions:]]
    pitches = [b.base - a.base for a, b in pairwise(lines)]
    if any(len(line.cells) < len(columns) for line in lines) or max(pitches, default=0) > _LOOSE * min(
        pitches, default=0
    ):
        middle = statistics.median((column.left + column.right) / 2 for column in columns)
        between = _between_rules(lines, rules_across(middle, lines[0].base, lines[-1].base))
        lines = between or _put_together(_on_one_height(lines))
    headers = header_rows(lines, len(columns))
    for upper, lower in pairwise(lines[:headers]):
        spread_groups(upper, lower)
    above = ((Cell(row[0].text, is_header=headers > 0, columns=len(columns)),) for row in rows[:captions])
    return (*above, *(_cells(line, len(columns), number, headers) for number, line in enumerate(lines)))


def go_on(rows: Sequence[Row], before: Sequence[Row]) -> bool:
    """Whether the rows of two tables stand in the same columns, as those of one that goes on on the next page."""
    own, others = (_columns(each[_captions(each) :]) for each in (rows, before))
    over = [(a, b) for a, one in enumerate(own) for b, other in enumerate(others) if one.overlaps(other)]
    return len(own) == len(others) and over == [(number, number) for number in range(len(own))]


def _captions(rows: Sequence[Row]) -> int:
    """How many of the first rows are a single text that stands over several columns, and is the beginning of none."""
    count = next((number for number, row in enumerate(rows) if len(row) > 1), 0)
    columns = _columns(rows[count:]) if count else []
    for number, (row, below) in enumerate(pairwise(rows[: count + 1])):
        if _is_of_column(row[0], columns, is_close=below[0].base - row[0].base < _LINE[1] * row[0].size):
            return number
    return count


def _is_of_column(segment: Segment, columns: Sequence[_Column], *, is_close: bool) -> bool:
    """Whether a text stands in one column, or where one but the first begins or ends, or over its middle."""
    under = [column for column in columns if column.overlaps(segment)]
    first = under[0] if len(under) == 1 else None
    if first and is_close:
        return True
    if first and first.left <= segment.left and segment.right <= first.right:
        return True
    return any(
        min(abs(a - b) for a, b in zip(_edges(segment), _edges(column), strict=True)) < _ALIGNED * segment.size
        for column in columns
        if column in under and (column is first or column is not columns[0])
    )


def _edges(place: Segment | _Column) -> tuple[float, float, float]:
    return place.left, place.right, (place.left + place.right) / 2


def _columns(rows: Sequence[Row]) -> list[_Column]:
    """Columns are made of the narrowest segments first: a wide one may span several that a row has apart."""
    columns: list[_Column] = []
    segments = sorted(
        ((segment, number) for number, row in enumerate(rows) for segment in row),
        key=lambda pair: pair[0].right - pair[0].left,
    )
    for segment, number in segments:
        own = [column for column in columns if column.overlaps(segment)]
        if len(own) > 1 and any(a.rows & b.rows for a, b in pairwise(own)):
            continue  # it spans them
        if not own:
            own = [_Column(segment.left, segment.right)]
            columns += own
        first, *others = own
        first.left = min(segment.left, *(column.left for column in own))
        first.right = max(segment.right, *(column.right for column in own))
        first.rows.update({number}, *(column.rows for column in others))
        columns = [column for column in columns if column not in others] if others else columns
    columns.sort(key=lambda column: column.left)
    return _without_lone(columns) if len(rows) >= _FEW_ROWS else columns


def _without_lone(columns: list[_Column]) -> list[_Column]:
    """Without columns of a single cell, as of a header that stands over several: it goes to the next one with room."""
    kept = [column for column in columns if len(column.rows) > 1]
    for lone in columns:
        free = [column for column in kept if not column.rows & lone.rows]
        if lone in kept or not free:
            continue
        nearest = min(free, key=lambda column: max(column.left - lone.right, lone.left - column.right))
        nearest.left, nearest.right = min(nearest.left, lone.left), max(nearest.right, lone.right)
        nearest.rows |= lone.rows
    return [column for column in columns if column in kept or not any(other.holds(column) for other in kept)]


def _line(row: Row, columns: Sequence[_Column], *, from_right: bool) -> TableLine:
    line = TableLine(row[0].base, row[0].size)
    for segment in reversed(row) if from_right else row:
        own = [number for number, column in enumerate(columns) if column.overlaps(segment)]
        before = line.cells.get(own[0])
        line.cells[own[0]] = segment.text if before is None else f"{before} {segment.text}"
        line.spans[own[0]] = len(own)
        if not segment.bold:
            line.plain.add(own[0])
    return line


def _between_rules(lines: Sequence[TableLine], rules: Sequence[float]) -> list[TableLine] | None:
    """A row for all that stands between two drawn lines; None where these do not part single rows."""
    groups = [list(group) for _, group in groupby(lines, key=lambda line: bisect(rules, line.base))]
    if len(groups) < max(_FEWEST_ROWS, len(lines) / _LINES_OF_CELL):
        return None
    pitches = [b.base - a.base for a, b in pairwise(lines)]
    closest = min((pitch for pitch in pitches if pitch > _LINE[0] * lines[0].size), default=inf)
    groups = [*_close_lines(groups[0], closest), *groups[1:-1], *_close_lines(groups[-1], closest)]
    if any(map(_are_rows, groups)):
        return None
    rows: list[TableLine] = []
    for first, *others in groups:
        row = above = first
        for line in others:
            is_row = above.cells and line.cells and min(above.cells) == min(line.cells)
            if _has_number_under_number(row, line) or (is_row and _has_number_under_number(above, line)):
                return None
            above = line
            row = _joined(row, line)
        rows.append(row)
    return rows


def _close_lines(lines: Sequence[TableLine], closest: float) -> Iterator[list[TableLine]]:
    """Lines that stand as close as those of one cell: beyond the first and the last rule, rows end where no rule is."""
    group = [lines[0]]
    for above, line in pairwise(lines):
        if line.base - above.base > _LINE[1] * closest:
            yield group
            group = []
        group.append(line)
    yield group


def _are_rows(lines: Sequence[TableLine]) -> bool:
    """Whether lines between two drawn ones are rows of short cells, and not the lines of long ones."""
    texts = [text for line in lines for text in line.cells.values()]
    same = all(line.cells.keys() == lines[0].cells.keys() for line in lines)
    return len(lines) > 1 and len(lines[0].cells) > 1 and same and statistics.mean(map(len, texts)) < _LONG_CELL


def _on_one_height(lines: Sequence[TableLine]) -> list[TableLine]:
    """With cells of other columns that stand a little lower, as beside the lines of a cell, in one row."""
    rows = [lines[0]]
    for above, line in pairwise(lines):
        is_beside = line.base - above.base < _LINE[0] * above.size and not above.cells.keys() & line.cells.keys()
        if is_beside and not _has_number_under_number(rows[-1], line):
            rows[-1] = _joined(rows[-1], line)
        else:
            rows.append(line)
    return rows


def _put_together(lines: Sequence[TableLine]) -> list[TableLine]:
    """With the lines of one cell in one: those that stand closer than rows do, under a row that has such a cell."""
    pitches = [(b.base - a.base) / a.size for a, b in pairwise(lines)]
    if not pitches:
        return list(lines)
    closest, loose = min(pitches), statistics.quantiles(pitches, n=4)[2] if len(pitches) > 1 else pitches[0]
    is_spaced = closest * _LOOSE <= loose
    is_spaced_twice = is_spaced or sum(pitch >= closest * _LOOSE for pitch in pitches) >= _FEWEST_ROWS
    longest = {
        column: max(len(line.cells.get(column, "")) for line in lines) for line in lines for column in line.cells
    }
    put: list[TableLine] = [lines[0]]
    for pitch, last, line in zip(pitches, lines, lines[1:], strict=False):
        above = put[-1]
        is_header = len(put) == 1 and 0 not in above.cells and above.cells.keys() <= line.cells.keys()
        is_header = is_header and not all(is_number(line.cells[column]) for column in above.cells)
        is_close = _LINE[0] <= pitch <= _LINE[1]
        goes_on = (is_spaced and _goes_on(above, line)) or (is_spaced_twice and _is_wrapped(last, line, longest))
        goes_on = goes_on and pitch <= closest * _WRAPPED and not _has_number_under_number(above, line)
        if is_close and (goes_on or (is_header and not any(map(has_digit, above.cells.values())))):
            put[-1] = _joined(above, line)
        else:
            put.append(line)
    return put


def _goes_on(above: TableLine, line: TableLine) -> bool:
    """Whether a line ends cells of the row above, and not all of these."""
    columns = line.cells.keys()
    return columns < above.cells.keys() and not (0 in columns and len(columns) > 1)


def _is_wrapped(above: TableLine, line: TableLine, longest: dict[int, int]) -> bool:
    """Whether all cells of the line above that go on in this one, as sentences do, are about as long as others."""
    columns = line.cells.keys()
    if not any(text[0].islower() for text in line.cells.values()):
        return False
    is_full = all(len(above.cells.get(column, "")) >= _MOSTLY * longest[column] for column in columns)
    return is_full and max(longest[column] for column in columns) >= _LONG_CELL


def _has_number_under_number(above: TableLine, line: TableLine) -> bool:
    return any(has_digit(text) and is_number(above.cells.get(column, "")) for column, text in line.cells.items())


def _joined(above: TableLine, line: TableLine) -> TableLine:
    """Two lines as one; it stands where the lower one does."""
    cells = dict(above.cells)
    for column, text in line.cells.items():
        cells[column] = f"{cells[column]} {text}" if column in cells else text
    return TableLine(line.base, line.size, cells, above.plain | line.plain, above.spans | line.spans)


def _cells(line: TableLine, columns: int, number: int, headers: int) -> CellRow:
    """The cells of the row with this number; the first ones are headers. Those of forms are names with their values."""
    cells = [] if headers else list(map(Cell, form_cells(line)))
    column = columns if cells else 0
    while column < columns:
        text, span = line.cells.get(column, ""), line.spans.get(column, 1)
        # columns may overlap, so that what spans one of them has a cell of its own beside it
        span = next((further for further in range(1, span) if column + further in line.cells), span)
        cells.append(Cell(text, is_header=number < headers and bool(text), columns=span))
        column += span
    return tuple(cells)

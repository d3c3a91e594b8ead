"""The rows of a table as they are seen: without columns that only keep others apart, and marks with their numbers."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.parsing.blocks import Cell, Row
from index.parsing.html.tree import Node
from index.parsing.tables import only_frames

_MAX_SPAN = 100
"""Columns or rows more that a cell takes up are nothing that anybody sees."""
_MAX_ROWS = 1_000
_LONG = 300
"""Characters of a cell beyond which it isn't written once more in each row that it spans."""
_BEFORE_NUMBER = re.compile(r"[$€£¥₹(]|[A-Z]{1,3}\$|\(\s*[$€£]|[$€£]\s*\(")
_BEHIND_NUMBER = re.compile(r"[)%]|\)\s*%|%\s*\)")
_BULLET = re.compile(r"[•●○◦■□▪▫◆❖➢✓·*–-]|\(?(?:\d{1,3}|[ivxIVX]{1,5}|[A-Za-z])[.)]|\([a-zA-Z\d]{1,3}\)")
_LONGEST_CELL = 1_500
"""Characters of a cell without header cells around it, beyond which its table only lays out the page."""
_EMPTY = Cell("")


def rows_of(table: Node) -> list[list[Node]]:
    """The cells of a table by row, as they are seen: its foot last, without those of tables in it."""
    rows: list[list[Node]] = []
    for part in sorted(table.elements(), key=lambda part: part.tag == "tfoot"):
        if part.tag == "tr":
            rows.append([cell for cell in part.elements() if cell.tag in ("td", "th")])
        elif part.tag != "caption":
            rows += rows_of(part)
    return rows


def mark_headers(table: Node, rows: Sequence[Sequence[Node]]) -> None:
    """Makes header cells of those that only their place or their bold type says are some."""
    head = [cell for part in table.elements() if part.tag == "thead" for row in rows_of(part) for cell in row]
    if not head and len(rows) > 1 and not any(cell.tag == "th" for row in rows for cell in row):
        first, second, *_ = rows
        filled = [cell for cell in first if cell.length]
        if (
            len(filled) > 1
            and all(map(_is_bold, filled))
            and not any(cell.length and _is_bold(cell) for cell in second)
        ):
            head = filled
    for cell in head:
        cell.tag = "th"


def _is_bold(node: Node) -> bool:
    """Whether all that it says is."""
    return all(
        child.isspace() if isinstance(child, str) else child.tag in ("b", "strong") or _is_bold(child)
        for child in node.children
    )


def only_lays_out(table: Node, rows: list[list[Node]]) -> bool:
    """Whether a table only puts parts of the page beside one another."""
    if table.get("role") in ("presentation", "none"):
        return True
    cells = [cell for row in rows for cell in row]
    if any(cell.tag == "th" for cell in cells) or any(child.tag in ("caption", "thead") for child in table.elements()):
        return False
    if not any(sum(cell.length > 0 for cell in row) > 1 for row in rows):
        return not any(cell.length == 0 and cell.children for cell in cells) or len(rows) == 1
    if any(cell.length > _LONGEST_CELL for cell in cells):
        return True
    return any(re.fullmatch("h[1-6]", node.tag) for node in table.descendants()) or only_frames([*map(tables_in, rows)])


def tables_in(cells: Sequence[Node]) -> list[bool]:
    """Of each cell that is not empty, whether a table is in it."""
    return [any(node.tag == "table" for node in cell.descendants()) for cell in cells if cell.length]


def span(text: str) -> int:
    """How many rows or columns an attribute says that a cell takes up."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def bullets(rows: Sequence[Sequence[Cell]]) -> list[tuple[str, str]] | None:
    """Marker and text of each item, of a table that only sets them apart."""
    items = []
    for row in rows:
        texts = [cell.text for cell in row if cell.text]
        if not texts:
            continue
        if len(texts) != 2 or not _BULLET.fullmatch(texts[0]):
            return None
        items.append((texts[0], texts[1]))
    return items or None


def tidy(rows: Sequence[Sequence[Cell]]) -> tuple[Row, ...]:
    """The rows of a data table, with spans counted in the columns that are left."""
    grid = _Grid(tuple(_placed(rows)))
    occupied: dict[int, int] = {}  # by column: for how many rows more
    tidied: list[Row] = []
    for placed in grid.rows:
        if not occupied and not any(place.cell.text for place in placed):
            continue
        row, begun = grid.row(placed, occupied)
        tidied.append(row)
        occupied = {column: left - 1 for column, left in occupied.items() if left > 1} | begun
    return tuple(tidied)


@dataclass(frozen=True, slots=True)
class _Place:
    """A cell, the first column that it takes up, and the first one after it."""

    cell: Cell
    first: int
    last: int


def _placed(rows: Sequence[Sequence[Cell]]) -> Iterator[tuple[_Place, ...]]:
    """Where the cells stand beside those that reach down from rows above."""
    from_above: dict[int, int] = {}
    for row in rows:
        places = []
        column = 0
        begun: dict[int, int] = {}
        for cell in row:
            while column in from_above:
                column += 1
            after = column + min(max(cell.columns, 1), _MAX_SPAN)
            places.append(_Place(cell, column, after))
            if cell.rows > 1:
                begun |= dict.fromkeys(range(column, after), min(cell.rows, _MAX_ROWS) - 1)
            column = after
        yield tuple(places)
        from_above = {at_column: left - 1 for at_column, left in from_above.items() if left > 1} | begun


class _Grid:
    """A table's cells by row, and which columns of its markup are one column to the eye."""

    def __init__(self, rows: tuple[tuple[_Place, ...], ...]) -> None:
        self.rows = rows
        self._starts = sorted({place.first for row in rows for place in row})
        self._seen = self._columns_seen()

    def row(self, places: Sequence[_Place], occupied: dict[int, int]) -> tuple[Row, dict[int, int]]:
        """The row as it is seen, and for how many rows more its cells take up which columns."""
        cells: dict[int, Cell] = {}
        for place in places:
            columns = self._columns(place)
            if not columns or (not place.cell.text and place.cell.rows == 1):
                continue
            before = cells.get(columns[0])
            text = f"{before.text}{place.cell.text}" if before else place.cell.text
            cells[columns[0]] = Cell(
                text,
                place.cell.is_header,
                columns[-1] - columns[0] + 1,
                1 if len(text) > _LONG else min(place.cell.rows, _MAX_ROWS),
            )
        row: list[Cell] = []
        begun: dict[int, int] = {}
        column = 0
        for first in sorted(cells):
            row += [_EMPTY for empty in range(column, first) if empty not in occupied]
            cell = cells[first]
            row.append(cell)
            column = first + cell.columns
            if cell.rows > 1:
                begun |= dict.fromkeys(range(first, column), cell.rows - 1)
        return tuple(row), begun

    def _columns(self, place: _Place) -> list[int]:
        begin, end = bisect_left(self._starts, place.first), bisect_left(self._starts, place.last)
        return [column for column in self._seen[begin:end] if column is not None]

    def _columns_seen(self) -> list[int | None]:
        """For each column of the markup the one that is seen; none for those that are empty."""
        texts: list[list[str]] = [[] for _ in self._starts]
        for place in (place for row in self.rows for place in row if place.cell.text):
            begin, end = bisect_left(self._starts, place.first), bisect_left(self._starts, place.last)
            if end == begin + 1:
                texts[begin].append(place.cell.text)
        for place in (place for row in self.rows for place in row if place.cell.text):
            begin, end = bisect_left(self._starts, place.first), bisect_left(self._starts, place.last)
            if not any(texts[begin:end]):
                texts[begin].append(place.cell.text)  # it stands over empty columns only
        seen: list[int | None] = []
        column = -1
        joins_next = False
        for own in texts:
            is_behind = column >= 0 and not joins_next and bool(own) and all(map(_BEHIND_NUMBER.fullmatch, own))
            if own and not is_behind and not joins_next:
                column += 1
            seen.append(column if own else None)
            if own:
                joins_next = all(map(_BEFORE_NUMBER.fullmatch, own))
        return seen

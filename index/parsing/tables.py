"""Cells of a sheet by row and column → tables: blank rows part them, and lines above a table are paragraphs.

And which tables that hold others are tables.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

from index.parsing.blocks import Block, Cell, Row
from index.parsing.content import counted

_MAX_MERGED = 1_000_000
_YEAR = re.compile(r"(?:1[6-9]|20|21)\d\d")


def only_frames(rows: Sequence[Sequence[bool]]) -> bool:
    """Whether a table only lays out the tables in it, told by whether there is one in each cell that is not empty.

    It does not where most rows have a cell beside others that says by itself what the row is about.
    """
    filled = [row for row in rows if row]
    speaking = sum(len(row) > 1 and not all(row) for row in filled)
    return any(map(any, filled)) and (speaking < 2 or 2 * speaking <= len(filled))


class Grid:
    """The cells of a sheet that are not empty, put in row by row."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, str]] = {}
        self._with_numbers: set[int] = set()  # the rows that have cells which are no labels
        self._merged = 0

    def put(self, row: int, column: int, text: str, *, is_label: bool) -> None:
        """Sets a cell. Rows and columns are numbers of any kind, which need not follow on each other."""
        if not text.strip():
            return
        self._rows.setdefault(row, {})[column] = text
        if not is_label:
            self._with_numbers.add(row)

    def repeat(self, row: int, column: int, rows: int) -> None:
        """A cell that goes over several rows stands in each of them that has others."""
        text = self._rows.get(row, {}).get(column)
        if text is None or self._merged > _MAX_MERGED:
            return
        self._merged += rows
        for below in range(row + 1, row + rows):
            if below in self._rows:
                self._rows[below].setdefault(column, text)

    def hide(self, sheet: str, rows: Container[int], columns: Container[int]) -> list[str]:
        """Takes hidden rows and columns away; the note of those that were not empty."""
        hidden_rows = [row for row in self._rows if row in rows]
        for row in hidden_rows:
            del self._rows[row]
        hidden_columns = {column for cells in self._rows.values() for column in cells if column in columns}
        for cells in self._rows.values() if hidden_columns else ():
            for column in hidden_columns.intersection(cells):
                del cells[column]
        if not hidden_rows and not hidden_columns:
            return []
        hidden = f"{counted(len(hidden_rows), 'row')} and {counted(len(hidden_columns), 'column')}"
        return [f"hidden in sheet {sheet!r} and left out: {hidden}"]

    def blocks(self) -> Iterator[Block]:
        """The tables, and the lines above them."""
        part: list[int] = []
        for row in sorted(row for row, cells in self._rows.items() if cells):
            if part and row > part[-1] + 1:
                yield from self._part(part)
                part = []
            part.append(row)
        yield from self._part(part)

    def _part(self, rows: list[int]) -> Iterator[Block]:
        """Rows without a blank one between them."""
        columns = sorted({column for row in rows for column in self._rows[row]})
        first = 0
        is_list = len(columns) == 1 < len(rows)
        while not is_list and first < len(rows) and list(self._rows[rows[first]]) == columns[:1]:
            yield Block(self._rows[rows[first]][columns[0]])
            first += 1
        if first == len(rows):
            return
        made = [self._row(row, columns, is_header=False) for row in rows[first:]]
        if len(made) > 1 and self._has_headers(rows[first:], columns):
            made[0] = self._row(rows[first], columns, is_header=True)
        yield Block(kind="table", rows=tuple(made))

    def _has_headers(self, rows: Sequence[int], columns: Sequence[int]) -> bool:
        """Whether the first row has labels, or labels and years over what are no years."""
        first, *below = rows
        if first not in self._with_numbers:
            return True
        cells = self._rows[first]
        years = [column for column, text in cells.items() if _YEAR.fullmatch(text)]
        are_labels = all(any(map(str.isalpha, text)) for column, text in cells.items() if column not in years)
        if not are_labels or columns[0] in years or len({cells[column] for column in years}) < len(years):
            return False
        values = ((self._rows[row].get(column) for row in below) for column in years)
        return all(any(text and not _YEAR.fullmatch(text) for text in texts) for texts in values)

    def _row(self, row: int, columns: list[int], *, is_header: bool) -> Row:
        cells = self._rows[row]
        return tuple(Cell(cells[column], is_header) if column in cells else _EMPTY for column in columns)


_EMPTY = Cell("")

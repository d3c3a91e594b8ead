"""The rows of Word's tables, made as long as the longest: pandoc passes over cells that it knows no column for."""

from __future__ import annotations

from lxml import etree

from index.parsing.office.word.xml import Element, number, tag, value

_CELL, _PARAGRAPH, _GRID = tag("w:tc"), tag("w:p"), tag("w:tblGrid")
_MAX_COLUMNS, _WIDEST = 100, 1_000


def even_out(table: Element) -> None:
    """Puts empty cells where rows begin later or end earlier than others."""
    rows = list(table.iterchildren(tag("w:tr")))
    widths = [_add_cells(row, number(value(row, "w:trPr/w:gridBefore")), at_end=False) for row in rows]
    for row, width in zip(rows, widths, strict=True):
        _add_cells(row, max(widths) - width, at_end=True)
    for old in table.findall(_GRID):
        table.remove(old)
    table.insert(0, grid := etree.Element(_GRID))
    for _ in range(min(max(widths, default=0), _WIDEST)):
        etree.SubElement(grid, tag("w:gridCol")).set(tag("w:w"), "1")


def _add_cells(row: Element, count: int, *, at_end: bool) -> int:
    """How many columns the row takes up with that many more cells."""
    cells = list(row.iterchildren(_CELL))
    count = min(count, _MAX_COLUMNS) if cells else 0
    for _ in range(count):
        etree.SubElement(cell := etree.Element(_CELL), _PARAGRAPH)
        if at_end:
            cells[-1].addnext(cell)
        else:
            cells[0].addprevious(cell)
    return count + sum(max(1, number(value(cell, "w:tcPr/w:gridSpan"), 1)) for cell in cells)

"""OpenDocument spreadsheets (.ods)."""

from __future__ import annotations

from collections.abc import Iterator

from index.parsing.blocks import Block, from_blocks, heading
from index.parsing.content import Content, File, counted, malformed
from index.parsing.office.opendocument.package import DRAW, OFFICE, PARAGRAPH, STYLE, TABLE, TEXT, number, parts_of
from index.parsing.office.word.xml import Element, parsed
from index.parsing.tables import Grid

_MAX_REPEATED = 1_000
_MAX_COLUMNS = 16_384
# what lies over the cells
_UNREAD = {"comment": f"{OFFICE}annotation", "drawing": f"{DRAW}frame"}
_LABELS = frozenset(("string", ""))


def ods(file: File) -> Content:
    """Raises MalformedFile, UnsafeArchive."""
    notes: list[str] = []
    with malformed(file.name, "not an OpenDocument spreadsheet (.ods), or a damaged one"):
        root = parsed(parts_of(file)["content.xml"])
        hidden = {
            style.get(f"{STYLE}name", "")
            for style in root.iter(f"{STYLE}style")
            if any(look.get(f"{TABLE}display") == "false" for look in style)
        }
        blocks = list(_sheets(root, hidden, notes))
    return from_blocks(blocks, notes=notes)


def _sheets(root: Element, hidden: set[str], notes: list[str]) -> Iterator[Block]:
    for space in root.iter(f"{TEXT}s", f"{TEXT}tab", f"{TEXT}line-break"):
        space.text = "\n" if space.tag.endswith("break") else " " * number(space, f"{TEXT}c")
    for sheet in root.iter(f"{TABLE}table"):
        name = sheet.get(f"{TABLE}name", "")
        if sheet.get(f"{TABLE}style-name") in hidden:
            notes.append(f"hidden and left out: sheet {name!r}")
            continue
        grid = Grid()
        row_number = 0
        hidden_rows: set[int] = set()
        spans: list[tuple[int, int, int]] = []
        for row in sheet.iter(f"{TABLE}table-row"):
            repeated = min(number(row, f"{TABLE}number-rows-repeated"), _MAX_REPEATED)
            for below in range(row_number, row_number + repeated):
                if not _put(row, below, grid, spans):
                    repeated = min(repeated, 2)  # more are blank rows of the end
                    break
            if not _is_visible(row):
                hidden_rows.update(range(row_number, row_number + repeated))
            row_number += repeated
        for span in spans:
            grid.repeat(*span)
        notes += grid.hide(name, hidden_rows, set(_hidden_columns(sheet)))
        blocks = list(grid.blocks())
        if blocks:
            yield heading(name, 1)
        yield from blocks
    for what, element in _UNREAD.items():
        if count := sum(1 for _ in root.iter(element)):
            notes.append(f"not read: {counted(count, what)} over the cells")


def _put(row: Element, row_number: int, grid: Grid, spans: list[tuple[int, int, int]]) -> bool:
    """Whether there was something in the row. Adds the cells that go over several rows to ``spans``."""
    column = 0
    is_filled = False
    for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
        text = "\n".join("".join(paragraph.itertext()) for paragraph in cell.iterchildren(PARAGRAPH))
        repeated = number(cell, f"{TABLE}number-columns-repeated")
        for at in range(column, column + min(repeated, _MAX_REPEATED) if text else column):
            grid.put(row_number, at, text, is_label=cell.get(f"{OFFICE}value-type", "") in _LABELS)
            is_filled = True
        if (rows := number(cell, f"{TABLE}number-rows-spanned")) > 1:
            spans.append((row_number, column, rows))
        column += repeated
    return is_filled


def _is_visible(element: Element) -> bool:
    return bool(element.get(f"{TABLE}visibility", "visible") == "visible")


def _hidden_columns(sheet: Element) -> Iterator[int]:
    first = 0
    for column in sheet.iter(f"{TABLE}table-column"):
        repeated = number(column, f"{TABLE}number-columns-repeated")
        yield from range(first, first + (0 if _is_visible(column) else min(repeated, _MAX_COLUMNS)))
        first += repeated

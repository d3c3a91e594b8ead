"""Spreadsheets (.xlsx): each sheet a heading and its tables, the cells as they are shown."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

from openpyxl import load_workbook
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.utils import range_boundaries
from openpyxl.workbook import Workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import WorkSheetParser

from index.parsing.blocks import Block, from_blocks, heading
from index.parsing.content import Content, File, counted, malformed
from index.parsing.office.cell_formats import shown
from index.parsing.office.packages import opened
from index.parsing.plain.raised import raised_mark, subscript, superscript, with_fractions
from index.parsing.tables import Grid

_UNPACKED = 8
"""How many times the size of the largest file it may unpack to: the text of tables packs well."""
_FORMULA = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}f"
_UNREAD = (
    ("comment", re.compile(r"xl/(?:comments/)?comments?\d*\.xml").fullmatch, b"<comment "),
    ("picture", re.compile(r"xl/media/[^/]+").fullmatch, b""),
    ("chart", re.compile(r"xl/charts/chart\d*\.xml").fullmatch, b""),
    ("text box", re.compile(r"xl/drawings/drawing\d*\.xml").fullmatch, b"</xdr:txBody>"),
)
"""What lies over the cells: its name, the parts of the package that it is in, and what marks each one there."""
_MAX_COLUMNS = 16_384
_ON = ("1", "true")


def xlsx(file: File) -> Content:
    """Raises MalformedFile, UnsafeArchive."""
    notes: list[str] = []
    with malformed(file.name, "not a workbook (.xlsx), or a damaged one"):
        with opened(file, _UNPACKED) as package:
            notes += _unread(package)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it would not write back
            workbook = load_workbook(
                io.BytesIO(file.data), read_only=True, data_only=True, keep_links=False, rich_text=True
            )
            blocks = list(_blocks(workbook, notes))
    return from_blocks(blocks, notes=notes)


def _blocks(workbook: Workbook, notes: list[str]) -> Iterator[Block]:
    hidden = [sheet.title for sheet in workbook.worksheets if sheet.sheet_state != "visible"]
    if hidden:
        notes.append(f"hidden and left out: {counted(len(hidden), 'sheet')} ({', '.join(hidden)})")
    for sheet in workbook.worksheets:
        if sheet.sheet_state == "visible":
            tables = list(_tables(workbook, sheet, notes))
            if tables:
                yield heading(sheet.title, 1)
            yield from tables


def _tables(workbook: Workbook, sheet: ReadOnlyWorksheet, notes: list[str]) -> Iterator[Block]:
    grid = Grid()
    # the library's own reader of rows: with all of a sheet in memory, a million cells take 450 MB
    with sheet._get_source() as source:
        parser = _Parser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=workbook.epoch,
            date_formats=workbook._date_formats,
            timedelta_formats=workbook._timedelta_formats,
            rich_text=True,
        )
        for number, row in parser.parse():
            for cell in row:
                value = cell["value"]
                if value is not None:
                    value = _plain(value) if isinstance(value, CellRichText) else value
                    is_label = isinstance(value, str)
                    text = value if is_label else shown(value, ReadOnlyCell(sheet, **cell).number_format)
                    grid.put(number, cell["column"], text, is_label=is_label)
    for merged in () if parser.merged_cells is None else parser.merged_cells.mergeCell:
        left, top, _, bottom = range_boundaries(merged.ref)
        grid.repeat(top, left, bottom - top + 1)
    notes += grid.hide(sheet.title, parser.hidden_rows(), parser.hidden_columns())
    if parser.uncalculated:
        notes.append(f"without a result in sheet {sheet.title!r}: {counted(parser.uncalculated, 'formula')}")
    yield from grid.blocks()


def _unread(package: ZipFile) -> Iterator[str]:
    for name, is_part, mark in _UNREAD:
        parts = [part for part in package.namelist() if is_part(part)]
        count = sum(package.read(part).count(mark) for part in parts) if mark else len(parts)
        if count:
            yield f"not read: {counted(count, name)}"


def _plain(text: CellRichText) -> str:
    """What is set in several types, without what is struck out, and with what is raised kept apart."""
    pieces = []
    for run in text:
        font = None if isinstance(run, str) else run.font
        words = run if isinstance(run, str) else run.text
        if font is not None and font.strike:
            continue
        moved = {"superscript": superscript, "subscript": subscript}.get(str(font and font.vertAlign))
        pieces.append(raised_mark(words, moved) if moved else words)
    return with_fractions("".join(pieces))


class _Parser(WorkSheetParser):  # type: ignore[misc]
    """Counts the formulas whose result nobody has stored as well."""

    uncalculated = 0

    def parse_cell(self, element: Any) -> dict[str, Any]:  # noqa: ANN401 - an element of lxml
        """As the library's."""
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.find(_FORMULA) is not None:
            self.uncalculated += 1
        return cell

    def hidden_rows(self) -> set[int]:
        """The numbers of the rows that are hidden, by hand or by a filter."""
        return {int(number) for number, look in self.row_dimensions.items() if look.get("hidden") in _ON}

    def hidden_columns(self) -> set[int]:
        """The numbers of the columns that are hidden."""
        ranges = [look for look in self.column_dimensions.values() if look.get("hidden") in _ON]
        return {n for look in ranges for n in range(int(look["min"]), min(int(look["max"]), _MAX_COLUMNS) + 1)}

"""Shows a document as it was put in: where its text stands on the pages of the kept file, and these pages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.documents import Columns, Document, TextBlock
from index.errors import InvalidSpan, NoPages, PageNotFound
from index.parsing.isolated import Parser
from index.parsing.pdf.boxes import PageBoxes, Wanted, boxes_on, png_of
from index.passage_index import PassageIndex
from index.passages.reading_text import CELLS_APART

MAX_SPAN = 20_000
"""Characters whose places may be asked for at once."""

_PDF = "application/pdf"


def boxes(index: PassageIndex, parser: Parser, document_id: str, start: int, end: int) -> list[PageBoxes]:
    """Where the characters from ``start`` to ``end`` of a document stand, page by page.

    Raises DocumentNotFound, InvalidSpan, NoPages, OriginalNotKept, DocumentError where the file cannot be read any
    more, and WorkStopped.
    """
    document, text = index.with_text(document_id)
    if not 0 <= start < end <= document.characters or end - start > MAX_SPAN:
        raise InvalidSpan(start, end, document.characters, MAX_SPAN)
    path = _pdf_of(index, document)
    wanted = tuple(_by_page(text, index.outline(document_id).pages, start, end))
    return list(parser.run(boxes_on, str(path), document.source, wanted, subject=document.source))


def page_image(index: PassageIndex, parser: Parser, document_id: str, page: int, scale: float) -> bytes:
    """A page, counted from 1, as PNG with ``scale`` pixels to a point, fewer where there would be too many.

    Raises DocumentNotFound, NoPages, PageNotFound, OriginalNotKept, DocumentError where the file cannot be read any
    more, and WorkStopped.
    """
    document = index.document(document_id)
    path = _pdf_of(index, document)
    if page < 1:
        raise PageNotFound(document.source, page)
    (image,) = parser.run(png_of, str(path), document.source, page, scale, subject=document.source)
    return image


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell of a table, as a half-open range of the stored text."""

    start: int
    end: int
    is_header: bool


def rows(text: str, table: TextBlock) -> Iterator[list[ShownCell]]:
    """The cells of a table, row by row; a row of which the text cannot say where its cells end is one cell."""
    columns = table.columns or Columns((), 0)
    start = table.start
    for line in text[table.start : table.end].split("\n"):
        is_header, is_bare = start - table.start < columns.body, start - table.start in columns.bare
        cells: list[ShownCell] = []
        for cell in [line] if is_bare else line.split(CELLS_APART):
            cells.append(ShownCell(start, start + len(cell), is_header))
            start += len(cell) + len(CELLS_APART)
        start = cells[-1].end + 1
        yield cells


def _pdf_of(index: PassageIndex, document: Document) -> Path:
    original, path = index.original(document.id)
    if original.media_type != _PDF:
        raise NoPages(document.id)
    return path


def _by_page(text: str, pages: tuple[int, ...], start: int, end: int) -> Iterator[Wanted]:
    """The parts of a range of the text that stand on different pages."""
    for page in range(bisect_right(pages, start), len(pages) + 1):
        first, last = pages[page - 1], pages[page] if page < len(pages) else len(text)
        if first >= end:
            return
        part = text[first:last]
        inside = max(start - first, 0), min(end - first, len(part))
        if part[inside[0] : inside[1]].strip():
            yield Wanted(page, part, *inside)

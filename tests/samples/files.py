"""Files of every kind that is read, made on the spot."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

from docx import Document
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

_STYLES = getSampleStyleSheet()


def pdf_of(pages: Sequence[Sequence[tuple[str, str]]], title: str | None = None) -> bytes:
    """Pages of (style, text), laid out as a word processor would; styles are "Heading1", "BodyText" and so on."""
    story: list[object] = []
    for page in pages:
        story += [Paragraph(text, _STYLES[style]) for style, text in page]
        story.append(PageBreak())
    file = io.BytesIO()
    SimpleDocTemplate(file, title=title).build(story)
    return file.getvalue()


def pdf_of_lines(
    pages: Sequence[Sequence[tuple[float, float, str]]],
    *,
    bookmarks: Mapping[int, Sequence[str]] | None = None,
    opened_by: str | None = None,
) -> bytes:
    """Pages of (x, y, line) in points, with bookmarks by page from 0."""
    file = io.BytesIO()
    canvas = Canvas(file, encrypt=StandardEncryption(opened_by) if opened_by else None)
    for number, page in enumerate(pages):
        for title in (bookmarks or {}).get(number, ()):
            canvas.bookmarkPage(title)
            canvas.addOutlineEntry(title, title)
        for x, y, line in page:
            canvas.drawString(x, y, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def pdf_of_pictures(pages: int) -> bytes:
    """Pages that hold a drawing each, as a scanner makes them."""
    file = io.BytesIO()
    canvas = Canvas(file)
    for _ in range(pages):
        canvas.rect(72, 72, 200, 300, fill=1)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def docx_of(blocks: Sequence[tuple[str, str]], table: Sequence[Sequence[str]] = ()) -> bytes:
    """Paragraphs of (style, text), "Heading 1", "Normal" and so on, then a table."""
    document = Document()
    for style, text in blocks:
        document.add_paragraph(text, style)
    if table:
        made = document.add_table(len(table), len(table[0]))
        for row, cells in zip(made.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """An archive of files by name."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()

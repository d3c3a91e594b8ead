"""Word documents (.docx): paragraphs, headings, list items and table rows, as they read after all changes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import docx.api as word
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.styles.style import ParagraphStyle

from index.parsing.blocks import Block, from_blocks
from index.parsing.content import Content, File, malformed, one_line
from index.parsing.limits import Budget

_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXT = (qn("w:t"), qn("m:t"))
_INSTEAD = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "\u2011"}
# the same again for old programs; and what was moved away
_PASSED_OVER = ("{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback", qn("w:moveFrom"))
# how much larger than the largest file it may be unpacked, which also bounds memory
_UNPACKED = 4
_HEADING_STYLE = re.compile(r"heading (\d)", re.IGNORECASE)


def docx(file: File) -> Content:
    """Raises MalformedFile, UnsafeArchive."""
    reason = "not a Word document (.docx), or a damaged one"
    with malformed(file.name, reason), zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        Budget(_UNPACKED * file.max_bytes).take(file.name, archive)
    with malformed(file.name, reason):
        document = word.Document(io.BytesIO(file.data))
        blocks = list(_blocks(document))
        title = next((block.text for block in blocks if block.level), None)
    return from_blocks(blocks, title and one_line(title))


def _blocks(document: WordDocument) -> Iterator[Block]:
    styles = _styles(document)
    for element in _in_order(document.element.body):
        if element.tag == _TABLE:
            yield from _rows(element)
        elif text := _text(element):
            level, is_item = _kind(element, styles)
            yield Block(f"- {text}" if is_item and not level else text, level, "heading" if level else "paragraph")


def _in_order(body: BaseOxmlElement) -> Iterator[BaseOxmlElement]:
    """The paragraphs and tables, also those in form fields and the like, but not those inside one another."""
    waiting = list(reversed(body))
    while waiting:
        element = waiting.pop()
        if element.tag in (_PARAGRAPH, _TABLE):
            yield element
        elif element.tag not in _PASSED_OVER:
            waiting.extend(reversed(element))


def _rows(table: BaseOxmlElement) -> Iterator[Block]:
    for row in table.iter(_ROW):
        # a table in a cell comes with its own rows
        cells = (_text(cell, within=_TABLE) for cell in row.iter(_CELL) if next(cell.iterancestors(_ROW)) is row)
        if text := " | ".join(one_line(cell) for cell in cells).strip(" |"):
            yield Block(text)


def _text(element: BaseOxmlElement, within: str | None = None) -> str:
    """What a paragraph or cell says, but for what is inside a ``within`` in it."""
    pieces: list[str] = []
    waiting = list(reversed(element))
    while waiting:
        part = waiting.pop()
        if part.tag in _TEXT:
            pieces.append(part.text or "")
        elif part.tag in _INSTEAD:
            pieces.append(_INSTEAD[part.tag])
        elif part.tag not in _PASSED_OVER and part.tag != within:
            pieces.append("\n" if part.tag == _PARAGRAPH else "")
            waiting.extend(reversed(part))
    return "\n".join(line for part in "".join(pieces).split("\n") if (line := one_line(part)))


def _kind(paragraph: BaseOxmlElement, styles: Mapping[str, tuple[int, bool]]) -> tuple[int, bool]:
    """The level as a heading, 0 for none, and whether it is an item of a list."""
    level, is_item = styles.get(paragraph.style or "", (0, False))
    outline = paragraph.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
    if outline is not None:
        level = _outline_level(outline)
    return level, is_item or paragraph.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None


def _styles(document: WordDocument) -> dict[str, tuple[int, bool]]:
    """Of each paragraph style: its level as a heading, and whether it is for lists."""
    return {style.style_id: _level_and_item(style) for style in document.styles if isinstance(style, ParagraphStyle)}


def _level_and_item(style: ParagraphStyle) -> tuple[int, bool]:
    seen: set[str] = set()
    base: Any = style
    is_item = False
    while base is not None and base.style_id not in seen:
        seen.add(base.style_id)
        name = base.name or ""
        is_item = is_item or name.startswith("List ")
        if found := _HEADING_STYLE.fullmatch(name):
            return int(found.group(1)), is_item
        if name == "Title":
            return 1, is_item
        outline = base.element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if outline is not None and _outline_level(outline):
            return _outline_level(outline), is_item
        base = base.base_style
    return 0, is_item


def _outline_level(outline: BaseOxmlElement) -> int:
    """Word counts from 0, and 9 is body text."""
    level = int(outline.get(qn("w:val"), "9")) + 1
    return level if 1 <= level <= 9 else 0

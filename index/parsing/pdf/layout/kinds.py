"""Paragraphs → blocks: which of them are headings, items of lists, notes, captions or code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.parsing.blocks import Block, Kind
from index.parsing.pdf.layout.paragraphs import CAPTION, SMALLER, Item, Paragraph, Usual
from index.parsing.pdf.page.segments import MARKER

_LISTED = re.compile(rf"({MARKER.pattern})\s+(?=\S)")
_NO_MARKER = re.compile(r"[A-Z]\.|[^\w\s().•●○▪■‣◦⁃➢✓✗☐☑☒–—*·!-]")
_NOTE = re.compile(r"([⁰¹²³⁴⁵⁶⁷⁸⁹]+|[*∗†‡§¶]+)\s*(?=\S)")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5}|[A-Z])\.?\s+(?=[A-ZÀ-ÖØ-Þ])")
_NAMED = re.compile(r"(?:chapter|section|article|part|appendix|annex|schedule|title)\s+(?:[\divx]+|[a-z])\b", re.I)
_DASHES = ("–", "—", "-")

_LARGER = 1.15  # in sizes of the text
_MAX_LARGE, _MAX_BOLD, _MAX_NUMBERED, _MAX_LINES = 150, 120, 80, 4
_MIN_TEXT = 60  # characters of a paragraph that a numbered heading may stand over
_NEAR = 0.5  # points between the sizes of headings of one level

Style = tuple[float, bool]


def blocks_of(items: Sequence[Item], usual: Usual) -> list[Block]:
    """The blocks of a file in reading order."""
    return _Kinds(usual).blocks(items)


class _Kinds:
    def __init__(self, usual: Usual) -> None:
        self._size = usual.size
        self._bold_tells = not usual.bold

    def blocks(self, items: Sequence[Item]) -> list[Block]:
        headings: dict[int, Style] = {}
        blocks: list[Block] = []
        for number, item in enumerate(items):
            if isinstance(item, Block):
                blocks.append(item)
                continue
            text, turns = item.written()
            block = Block(text, page=item.page, boxes=item.boxes, turns=turns)
            around = (items[number - 1] if number else None), (items[number + 1] if number + 1 < len(items) else None)
            if self._is_heading(item, text, *around):
                headings[number] = self._style(item)
                level = item.first.level
                block = replace(block, kind="heading", level=level)
            blocks.append(block if block.kind == "heading" else self._of_kind(block, item))
        return list(_with_levels(blocks, headings))

    def _is_heading(self, paragraph: Paragraph, text: str, previous: Item | None, following: Item | None) -> bool:
        first = paragraph.first
        if first.level:
            return True
        letters = sum(map(str.isalpha, text))
        if (
            first.faint
            or paragraph.is_code
            or letters < 2
            or text[0] in "(["
            or len(paragraph.lines) > _MAX_LINES
            or CAPTION.match(text)
        ):
            return False
        if first.size >= _LARGER * self._size:
            return len(text) <= _MAX_LARGE
        if paragraph.aside or first.size < SMALLER * self._size or following is None or text.endswith((",", ";")):
            return False
        numbered = bool(_NUMBERED.match(text) or _NAMED.match(text))
        is_bold = all(line.segment.bold for line in paragraph.lines)
        if is_bold and self._bold_tells:
            ends = text.endswith(".") and not numbered and len(text) > _MAX_NUMBERED
            return len(text) <= _MAX_BOLD and not ends and letters > len(text) / 3
        if not numbered or len(paragraph.lines) > 1 or len(text) > _MAX_NUMBERED or text.endswith((".", ":")):
            return False
        return self._is_text(following) and (not _number(previous) or _number(text).startswith(_number(previous) + "."))

    def _is_text(self, item: Item) -> bool:
        """Whether it is of the size of the text, and long, and has no number itself."""
        if isinstance(item, Block):
            return False
        length = sum(len(line.segment.text) for line in item.lines)
        return length >= _MIN_TEXT and item.first.size < _LARGER * self._size and not _number(item)

    def _style(self, paragraph: Paragraph) -> Style:
        size = paragraph.first.size
        is_bold = paragraph.first.bold
        return (round(size / _NEAR) * _NEAR if size >= _LARGER * self._size else 0.0), is_bold

    def _of_kind(self, block: Block, paragraph: Paragraph) -> Block:
        text = block.text
        if paragraph.is_code:
            return replace(block, kind="code")
        if paragraph.first.size < SMALLER * self._size and (note := _NOTE.match(text)):
            return _marked(block, "note", note)
        if CAPTION.match(text):
            return replace(block, kind="caption")
        listed = _LISTED.match(text)
        if listed and not _NO_MARKER.fullmatch(listed.group(1)):
            return replace(_marked(block, "list_item", listed), level=1)
        return block


def _number(item: Item | str | None) -> str:
    """What an item or a text is numbered with; empty where it is not."""
    text = item.first.text if isinstance(item, Paragraph) else item
    match = _NUMBERED.match(text) if isinstance(text, str) else None
    return match.group(1) if match else ""


def _marked(block: Block, kind: Kind, marker: re.Match[str]) -> Block:
    """With the marker apart from the text, and the beginnings of pages where they are then."""
    start = marker.end()
    turns = tuple((max(0, place - start), page) for place, page in block.turns)
    return replace(block, kind=kind, marker=marker.group(1), text=block.text[start:], turns=turns)


def _with_levels(blocks: Sequence[Block], headings: dict[int, Style]) -> Iterator[Block]:
    """Level 1 for headings in the largest type; those of one type by the parts of their numbers: 2 over 2.1."""
    ranks = {style: rank for rank, style in enumerate(sorted(set(headings.values()), reverse=True), start=1)}
    for number, block in enumerate(blocks):
        if number in headings and not block.level:
            numbered = _NUMBERED.match(block.text)
            yield replace(block, level=ranks[headings[number]] + (numbered.group(1).count(".") if numbered else 0))
        else:
            yield block

"""The structure of a document over the wire. Offsets are half-open, in Unicode code points of the stored text."""

from __future__ import annotations

from bisect import bisect_left
from typing import Annotated, Self

from pydantic import BaseModel, Field

from api.wire.requests import Sent
from index.documents import BlockKind, Document, Outline, TextBlock
from index.shown import ShownCell, rows

MOST_BLOCKS = 2_000


class BlocksQuery(Sent):
    """Which blocks to give."""

    start: Annotated[int, Field(ge=0, description="Those that end behind this offset.")] = 0
    limit: Annotated[int, Field(ge=0, le=MOST_BLOCKS)] = MOST_BLOCKS


class TableCellOut(BaseModel):
    """A cell of a table."""

    start: int
    end: int
    header: bool

    @classmethod
    def of(cls, cell: ShownCell) -> Self:
        """From the inside to the wire."""
        return cls(start=cell.start, end=cell.end, header=cell.is_header)


class BlockOut(BaseModel):
    """A piece of a document that stands by itself."""

    kind: BlockKind
    level: Annotated[int, Field(description="Of a heading, from 1 for the highest; of a list item, how deep it is.")]
    start: int
    end: int
    rows: Annotated[list[list[TableCellOut]], Field(description="Of a table.")]

    @classmethod
    def of(cls, block: TextBlock, text: str) -> Self:
        """From the inside to the wire."""
        cells = rows(text, block) if block.kind == "table" else ()
        shown = [[TableCellOut.of(cell) for cell in row] for row in cells]
        return cls(kind=block.kind, level=block.level, start=block.start, end=block.end, rows=shown)


class PageOut(BaseModel):
    """A page, the first of which is number 1."""

    start: int
    label: Annotated[str, Field(description="Its number as it is printed; empty where the file says none.")]


class BlocksOut(BaseModel):
    """The structure of a document, or a part of it."""

    sha256: Annotated[str, Field(description="Of the text that the offsets count in.")]
    pages: list[PageOut]
    blocks: Annotated[list[BlockOut], Field(description="None at all of plain text.")]
    next: Annotated[int | None, Field(description="The `start` that goes on from here; null at the end.")]

    @classmethod
    def of(cls, document: Document, text: str, outline: Outline, wanted: BlocksQuery) -> Self:
        """From the inside to the wire."""
        first = bisect_left(outline.blocks, wanted.start + 1, key=lambda block: block.end)
        last = first + wanted.limit
        labels = outline.labels or ("",) * len(outline.pages)
        return cls(
            sha256=document.sha256,
            pages=[PageOut(start=at, label=label) for at, label in zip(outline.pages, labels, strict=True)],
            blocks=[BlockOut.of(block, text) for block in outline.blocks[first:last]],
            next=outline.blocks[last].start if last < len(outline.blocks) else None,
        )

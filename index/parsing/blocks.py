"""What parsers make of a file, its blocks in reading order, and the one place that writes the stored text from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from index.documents import BlockKind, Heading, Outline, TextBlock
from index.parsing.content import MAX_HEADING, Content, one_line, settled

BULLET = "•"
"""The marker of list items that have no number."""

CELLS_APART = " | "
"""What stands between the cells of a row in the stored text."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in points from the upper left corner of the page as it is seen. Pages count from 1."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. Lines within it are ended by line feeds."""

    text: str
    is_header: bool = False
    columns: int = 1
    """How many columns it spans."""
    rows: int = 1
    """How many rows it spans."""


Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document that stands by itself."""

    text: str = ""
    """What it says; empty for a table, which has rows."""
    level: int = 0
    """Of a heading, from 1 for the highest; of a list item, how deep it is nested, from 1."""
    kind: BlockKind = "paragraph"
    marker: str = ""
    """What stands before a list item, a numbered heading or a note, as it is seen: "2.1", "(a)", "•"."""
    rows: tuple[Row, ...] = ()
    """Of a table."""
    page: int | None = None
    """The page that it begins on, counted from 1."""
    boxes: tuple[Box, ...] = ()
    """Where it is seen, a rectangle for each line or cell."""
    turns: tuple[tuple[int, int], ...] = ()
    """Where in its text later pages begin: (offset, page), of a block that goes on over the foot of a page."""


def heading(text: str, level: int, *, marker: str = "", page: int | None = None) -> Block:
    """A heading."""
    return Block(text, level, "heading", marker, page=page)


def from_blocks(
    blocks: Iterable[Block],
    title: str | None = None,
    *,
    labels: Sequence[str] = (),
    pages: int = 0,
    notes: Sequence[str] = (),
) -> Content:
    """Puts the blocks under one another; by default the first heading is the title.

    A blank line stands between two blocks, a line feed between the items of a list and between the rows of a table.
    ``pages`` is how many the file has, where it has pages: blocks of a later page than their predecessor begin it.
    ``labels`` are what is printed as their numbers.
    """
    parts: list[str] = []
    headings: list[Heading] = []
    ranges: list[TextBlock] = []
    page_starts: list[int] = []
    length = 0
    before: Block | None = None
    for block in blocks:
        text = written(block)
        if not text.strip():
            continue
        if before is not None:
            between = "\n" if before.kind == block.kind == "list_item" else "\n\n"
            parts.append(between)
            length += len(between)
        if block.page is not None:
            page_starts += [length] * (block.page - len(page_starts))
        if block.kind == "heading":
            headings.append(Heading(length, max(block.level, 1), one_line(text[:MAX_HEADING])))
        text_start = length + len(text) - len(block.text)  # behind its marker
        for offset, page in block.turns:
            page_starts += [text_start + offset] * (page - len(page_starts))
        parts.append(text)
        ranges.append(TextBlock(length, length + len(text), block.kind, block.level))
        length += len(text)
        before = block
    page_starts += [length] * (pages - len(page_starts))
    first = headings[0].text if headings else None
    # a line feed composes with nothing, so what is NFC in parts is NFC as a whole
    outline = Outline(tuple(page_starts), tuple(headings), tuple(ranges), tuple(labels) if any(labels) else ())
    return Content("".join(parts), outline, title or first, tuple(notes))


def written(block: Block) -> str:
    """A block as the stored text has it."""
    if block.kind == "table":
        return settled("\n".join(filter(None, _written_rows(block.rows))))
    text = settled(block.text).strip("\n")
    return f"{settled(block.marker)} {text}".strip() if block.marker else text


def _written_rows(rows: Sequence[Row]) -> Iterator[str]:
    for row in expanded(rows):
        lines = [cell.split("\n") for cell in row]
        counts = {len(cell) for cell in lines if len(cell) > 1 or cell[0]}
        if len(counts) == 1 and counts != {1} and sum(map(any, lines)) > 1:  # rows that were typed as lines of one row
            yield from (_line(cells) for cells in zip_longest(*lines, fillvalue=""))
        else:
            yield _line([" ".join(cell) for cell in lines])


def _line(cells: Iterable[str]) -> str:
    """The cells of a row, without the empty ones at its end: no word would be moved by them."""
    texts = [one_line(cell) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return CELLS_APART.join(texts)


def expanded(rows: Sequence[Row]) -> list[list[str]]:
    """The texts of the cells by row and column: one that spans rows in each of them, one that spans columns once."""
    grid: list[list[str]] = []
    from_above: dict[int, tuple[str, int]] = {}  # by column: the text, and for how many rows more
    for row in rows:
        texts: list[str] = []
        cells = iter(row)
        carried, from_above = from_above, {}
        last = max(carried, default=-1)
        cell = next(cells, None)
        while cell is not None or len(texts) <= last:
            if len(texts) in carried:
                text, left = carried[len(texts)]
                if left > 1:
                    from_above[len(texts)] = (text, left - 1)
                texts.append(text)
            elif cell is None:
                texts.append("")
            else:
                for column in range(min(cell.columns, 1_000)):
                    text = cell.text if column == 0 else ""
                    if cell.rows > 1:
                        from_above[len(texts)] = (text, min(cell.rows, 100_000) - 1)
                    texts.append(text)
                cell = next(cells, None)
        grid.append(texts)
    return grid

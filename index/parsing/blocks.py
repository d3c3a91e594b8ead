"""What parsers make of a file, its blocks in reading order, and the one place that writes the stored text from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile, zip_longest

from index.documents import BlockKind, Columns, Heading, Outline, TextBlock
from index.parsing.content import MAX_HEADING, Content, one_line, settled
from index.passages.headings import heading_levels
from index.passages.reading_text import CELLS_APART

BULLET = "•"
"""The marker of list items that have no number."""

_MAX_HEADER = 60
"""Characters of a column's header that stand before its cells. The text keeps all of them."""
_MAX_SPAN = 1_000


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
    goes_on: bool = False
    """Whether a table is the rest of the one before it, whose headers it has where it has none."""


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
    """Puts the blocks under one another; by default the first heading that is marked as one is the title.

    Where none is, lines that look like headings are. A blank line stands between two blocks, a line feed between the
    items of a list and between the rows of a table.
    ``pages`` is how many the file has, where it has pages: blocks of a later page than their predecessor begin it.
    ``labels`` are what is printed as their numbers.
    """
    blocks = list(blocks)
    marked = (written(block) for block in blocks if block.kind == "heading")
    first = next((one_line(text[:MAX_HEADING]) for text in marked if text.strip()), None)
    if first is None:
        blocks = _with_headings(blocks)
    parts: list[str] = []
    headings: list[Heading] = []
    ranges: list[TextBlock] = []
    page_starts: list[int] = []
    length = 0
    before: Block | None = None
    headers: tuple[str, ...] = ()  # of the last table
    for block in blocks:
        if block.kind == "table":
            text, columns = _written_table(block.rows, headers if block.goes_on else ())
            headers = columns.headers if columns else ()
        else:
            text, columns = written(block), None
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
        ranges.append(TextBlock(length, length + len(text), block.kind, block.level, columns))
        length += len(text)
        before = block
    page_starts += [length] * (pages - len(page_starts))
    # a line feed composes with nothing, so what is NFC in parts is NFC as a whole
    outline = Outline(tuple(page_starts), tuple(headings), tuple(ranges), tuple(labels) if any(labels) else ())
    return Content("".join(parts), outline, title or first, tuple(notes))


def _with_headings(blocks: Sequence[Block]) -> list[Block]:
    """The blocks, of which paragraphs that look like headings are headings."""
    lines = ["" if block.kind != "paragraph" or "\n" in block.text else block.text.strip() for block in blocks]
    levels = heading_levels(lines)
    return [
        replace(block, kind="heading", level=levels[number]) if number in levels else block
        for number, block in enumerate(blocks)
    ]


def written(block: Block) -> str:
    """A block as the stored text has it."""
    if block.kind == "table":
        return _written_table(block.rows)[0]
    text = settled(block.text).strip("\n")
    return f"{settled(block.marker)} {text}".strip() if block.marker else text


def within_cell(block: Block) -> str:
    """A block as it is written in a cell: a table there with its cells and rows as people would say them."""
    if block.kind != "table":
        return written(block)
    return "; ".join(line for row in expanded(block.rows) if (line := ", ".join(_cells(row))))


def _written_table(rows: Sequence[Row], headers_above: tuple[str, ...] = ()) -> tuple[str, Columns | None]:
    """The lines of a table, and what is known of its columns where its first rows are headers, or some stand above."""
    count = sum(1 for _ in takewhile(_is_header, rows))
    lines: list[str] = []
    length = body = 0
    bare: list[int] = []
    for number, row in enumerate(expanded(rows)):
        if number == count:
            body = length
        for cells in _lines(row):
            line = CELLS_APART.join(cells)
            if not line:
                continue
            if line.split(CELLS_APART) != cells:
                bare.append(length)
            lines.append(line)
            length += len(line) + 1
    headers = _headers(rows[:count]) if 0 < body < length else headers_above
    return "\n".join(lines), Columns(headers, body, tuple(bare)) if any(headers) else None


def _is_header(row: Row) -> bool:
    filled = [cell.is_header for cell in row if cell.text.strip()]
    return bool(filled) and all(filled)


def _headers(rows: Sequence[Row]) -> tuple[str, ...]:
    """What each column is called by all rows together, but for those that are one cell over all columns."""
    # unlike in the text, a header over several columns stands over each of them
    spread = [
        tuple(replace(cell, columns=1) for cell in row for _ in range(min(cell.columns, _MAX_SPAN))) for row in rows
    ]
    named = [row for row in expanded(spread) if len(row) == 1 or len(set(row)) > 1]
    columns = zip_longest(*named, fillvalue="")
    return tuple(_header([settled(one_line(text)) for text in column]) for column in columns)


def _header(texts: Sequence[str]) -> str:
    filled = [text for text in texts if text]
    joined = " ".join([*filled[:1], *(below for above, below in pairwise(filled) if below != above)])
    return joined if len(joined) <= _MAX_HEADER else joined[:_MAX_HEADER].rsplit(" ", 1)[0]


def _lines(row: Sequence[str]) -> Iterator[list[str]]:
    """The cells of a row; of one that was typed as several, those of each line."""
    typed = [cell.split("\n") for cell in row]
    for lines in ([cell.strip("\n").split("\n") for cell in row], typed):
        if count := _rows_typed(lines, of_numbers=lines is typed):
            yield from map(_cells, zip(*(cell * count if len(cell) == 1 else cell for cell in lines), strict=True))
            return
    yield _cells([" ".join(cell) for cell in typed])


def _rows_typed(lines: Sequence[Sequence[str]], *, of_numbers: bool) -> int:
    """How many rows were typed as lines of one; 0 where they don't match, or have no column ``of_numbers``.

    A cell of one line is for all of them, if there are numbers beside it: lines of prose match by chance.
    """
    several = [cell for cell in lines if len(cell) > 1 and any(cell)]
    if len({len(cell) for cell in several}) != 1 or len(several) == 1:
        return 0
    of_numbers |= any(len(cell) == 1 and cell[0] for cell in lines)
    return 0 if of_numbers and not any(map(_are_numbers, several)) else len(several[0])


def _are_numbers(cell: Sequence[str]) -> bool:
    text = "".join(cell)
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text))


def _cells(cells: Iterable[str]) -> list[str]:
    """The cells of a line, without the empty ones at its end: no word would be moved by them."""
    texts = [settled(one_line(cell)) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return texts


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
                for column in range(min(cell.columns, _MAX_SPAN)):
                    text = cell.text if column == 0 else ""
                    if cell.rows > 1:
                        from_above[len(texts)] = (text, min(cell.rows, 100_000) - 1)
                    texts.append(text)
                cell = next(cells, None)
        grid.append(texts)
    return grid

"""PDF: what a reader sees on its pages, in reading order, through PDFium."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from index.errors import EmptyDocument, MalformedFile, ScannedDocument
from index.parsing.blocks import Block, Box, from_blocks, written
from index.parsing.content import Content, File, composed, malformed, one_line
from index.parsing.pdf.layout.joints import Line, lines_of
from index.parsing.pdf.layout.kinds import blocks_of
from index.parsing.pdf.layout.paragraphs import Item, Paragraph, Usual, paragraphs_of
from index.parsing.pdf.layout.parts import Part, parts_of
from index.parsing.pdf.layout.running import PageRows, running_rows
from index.parsing.pdf.layout.tables import cells_of, go_on
from index.parsing.pdf.notes import notes_on
from index.parsing.pdf.opening import opened_file
from index.parsing.pdf.outline import bookmarks_of, placed, title_of
from index.parsing.pdf.page.forms import values_of_xfa
from index.parsing.pdf.page.frame import Frame
from index.parsing.pdf.page.pages import Column, PageRead, Rules, pages_of
from index.parsing.pdf.page.segments import Row, Segment, is_from_right, joined
from index.parsing.pdf.recognition import ELSEWHERE

_MOST_VALUES = 2_000
_LONGEST_LABEL = 40


def pdf(file: File) -> Content:
    """Raises EncryptedFile, MalformedFile, ScannedDocument, EmptyDocument, DocumentTooLarge."""
    with opened_file(file.name, file.data) as document:
        with malformed(file.name, "a damaged PDF"):
            pages = list(pages_of(file, document))
            bookmarks, title = list(bookmarks_of(document)), title_of(document)
            values = list(islice(values_of_xfa(document), _MOST_VALUES))
        if not any(page.has_text for page in pages):
            raise _without_text(file, pages)
        usual = Usual.of(segment for page in pages for row in page.main.rows for segment in row)
        blocks = blocks_of(paragraphs_of(list(_parts(pages, Rules(document))), usual), usual)
    blocks += _not_shown(values, len(pages), blocks)
    content = from_blocks(blocks, title, labels=_labels(pages), pages=len(pages), notes=tuple(notes_on(pages)))
    headings = placed(bookmarks, content.text, content.outline.pages)
    if not headings:
        return content
    return replace(content, outline=replace(content.outline, headings=headings), title=title or headings[0].text)


def _labels(pages: Sequence[PageRead]) -> list[str]:
    """What is printed as the numbers of the pages; nothing where these are their places in the file."""
    labels = [one_line(composed(page.label))[:_LONGEST_LABEL] for page in pages]
    return [] if labels == [str(number) for number, _ in enumerate(pages, start=1)] else labels


def _without_text(file: File, pages: Sequence[PageRead]) -> Exception:
    if any(page.unreadable for page in pages):
        reason = f"its fonts do not say which characters they are: {ELSEWHERE}, or export it anew"
        return MalformedFile(file.name, reason)
    pictures = [page.recognised for page in pages if page.recognised]
    if not pictures:
        return EmptyDocument(file.name)
    return ScannedDocument(file.name, len(pages), pictures[0].failure or "no text was found in it")


def _parts(pages: Sequence[PageRead], rules: Rules) -> Iterator[list[Line] | Item]:
    """The columns and tables of all pages in reading order, without running heads; watermarks once."""
    heads = [PageRows(page.main.rows, page.frame.height(page.main.turns), page.label) for page in pages]
    running = running_rows(heads)
    watermarks: set[str] = set()
    number = 0
    last: Part | None = None
    for place, page in enumerate(pages):
        rows = list(enumerate(page.main.rows))
        outer = [(height, row) for height, row in rows if (place, height) in running.first]
        text = [row for height, row in rows if (place, height) not in running.dropped | running.first]
        yield from (_head(row, page, place + 1) for height, row in outer if height < len(rows) / 2)
        across = partial(rules.across, place, page.main.turns)
        above, last = last, None  # what the page before ends with
        for part in parts_of(text, across):
            number += 1
            goes_on = last is None and above is not None and _goes_on(part, above)
            last = part
            made = _part(part, page.main, page.frame, place + 1, number, across)
            yield replace(made, goes_on=goes_on) if isinstance(made, Block) else made
        yield from (Block(text, page=place + 1) for text in (page.recognised.paragraphs if page.recognised else ()))
        for column in page.others:
            turned = [joined(row) for row in column.rows]
            boxes = [_box(segment, page.frame, place + 1, column.turns) for segment in turned]
            yield from (Block(s.text, page=place + 1, boxes=(box,)) for s, box in zip(turned, boxes, strict=True))
        yield from (_head(row, page, place + 1) for height, row in outer if height >= len(rows) / 2)
        for watermark in page.watermarks:
            if watermark not in watermarks:
                watermarks.add(watermark)
                yield Block(watermark, page=place + 1)


def _goes_on(part: Part, above: Part) -> bool:
    """Whether a table is the rest of one that ends at the foot of the page before."""
    return part.is_table and above.is_table and go_on(part.rows, above.rows)


def _head(row: Row, page: PageRead, number: int) -> Paragraph:
    line = joined(row)
    return Paragraph(list(lines_of([line], [_box(line, page.frame, number, page.main.turns)], part=0)), aside=True)


def _part(
    part: Part,
    column: Column,
    frame: Frame,
    page: int,
    number: int,
    across: Callable[[float, float, float], list[float]],
) -> list[Line] | Block:
    segments = [segment for row in part.rows for segment in row]
    boxes = [_box(segment, frame, page, column.turns) for segment in segments]
    if not part.is_table:
        return list(lines_of(segments, boxes, number))
    from_right = is_from_right("".join(segment.text for segment in segments))
    rows = cells_of(part.rows, across, from_right=from_right)
    return Block(kind="table", rows=rows, page=page, boxes=tuple(boxes))


def _box(segment: Segment, frame: Frame, page: int, turns: int) -> Box:
    if frame.rotation == turns:
        return Box(page, *(round(edge, 1) for edge in (segment.left, segment.top, segment.right, segment.bottom)))
    corners = frame.seen(segment.left, segment.top, turns), frame.seen(segment.right, segment.bottom, turns)
    (left, right), (top, bottom) = (sorted(values) for values in zip(*corners, strict=True))
    return Box(page, round(left, 1), round(top, 1), round(right, 1), round(bottom, 1))


def _not_shown(values: Sequence[tuple[str, str]], pages: int, blocks: Sequence[Block]) -> list[Block]:
    """The names and values of an XFA form that no page shows."""
    if not values:
        return []
    shown = "\n".join(one_line(written(block)) for block in blocks)
    return [Block(f"{name}: {value}", page=pages) for name, value in values if value not in shown]

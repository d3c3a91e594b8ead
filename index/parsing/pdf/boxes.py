"""Where a range of the stored text stands on the pages of its PDF, and pictures of these pages.

What runs here runs in worker processes, over the kept original.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from pypdfium2 import PdfTextPage, raw

from index.errors import PageNotFound
from index.parsing.content import malformed
from index.parsing.pdf.alignment import aligned, is_letter
from index.parsing.pdf.layout.parts import parts_of
from index.parsing.pdf.opening import opened_file
from index.parsing.pdf.outline import levels_on
from index.parsing.pdf.page.frame import Frame
from index.parsing.pdf.page.pages import PageRead, Rules, opened, read
from index.parsing.pdf.page.segments import Segment, joined
from index.parsing.pdf.page.words import characters_of

MAX_PIXELS = 16_000_000

# in heights of the line
_ON_LINE, _APART = 0.5, 1.5

Rectangle = tuple[float, float, float, float]
"""Left, upper, right and lower edge, in points from the upper left corner of the page as it is seen."""


class _Place(NamedTuple):
    """A character of a page, by PDFium's number, and how its line is turned."""

    number: int
    turns: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A half-open range of the text that is stored of a page, which counts from 1."""

    page: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PageBoxes:
    """Where a range stands on a page; without rectangles where that is not certain."""

    page: int
    label: str
    width: float
    height: float
    rectangles: tuple[Rectangle, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether the rectangles are those of all that was asked for."""
        return bool(self.rectangles)


def boxes_on(path: str, name: str, wanted: Sequence[Wanted]) -> Iterator[PageBoxes]:
    """Finds each range on its page of a PDF. Raises EncryptedFile, MalformedFile, PageNotFound."""
    with opened_file(name, path) as document:
        rules = Rules(document)
        for one in wanted:
            number = one.page - 1
            if number >= len(document):
                raise PageNotFound(name, one.page)
            with malformed(name, "a damaged PDF"), opened(document, number) as (page, text, written):
                label = document.get_page_label(number)
                seen = read(page, text, label, written, levels_on(page) if document.is_tagged() else {})
                frame = seen.frame
                size = frame.width(frame.rotation), frame.height(frame.rotation)
                places = _places(one, characters_of(text), _lines(seen, rules, number))
                yield PageBoxes(one.page, label, *size, tuple(_rectangles(text, places, frame)))


def png_of(path: str, name: str, number: int, scale: float) -> Iterator[bytes]:
    """A page of a PDF as PNG, ``scale`` pixels to a point, or fewer where there would be more than `MAX_PIXELS`.

    Raises EncryptedFile, MalformedFile, PageNotFound.
    """
    with opened_file(name, path) as document:
        if number > len(document):
            raise PageNotFound(name, number)
        with malformed(name, "a damaged PDF"):
            page = document[number - 1]
            width, height = page.get_size()
            largest = math.sqrt(MAX_PIXELS / max(width * height, 1.0))
            picture = page.render(scale=min(scale, largest)).to_pil()
            file = io.BytesIO()
            picture.save(file, "PNG")
    yield file.getvalue()


def _lines(page: PageRead, rules: Rules, number: int) -> Iterator[tuple[Segment, int]]:
    """The lines, and the cells of tables, of a page in reading order, each with how it is turned."""
    turns = page.main.turns
    for part in parts_of(page.main.rows, lambda x, top, bottom: rules.across(number, turns, x, top, bottom)):
        yield from ((segment, turns) for row in part.rows for segment in row)
    yield from ((joined(row), column.turns) for column in page.others for row in column.rows)


def _places(wanted: Wanted, characters: str, lines: Iterator[tuple[Segment, int]]) -> list[_Place]:
    """The characters of a range; none where those of its letters are not all certain."""
    places = [
        [_Place(n, turns) for run in line.runs for n in range(*run) if not characters[n].isspace()]
        for line, turns in lines
    ]
    drawn = ["".join([characters[place.number] for place in line]) for line in places]
    found = aligned(wanted.text, drawn)[wanted.start : wanted.end]
    text = wanted.text[wanted.start : wanted.end]
    if any(place is None and is_letter(character) for place, character in zip(found, text, strict=True)):
        return []
    every = list(chain.from_iterable(places))
    return [every[place] for place in found if place is not None]


def _rectangles(text: PdfTextPage, places: Sequence[_Place], frame: Frame) -> Iterator[Rectangle]:
    """A rectangle for each run of characters that stand beside one another."""
    line: Rectangle | None = None
    turns = 0
    for place in places:
        box = _box(text, place, frame)
        if line is not None and turns == place.turns and _goes_on(line, box):
            line = min(line[0], box[0]), min(line[1], box[1]), max(line[2], box[2]), max(line[3], box[3])
            continue
        if line is not None:
            yield _seen(line, turns, frame)
        line, turns = box, place.turns
    if line is not None:
        yield _seen(line, turns, frame)


def _goes_on(line: Rectangle, box: Rectangle) -> bool:
    height = min(line[3] - line[1], box[3] - box[1])
    shared = min(line[3], box[3]) - max(line[1], box[1])
    gap = max(box[0] - line[2], line[0] - box[2])
    return shared >= _ON_LINE * height and gap <= _APART * height


def _box(text: PdfTextPage, place: _Place, frame: Frame) -> Rectangle:
    """Where a character stands, in the coordinates of its line."""
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(text.raw, place.number, box)
    return _between(frame.upright(box.left, box.top, place.turns), frame.upright(box.right, box.bottom, place.turns))


def _seen(line: Rectangle, turns: int, frame: Frame) -> Rectangle:
    left, top, right, bottom = _between(frame.seen(line[0], line[1], turns), frame.seen(line[2], line[3], turns))
    return round(left, 2), round(top, 2), round(right, 2), round(bottom, 2)


def _between(first: tuple[float, float], second: tuple[float, float]) -> Rectangle:
    (left, right), (top, bottom) = (sorted(values) for values in zip(first, second, strict=True))
    return left, top, right, bottom

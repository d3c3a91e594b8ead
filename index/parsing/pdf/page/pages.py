"""The pages of a PDF file: what stands on each, and what of it is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby

from pypdfium2 import PdfDocument, PdfPage, PdfTextPage, raw

from index.errors import DocumentTooLarge
from index.parsing.content import File
from index.parsing.pdf.outline import levels_on
from index.parsing.pdf.page.capitals import with_capitals
from index.parsing.pdf.page.drawn import Bounds, Drawn, rules_on
from index.parsing.pdf.page.forms import TICK, Written, written_on
from index.parsing.pdf.page.frame import Frame
from index.parsing.pdf.page.segments import Row, rows_of
from index.parsing.pdf.page.styles import PLAIN
from index.parsing.pdf.page.words import Word, words_of
from index.parsing.pdf.recognition import Recognised, Recogniser

_WATERMARK = 30.0  # points: faint type of this size is behind the text
_FEW_CHARACTERS = 40  # that a scanner or a program may print on the picture of a page
# of what is written into a field that has no looks of its own: points at most, and how wide a letter is in sizes
_WRITTEN_SIZE, _LETTER = 12.0, 0.5
_ONE_RULE = 2.0  # points within which lines are one


@dataclass(frozen=True, slots=True)
class Column:
    """Rows of text that is turned in one way."""

    rows: Sequence[Row]
    turns: int


@dataclass(frozen=True, slots=True)
class PageRead:
    """What stands on a page: the text as most of it is turned, what is turned in other ways, and watermarks."""

    frame: Frame
    label: str
    main: Column
    others: tuple[Column, ...] = ()
    watermarks: tuple[str, ...] = ()
    unseen: int = 0
    unreadable: int = 0
    recognised: Recognised | None = None
    """What was read of it as of a picture, where it is one."""

    @property
    def has_text(self) -> bool:
        """Whether any text is read from it."""
        return bool(
            self.main.rows or self.others or self.watermarks or (self.recognised and self.recognised.paragraphs)
        )


def pages_of(file: File, document: PdfDocument) -> Iterator[PageRead]:
    """The pages of a file. Raises DocumentTooLarge."""
    is_tagged = document.is_tagged()
    characters = 0
    recogniser = Recogniser()
    for number in range(len(document)):
        with opened(document, number) as (page, text, written):
            characters += text.count_chars()
            if characters > file.max_bytes:
                raise DocumentTooLarge(file.name, characters, file.max_bytes)
            label = document.get_page_label(number)
            yield read(page, text, label, written, levels_on(page) if is_tagged else {}, recogniser)


@contextmanager
def opened(document: PdfDocument, number: int) -> Iterator[tuple[PdfPage, PdfTextPage, Sequence[Written]]]:
    """A page, its text, and what is written into it that it may not show. Pages count from 0."""
    page = document[number]
    written = written_on(page)
    if written is not None:  # what fields and notes look like becomes a part of the page
        raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
        page.close()
        page = document[number]
    text = page.get_textpage()
    yield page, text, written or []
    text.close()
    page.close()


def read(
    page: PdfPage,
    text: PdfTextPage,
    label: str,
    written: Sequence[Written],
    levels: dict[int, int],
    recogniser: Recogniser | None = None,
) -> PageRead:
    """What stands on an open page. ``levels`` are those of headings, by the number of their marked content."""
    found = words_of(page, text, levels)
    frame, drawn = Frame.of(page), Drawn(page)
    words = [*found.words, *(word for note in written for word in _unless_shown(note, frame, found.words))]
    by_turns: dict[int, list[Word]] = {}
    behind: list[Word] = []
    for word in words:
        style = word.style
        if style.turns is None or (style.faint and style.size >= _WATERMARK):
            behind.append(word)
        else:
            by_turns.setdefault(style.turns, []).append(word)
    ordered = sorted(by_turns, key=lambda turns: -len(by_turns[turns]))
    columns = [Column(rows_of(with_capitals(by_turns[turns])), turns) for turns in ordered]
    characters = sum(len(word.text) for word in words)
    is_picture = characters < _FEW_CHARACTERS and not found.unreadable and drawn.is_picture
    is_only_drawn = not words and not found.unseen and not found.unreadable and drawn.is_anything()
    recognised = recogniser.read(page) if recogniser and (is_picture or is_only_drawn) else None
    if recognised and recognised.paragraphs:  # what is printed on the picture is read with it
        columns, behind = [], []
    return PageRead(
        frame,
        label,
        columns[0] if columns else Column([], frame.rotation),
        tuple(columns[1:]),
        tuple(_lines_behind(behind)),
        found.unseen,
        found.unreadable,
        recognised,
    )


def _lines_behind(words: Sequence[Word]) -> Iterator[str]:
    """The words of watermarks, those of one style after one another together."""
    for _, together in groupby(words, key=lambda word: word.style):
        yield "".join(f" {word.text}" if word.apart else word.text for word in together).strip()


def _unless_shown(note: Written, frame: Frame, words: Sequence[Word]) -> Iterator[Word]:
    """The words of a field or note, where they would be seen, unless the page shows them there already."""
    boxes: dict[int, tuple[float, float, float, float]] = {}
    for turns in range(4):
        (left, top), (right, bottom) = sorted(
            (frame.upright(note.left, note.top, turns), frame.upright(note.right, note.bottom, turns))
        )
        boxes[turns] = left, min(top, bottom), right, max(top, bottom)
    inside = "".join(word.text for word in words if word.style.turns is not None and _is_in(word, boxes))
    shown = not inside.isalnum() if note.text == TICK else note.text.split()[0] in inside
    if inside and shown:
        return
    left, top, right, bottom = boxes[frame.rotation]
    lines = note.text.splitlines()
    pitch = (bottom - top) / len(lines)
    size = max(1.0, min(_WRITTEN_SIZE, pitch * 0.8))
    style = replace(PLAIN, size=size, turns=frame.rotation)
    for number, line in enumerate(lines):
        start, base = left, top + pitch * (number + 0.5) + 0.35 * size
        for word in line.split():
            end = start + size * _LETTER * len(word)
            yield Word(word, start, end, base, style, apart=True, place=-1)
            start = end + size * _LETTER


def _is_in(word: Word, boxes: dict[int, tuple[float, float, float, float]]) -> bool:
    left, top, right, bottom = boxes[word.style.turns or 0]
    return left <= (word.left + word.right) / 2 <= right and top <= word.base - 0.3 * word.style.size <= bottom


class Rules:
    """The level lines that are drawn on the pages of a file, looked at when they are asked for."""

    def __init__(self, document: PdfDocument) -> None:
        self._document = document
        self._page = -1
        self._areas: list[Bounds] = []

    def across(self, page: int, turns: int, x: float, top: float, bottom: float) -> list[float]:
        """The heights, from the top, of the lines that cross ``x`` between two heights of a page, which counts from 0.

        All are in the coordinates of a text that is turned so.
        """
        if turns % 2:
            return []
        if page != self._page:
            opened = self._document[page]
            self._page, self._frame, self._areas = page, Frame.of(opened), rules_on(opened)
            opened.close()
        heights: set[float] = set()
        for left, low, right, _ in self._areas:
            start, height = self._frame.upright(left, low, turns)
            end, _ = self._frame.upright(right, low, turns)
            if min(start, end) <= x <= max(start, end) and top < height < bottom:
                heights.add(round(height / _ONE_RULE) * _ONE_RULE)
        return sorted(heights)

"""What passages are put together from: sentences, and what must not be cut, as headings, list items, rows of tables.

Texts may be made to do harm. So no more than a part of one is held in pieces, and units are given one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from index.documents import Outline, TextBlock
from index.passages.reading_text import CELLS_APART, Context
from index.passages.sentences import sentences, trimmed

CountTokens = Callable[[Sequence[str]], list[int]]
Range = tuple[int, int]

_NOT_BLANK = re.compile(r"\S")
_UNITS_AT_ONCE = 1_000
_CHARACTERS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Unit:
    """A half-open range of the text that is cut only where it is too long for a passage."""

    start: int
    end: int
    level: int = 0
    """Of a heading, from 1 for the highest; 0 for anything else."""
    begins: bool = True
    """Whether something begins with it that would rather be in one passage; if not, it belongs to the unit before."""
    is_item: bool = False
    """Whether it is a list item, which may be cut between sentences."""
    leads: bool = False
    """Whether it says nothing without what follows: a heading, or the header of a table."""
    cells: tuple[tuple[int, str], ...] = ()
    """Of a row, where its cells begin in the text, and their headers."""
    tokens: int = 0
    """With the headers of its cells."""

    def reading(self, text: str) -> str:
        """What a passage that has it is read as, as far as it goes."""
        if not self.cells:
            return text[self.start : self.end]
        headers = tuple(header for _, header in self.cells)
        cells = tuple((place - self.start, number) for number, (place, _) in enumerate(self.cells))
        return Context("", headers, cells).reading(text[self.start : self.end]).text


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a unit may be."""

    tokens: Callable[[int, int], int]
    """How many tokens from a start to an end, beside the context that a passage has there."""
    characters: int


def units(
    text: str, outline: Outline, ranges: Iterable[Range], count_tokens: CountTokens, limits: Limits
) -> Iterator[Unit]:
    """The units of the text, in order; what is too long comes in pieces that are not. ``ranges`` are its sentences."""
    return _fitting(text, _uncounted(text, outline, _Sentences(ranges)), count_tokens, limits)


class _Sentences:
    """The sentences of a text, given out from its beginning to its end; what goes over a border is cut there."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        self._rest = iter(ranges)
        self._next = next(self._rest, None)

    def within(self, text: str, start: int, end: int) -> Iterator[Range]:
        """Those between ``start`` and ``end``, which is no less than any that was asked for."""
        while self._next is not None and self._next[0] < end:
            first, last = self._next
            self._next = (end, last) if last > end else next(self._rest, None)
            left, right = max(first, start), min(last, end)
            if left < right and (found := trimmed(text, left, right)) is not None:
                yield found


def _uncounted(text: str, outline: Outline, ranges: _Sentences) -> Iterator[Unit]:
    """Every unit, however long."""
    done = 0
    before: TextBlock | None = None
    joins = False  # whether what is before goes with what follows: a heading, or a sentence that ends with a colon
    for block in outline.blocks:
        for start, end in ranges.within(text, done, block.start):
            yield Unit(start, end)
            before, joins = None, False
        goes_on = joins or (before is not None and before.kind == block.kind == "list_item")
        joins = False
        for unit in _of_block(text, block, ranges):
            yield replace(unit, begins=unit.begins and not goes_on)
            goes_on = False
            joins = unit.level > 0 or text[unit.end - 1] == ":"
        done, before = block.end, block
    for start, end in ranges.within(text, done, len(text)):
        yield Unit(start, end)


def _of_block(text: str, block: TextBlock, ranges: _Sentences) -> Iterator[Unit]:
    """Its units; the first begins something, and so does a sentence that leads in what follows."""
    if block.kind == "table":
        yield from _rows(text, block)
    elif block.kind in ("heading", "list_item"):
        if (found := trimmed(text, block.start, block.end)) is not None:
            is_item = block.kind == "list_item"
            yield Unit(*found, level=0 if is_item else max(block.level, 1), is_item=is_item, leads=not is_item)
    else:
        is_first = True
        for start, end in ranges.within(text, block.start, block.end):
            leads_in = end == block.end and text[end - 1] == ":"
            yield Unit(start, end, begins=is_first or leads_in)
            is_first = False


def _rows(text: str, block: TextBlock) -> Iterator[Unit]:
    columns = block.columns
    bare = iter(columns.bare if columns is not None else ())
    next_bare = next(bare, -1)
    start = block.start
    is_first = True
    while start < block.end:
        line_end = text.find("\n", start, block.end)
        end = block.end if line_end < 0 else line_end
        is_bare = start - block.start == next_bare
        if is_bare:
            next_bare = next(bare, -1)
        if (found := trimmed(text, start, end)) is not None:
            is_header = columns is not None and start - block.start < columns.body
            headers = () if columns is None or is_header or is_bare else columns.headers
            yield Unit(*found, begins=is_first, leads=is_header, cells=tuple(_cells(text, start, found, headers)))
            is_first = False
        start = end + 1


def _cells(text: str, start: int, row: Range, headers: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Where the cells of a row begin, and their headers; ``start`` is that of its line."""
    left, right = row
    for header, cell in zip(headers, text[start:right].split(CELLS_APART), strict=False):
        if header and start >= left:
            yield start, header
        start += len(cell) + len(CELLS_APART)


def _fitting(text: str, whole: Iterable[Unit], count_tokens: CountTokens, limits: Limits) -> Iterator[Unit]:
    for together in _together(whole, lambda unit: unit.end - unit.start):
        # what has too many characters for a passage need not be tokenised as a whole
        short = [unit for unit in together if unit.end - unit.start <= limits.characters]
        counted = iter(count_tokens([unit.reading(text) for unit in short]))
        for unit in together:
            most = limits.tokens(unit.start, unit.end)
            tokens = next(counted) if unit.end - unit.start <= limits.characters else most + 1
            if tokens <= most:
                yield replace(unit, tokens=tokens)
            else:
                yield from _parts(text, unit, count_tokens, limits)


def _parts(text: str, unit: Unit, count_tokens: CountTokens, limits: Limits) -> Iterator[Unit]:
    """A unit that is too long, in parts: an item in sentences, anything else cut between words, without headers."""
    begins = unit.begins
    if unit.is_item:
        inside = (Unit(unit.start + start, unit.start + end) for start, end in sentences(text[unit.start : unit.end]))
        parts = _fitting(text, inside, count_tokens, limits)
    else:
        parts = _pieces(text, unit.start, unit.end, count_tokens, limits)
    for part in parts:
        yield replace(part, begins=begins)
        begins = False


def _together(items: Iterable[Unit], size: Callable[[Unit], int]) -> Iterator[list[Unit]]:
    """Those that are tokenised at once, in order."""
    together: list[Unit] = []
    room = _CHARACTERS_AT_ONCE
    for item in items:
        together.append(item)
        room -= size(item)
        if room <= 0 or len(together) == _UNITS_AT_ONCE:
            yield together
            together, room = [], _CHARACTERS_AT_ONCE
    if together:
        yield together


def _pieces(text: str, start: int, end: int, count_tokens: CountTokens, limits: Limits) -> Iterator[Unit]:
    """A sentence too long for one passage, cut between words."""
    most = limits.tokens(start, end)
    # no tokenizer makes more than four tokens of a character (its bytes), so such a word part always fits
    words = _words(text, start, end, longest=max(1, most // 4))
    left = right = start
    used = 0
    for together in _together(words, lambda word: word.end - word.start):
        counts = count_tokens([text[word.start : word.end] for word in together])
        for word, tokens in zip(together, counts, strict=True):
            if right > left and (used + tokens > most or word.end - left > limits.characters):
                yield Unit(left, right, tokens=used)
                left, used = word.start, 0
            right, used = word.end, used + tokens
    yield Unit(left, right, tokens=used)


def _words(text: str, start: int, end: int, longest: int) -> Iterator[Unit]:
    """The words of a sentence; a longer one than ``longest`` in parts that are not.

    Looks at a part of the sentence at a time: a search through all of it would keep other threads waiting.
    """
    word = re.compile(rf"\S{{1,{longest}}}")
    position = start
    while position < end:
        part_end = min(position + _CHARACTERS_AT_ONCE, end)
        first = _NOT_BLANK.search(text, position, part_end)
        if first is None:
            position = part_end
        elif (match := word.match(text, first.start(), end)) is not None:
            yield Unit(*match.span())
            position = match.end()

"""What embedder, word search and reader are given of a passage: its characters, and words that say where it stands.

The words are context: a passage is found by them and read with them, but they are never part of an answer. So a reading
text knows which of its characters are stored ones, and how far these have moved.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

CELLS_APART = " | "
"""What stands between the cells of a row in the stored text."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Half-open characters of a reading text that are stored ones."""

    start: int
    end: int
    shift: int
    """How many inserted characters stand before them: ``start - shift`` is where the passage has the first."""


@dataclass(frozen=True, slots=True)
class ReadingText:
    """A passage as it is read. The pieces are in order and together hold every character of the passage."""

    text: str
    pieces: tuple[Piece, ...]

    @classmethod
    def bare(cls, text: str) -> ReadingText:
        """A passage without context."""
        return cls(text, (Piece(0, len(text), 0),))

    def place(self, offset: int) -> int:
        """Where the character stands that the passage has at ``offset``."""
        number = bisect_right(self.pieces, offset, key=lambda piece: piece.start - piece.shift) - 1
        return offset + self.pieces[number].shift


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: what its row begins with, and the header of its column."""

    row: str
    """Empty for the cells that rows begin with."""
    column: str


@dataclass(frozen=True, slots=True)
class Context:
    """Where a passage stands: the way to it from the title of its document, and the columns of its rows."""

    path: str = ""
    """The title and the headings above it; empty where none is known."""
    headers: tuple[str, ...] = ()
    """What the columns are called that cells of the passage stand in."""
    cells: tuple[tuple[int, int], ...] = ()
    """Where each cell begins that has a header, in characters of the passage, and the number of that header."""

    @property
    def shown(self) -> str:
        """In words, for people: the path, and the headers on a line of their own."""
        return "\n".join(filter(None, (self.path, CELLS_APART.join(self.headers))))

    def cell(self, passage: str, start: int, end: int) -> Cell | None:
        """The cell of ``passage`` that holds the half-open range; None where no cell with a header does."""
        row_start = passage.rfind("\n", 0, start) + 1
        row = passage[row_start:].split("\n", 1)[0]
        begun = [(place, number) for place, number in self.cells if row_start <= place <= start]
        if not begun:
            return None
        place, number = begun[-1]
        cell = row[place - row_start :].split(CELLS_APART, 1)[0]
        if end > place + len(cell):
            return None
        first = "" if place == row_start else row.split(CELLS_APART, 1)[0].strip()
        return Cell(first, self.headers[number])

    def reading(self, passage: str) -> ReadingText:
        """The passage with its context."""
        named = ((place, self.headers[number]) for place, number in self.cells)
        ahead = [(0, f"{self.path}\n")] if self.path else []
        return _with_insertions(passage, (*ahead, *before_cells(passage, named)))


NO_CONTEXT = Context()


def before_cells(passage: str, cells: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """What is inserted before cells: their headers, which stand alone before empty ones."""
    for place, header in cells:
        is_empty = passage.startswith(CELLS_APART, place)
        yield place, f"{header}:" if is_empty else f"{header}: "


def _with_insertions(passage: str, insertions: Iterable[tuple[int, str]]) -> ReadingText:
    """``insertions`` are (where, what), in the order of the passage."""
    parts: list[str] = []
    pieces: list[Piece] = []
    done = shift = 0
    for place, words in (*insertions, (len(passage), "")):
        if place > done:
            pieces.append(Piece(done + shift, place + shift, shift))
        parts += (passage[done:place], words)
        done, shift = place, shift + len(words)
    return ReadingText("".join(parts), tuple(pieces))

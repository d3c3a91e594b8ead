"""Document text → passages, by its structure as far as that is known, else by sentences.

Pure: no model, only a function that counts tokens. Every passage is a half-open range of the text, and the ranges cover
every non-blank character. Headings stay with what follows them, tables are cut between rows, and what would rather be
in one passage is, where it fits. Neighbours share up to ``overlap_tokens`` of whole units, so that an answer near a
border is seen with what stands around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.documents import Outline
from index.passages.paths import Paths
from index.passages.reading_text import NO_CONTEXT, Context
from index.passages.sentences import sentences
from index.passages.units import CountTokens, Limits, Range, Unit, units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHARACTERS_OF_TOKEN = 200
"""Of each token that a passage may have, so many characters at most: tokenizers pass over marks and control characters,
and take a word of any length that they don't know for one token."""
_ENOUGH = 0.5
"""How full a passage is, at least, that is ended before it has to be."""
_SENTENCES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class PassageSize:
    """How large passages are with their context, in tokens of the embedder."""

    max_tokens: int = 130
    overlap_tokens: int = 30

    def __post_init__(self) -> None:
        if not 0 <= self.overlap_tokens < self.max_tokens:
            raise ValueError(f"overlap_tokens={self.overlap_tokens} must be below max_tokens={self.max_tokens}")

    @property
    def max_characters(self) -> int:
        """How long a passage may be whose tokens are few: far more than any text has that people read."""
        return _CHARACTERS_OF_TOKEN * self.max_tokens

    @property
    def overlap_characters(self) -> int:
        """How much neighbours share of a text whose tokens are few."""
        return _CHARACTERS_OF_TOKEN * self.overlap_tokens

    def within(self, limit: int) -> PassageSize:
        """This size, but no larger than an embedder reads that sees only ``limit`` tokens."""
        return PassageSize(min(self.max_tokens, limit), min(self.overlap_tokens, limit // 4))


@dataclass(frozen=True, slots=True)
class PassageRange:
    """A passage of a text: half-open characters, and where they stand."""

    start: int
    end: int
    context: Context = NO_CONTEXT


def split(
    text: str,
    count_tokens: CountTokens,
    size: PassageSize,
    outline: Outline = Outline(),  # noqa: B008 - it is frozen
    *,
    title: str = "",
    ranges: NDArray[np.int32] | None = None,
) -> Iterator[PassageRange]:
    """The passages of ``text``, each of at most ``size.max_tokens`` tokens with its context.

    ``ranges`` are those of the text's `sentences`, where they are known already: (sentences, 2).
    """
    paths = Paths(title, outline, count_tokens, size.max_tokens // 4)
    found = sentences(text) if ranges is None else _rows(ranges)
    limits = Limits(lambda start, end: size.max_tokens - paths.most_tokens(start, end), size.max_characters)
    packing = _Packing(paths, size)
    for group in _groups(units(text, outline, found, count_tokens, limits), size):
        yield from packing.put(group)
    yield from packing.finish()


def _rows(ranges: NDArray[np.int32]) -> Iterator[Range]:
    for start in range(0, len(ranges), _SENTENCES_AT_ONCE):
        yield from ranges[start : start + _SENTENCES_AT_ONCE].tolist()


def _groups(found: Iterable[Unit], size: PassageSize) -> Iterator[list[Unit]]:
    """The units that would rather be in one passage; of more than a passage holds the first ones, the others alone."""
    group: list[Unit] = []
    tokens = 0
    too_large = False
    for unit in found:
        if group and (unit.begins or too_large):
            yield group
            group = []
            if unit.begins:
                tokens, too_large = 0, False
        group.append(unit)
        tokens += unit.tokens
        too_large = too_large or tokens > size.max_tokens or unit.end - group[0].start > size.max_characters
    if group:
        yield group


class _Packing:
    """Puts units into passages, one after the other."""

    def __init__(self, paths: Paths, size: PassageSize) -> None:
        self._paths = paths
        self._size = size
        self._held: list[Unit] = []  # of the passage that is being filled
        self._used = 0  # their tokens
        self._level = 0  # of the highest heading that they have or stand under
        self._again = 0  # how many of them the passage before has as well

    def put(self, group: Sequence[Unit]) -> Iterator[PassageRange]:
        """Gives the passages that are full."""
        tokens = _tokens(group)
        if self._held and self._used >= _ENOUGH * self._room(self._held[0]):
            if 0 < group[0].level <= self._level:
                yield from self._end(None, 0)
            elif not self._take(group[-1], tokens) and self._fit(group[0], group[-1], tokens):
                yield from self._end(group[-1], tokens)
        for unit in group:
            if self._held and not self._take(unit, unit.tokens):
                yield from self._end(unit, unit.tokens)
            self._hold(unit)

    def finish(self) -> Iterator[PassageRange]:
        """Gives the last passage."""
        if self._held:
            yield self._passage(self._held)

    def _hold(self, unit: Unit) -> None:
        if not self._held:
            self._level, self._used = unit.level or self._paths.level(unit.start), 0
        elif unit.level:
            self._level = min(self._level, unit.level)
        self._held.append(unit)
        self._used += unit.tokens

    def _take(self, last: Unit, tokens: int) -> bool:
        """Whether the passage has room for units of so many tokens, of which ``last`` is the last."""
        return self._fit(self._held[0], last, self._used + tokens)

    def _fit(self, first: Unit, last: Unit, tokens: int) -> bool:
        """Whether units of so many tokens make a passage."""
        return last.end - first.start <= self._size.max_characters and tokens <= self._room(first)

    def _room(self, first: Unit) -> int:
        return self._size.max_tokens - self._paths.tokens(first.start)

    def _end(self, last: Unit | None, tokens: int) -> Iterator[PassageRange]:
        """Ends the passage before units of so many tokens, and begins the next with what goes with these.

        These are headings, and headers of tables, at its end, or what both share: with another section nothing.
        """
        held = self._held
        leading = next((n for n, unit in enumerate(reversed(held)) if not unit.leads), len(held))
        if last is None or leading == len(held):
            leading = 0
        kept = held[len(held) - leading :]
        if kept and last is not None and not self._fit(kept[0], last, _tokens(kept) + tokens):
            kept = []
        ended = held[: len(held) - len(kept)]
        if len(ended) > self._again:
            yield self._passage(ended)
        self._held, self._again = [], 0
        if last is not None and not kept and not last.level:
            kept = self._overlap(held, last, tokens)
            self._again = len(kept)
        for unit in kept:
            self._hold(unit)

    def _overlap(self, held: Sequence[Unit], last: Unit, tokens: int) -> list[Unit]:
        """The last units of a passage, never all of them, that the next one begins with."""
        kept: list[Unit] = []
        used = 0
        for before in reversed(held[1:]):
            used += before.tokens
            shared = held[-1].end - before.start
            if used > self._size.overlap_tokens or shared > self._size.overlap_characters:
                break
            if not self._fit(before, last, used + tokens):
                break
            kept.append(before)
            if before.level:
                break
        return kept[::-1]

    def _passage(self, held: Sequence[Unit]) -> PassageRange:
        start = held[0].start
        cells = [cell for unit in held for cell in unit.cells]
        numbers = {header: number for number, header in enumerate(dict.fromkeys(header for _, header in cells))}
        places = tuple((place - start, numbers[header]) for place, header in cells)
        return PassageRange(start, held[-1].end, Context(self._paths.path(start), tuple(numbers), places))


def _tokens(units: Sequence[Unit]) -> int:
    return sum(unit.tokens for unit in units)

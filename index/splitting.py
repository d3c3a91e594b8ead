"""Document text → passages that end on sentence boundaries. Pure: no model, only a function that counts tokens.

Every passage is a half-open range of the text, the ranges cover every non-blank character, and neighbours share up to
``overlap_tokens`` of whole sentences, so that an answer near a border is seen with what stands around it.

Texts may be made to do harm. So every pattern takes time in proportion to the text, and no more than a block of it is
held in pieces: sentences and passages are given one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CountTokens = Callable[[Sequence[str]], list[int]]

# A sentence ends at its stop and what closes with it ("…), if white space follows; in scripts that write none, at once.
# A row of stops is tried once, at its first: from each of them it would take quadratic time.
_STOP = re.compile(
    r"""[.!?…。！？]
    (?: (?<![.!?…][\s\S]) (?<=[.!?…]) [.!?…]*+ ["'”’»)\]]*+ (?=\s)
      | (?<=[。！？]) [。！？]*+ [」』”’）]*+ )""",
    re.VERBOSE,
)
# A paragraph ends at a blank line; a heading, a list item or a row of a table (`index.parsing.blocks`) is a line.
_BREAK = re.compile(
    r"""\n[^\S\n]*+(?=\n)
    | \n(?=[^\S\n]*+(?:[-*•]|\d{1,3}[.)]|\([a-z0-9]{1,3}\)) [ ])
    | ^\#{1,6} [ ] .*$
    | ^[^\n|]*+ (?<=[ ]) \| [ ] [^\n]*+$
    | \f""",
    re.MULTILINE | re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘])(?:[A-Z]|(?:[A-Za-z]\.)+[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|Gen|Col|Lt|Sgt|Capt|Rev|Hon|Gov|Sen|Rep|"
    r"No|Nos|Fig|Figs|Eq|Vol|pp|cf|vs|ca|al|approx|Inc|Ltd|Co|Corp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)$"
)
_NOT_BLANK = re.compile(r"\S")

_CHARACTERS_OF_TOKEN = 200
"""Of each token that a passage may have, so many characters at most: tokenizers pass over marks and control characters,
and take a word of any length that they don't know for one token."""
_SENTENCES_AT_ONCE = 1_000
_CHARACTERS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class PassageSize:
    """How large passages are, in tokens of the embedder."""

    max_tokens: int = 130
    overlap_tokens: int = 30

    def __post_init__(self) -> None:
        if not 0 <= self.overlap_tokens < self.max_tokens:
            raise ValueError(f"overlap_tokens={self.overlap_tokens} must be below max_tokens={self.max_tokens}")

    @property
    def max_characters(self) -> int:
        """How long a passage may be whose tokens are few: far more than any text has that people read."""
        return _CHARACTERS_OF_TOKEN * self.max_tokens

    def within(self, limit: int) -> PassageSize:
        """This size, but no larger than an embedder reads that sees only ``limit`` tokens."""
        return PassageSize(min(self.max_tokens, limit), min(self.overlap_tokens, limit // 4))


@dataclass(frozen=True, slots=True)
class _Unit:
    """What a passage is put together from: a sentence, or a piece of one that is too long for a passage."""

    start: int
    end: int
    tokens: int


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of ``text`` as half-open ranges, trimmed of white space, in order.

    Together they hold every non-blank character.
    """
    start = 0
    for end in merge(_ends(text), _breaks(text), (len(text),)):
        if end == start:
            continue
        piece = text[start:end]
        if body := piece.strip():
            left = start + len(piece) - len(piece.lstrip())
            yield left, left + len(body)
        start = end


def split(
    text: str, count_tokens: CountTokens, size: PassageSize, ranges: NDArray[np.int32] | None = None
) -> Iterator[tuple[int, int]]:
    """The passages of ``text`` as half-open ranges, each of at most ``size.max_tokens`` tokens.

    ``ranges`` are those of the text's `sentences`, where they are known already: (sentences, 2).
    """
    held: list[_Unit] = []  # of the passage that is being filled
    used = 0
    for unit in _units(text, sentences(text) if ranges is None else _rows(ranges), count_tokens, size):
        too_long = held and unit.end - held[0].start > size.max_characters
        if held and (too_long or used + unit.tokens > size.max_tokens):
            yield held[0].start, held[-1].end
            held = _overlap(held, unit, size)
            used = sum(before.tokens for before in held)
        held.append(unit)
        used += unit.tokens
    if held:
        yield held[0].start, held[-1].end


def _ends(text: str) -> Iterator[int]:
    return (stop.end() for stop in _STOP.finditer(text) if not _goes_on(text, stop))


def _breaks(text: str) -> Iterator[int]:
    for match in _BREAK.finditer(text):
        yield match.start()
        yield match.end()


def _goes_on(text: str, stop: re.Match[str]) -> bool:
    """Whether the sentence goes on after this stop: an abbreviation, an initial, or lower case behind it."""
    following = text[stop.end() : stop.end() + 40].lstrip()[:1]
    if following.islower():
        return True
    return stop.group() == "." and bool(_ABBREVIATION.search(text, max(0, stop.start() - 12), stop.start()))


def _rows(ranges: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    for start in range(0, len(ranges), _SENTENCES_AT_ONCE):
        yield from ranges[start : start + _SENTENCES_AT_ONCE].tolist()


def _units(
    text: str, ranges: Iterable[tuple[int, int]], count_tokens: CountTokens, size: PassageSize
) -> Iterator[_Unit]:
    """The sentences; one that is too long comes in pieces that are not."""
    for block in _blocks(ranges):
        # one that has too many characters for a passage need not be tokenised as a whole
        fitting = [text[start:end] for start, end in block if end - start <= size.max_characters]
        counted = iter(count_tokens(fitting))
        for start, end in block:
            tokens = next(counted) if end - start <= size.max_characters else size.max_tokens + 1
            if tokens <= size.max_tokens:
                yield _Unit(start, end, tokens)
            else:
                yield from _pieces(text, start, end, count_tokens, size)


def _blocks(ranges: Iterable[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """The ranges in order, so many together as are tokenised at once."""
    block: list[tuple[int, int]] = []
    room = _CHARACTERS_AT_ONCE
    for start, end in ranges:
        block.append((start, end))
        room -= end - start
        if room <= 0 or len(block) == _SENTENCES_AT_ONCE:
            yield block
            block, room = [], _CHARACTERS_AT_ONCE
    if block:
        yield block


def _pieces(text: str, start: int, end: int, count_tokens: CountTokens, size: PassageSize) -> Iterator[_Unit]:
    """A sentence too long for one passage, cut between words."""
    # no tokenizer makes more than four tokens of a character (its bytes), so such a word part always fits
    words = _words(text, start, end, longest=max(1, size.max_tokens // 4))
    left = right = start
    used = 0
    for block in _blocks(words):
        for (s, e), tokens in zip(block, count_tokens([text[s:e] for s, e in block]), strict=True):
            if right > left and (used + tokens > size.max_tokens or e - left > size.max_characters):
                yield _Unit(left, right, used)
                left, used = s, 0
            right, used = e, used + tokens
    yield _Unit(left, right, used)


def _words(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    """The words of a sentence; a longer one than ``longest`` in parts that are not.

    Looks at a block of the sentence at a time: a search through all of it would keep other threads waiting.
    """
    word = re.compile(rf"\S{{1,{longest}}}")
    position = start
    while position < end:
        block_end = min(position + _CHARACTERS_AT_ONCE, end)
        first = _NOT_BLANK.search(text, position, block_end)
        if first is None:
            position = block_end
        elif (match := word.match(text, first.start(), end)) is not None:
            yield match.span()
            position = match.end()


def _overlap(held: Sequence[_Unit], unit: _Unit, size: PassageSize) -> list[_Unit]:
    """The last units of a passage, never all of them, with which the one that ``unit`` is the first new of begins."""
    room = min(size.overlap_tokens, size.max_tokens - unit.tokens)
    kept: list[_Unit] = []
    for before in reversed(held[1:]):
        room -= before.tokens
        if room < 0 or unit.end - before.start > size.max_characters:
            break
        kept.append(before)
    return kept[::-1]

"""Document text → passages that end on sentence boundaries. Pure: no model, only a function that counts tokens.

Every passage is a half-open range of the text, the ranges cover every non-blank character, and neighbours share up to
``overlap_tokens`` of whole sentences, so that an answer near a border is seen with what stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

CountTokens = Callable[[Sequence[str]], list[int]]

# A sentence ends at its stop and what closes with it ("…), if white space follows; in scripts that write none, at once.
_STOP = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”’）]*")
# A paragraph ends at a blank line; a heading or a list item is a line of its own.
_BREAK = re.compile(r"\n[^\S\n]*(?=\n)|\n(?=[^\S\n]*(?:[-*•] |\d{1,3}[.)] ))|^#{1,6} .*$|\f", re.MULTILINE)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘])(?:[A-Z]|(?:[A-Za-z]\.)+[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|Gen|Col|Lt|Sgt|Capt|Rev|Hon|Gov|Sen|Rep|"
    r"No|Nos|Fig|Figs|Eq|Vol|pp|cf|vs|ca|al|approx|Inc|Ltd|Co|Corp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)$"
)


@dataclass(frozen=True, slots=True)
class PassageSize:
    """How large passages are, in tokens of the embedder."""

    max_tokens: int = 130
    overlap_tokens: int = 30

    def __post_init__(self) -> None:
        if not 0 <= self.overlap_tokens < self.max_tokens:
            raise ValueError(f"overlap_tokens={self.overlap_tokens} must be below max_tokens={self.max_tokens}")

    def within(self, limit: int) -> PassageSize:
        """The same, but no longer than an embedder that sees only ``limit`` tokens."""
        return PassageSize(min(self.max_tokens, limit), min(self.overlap_tokens, limit // 4))


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of ``text`` as half-open ranges, trimmed of white space, in order.

    Together they hold every non-blank character.
    """
    ends = {m.end() for m in _STOP.finditer(text) if not _goes_on(text, m)}
    for m in _BREAK.finditer(text):
        ends.update((m.start(), m.end()))
    return list(_trimmed(text, sorted(ends | {len(text)})))


def split(text: str, count_tokens: CountTokens, size: PassageSize) -> list[tuple[int, int]]:
    """The passages of ``text`` as half-open ranges, each of at most ``size.max_tokens`` tokens."""
    units = [unit for unit in _units(text, count_tokens, size.max_tokens) if unit[1] > unit[0]]
    passages: list[tuple[int, int]] = []
    first, used = 0, 0
    for here, (_, _, tokens) in enumerate(units):
        if used + tokens > size.max_tokens and here > first:
            passages.append((units[first][0], units[here - 1][1]))
            first, used = _overlap(units, first, here, min(size.overlap_tokens, size.max_tokens - tokens))
        used += tokens
    if units:
        passages.append((units[first][0], units[-1][1]))
    return passages


def _goes_on(text: str, stop: re.Match[str]) -> bool:
    """Whether the sentence goes on after this stop: an abbreviation, an initial, or lower case behind it."""
    following = text[stop.end() : stop.end() + 40].lstrip()[:1]
    if following.islower():
        return True
    return stop.group() == "." and bool(_ABBREVIATION.search(text, max(0, stop.start() - 12), stop.start()))


def _trimmed(text: str, ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for end in ends:
        piece = text[start:end]
        if body := piece.strip():
            left = start + len(piece) - len(piece.lstrip())
            yield left, left + len(body)
        start = end


def _units(text: str, count_tokens: CountTokens, max_tokens: int) -> Iterator[tuple[int, int, int]]:
    """Sentences as (start, end, tokens); one that is too long comes in pieces that are not."""
    ranges = sentences(text)
    for (start, end), tokens in zip(ranges, count_tokens([text[s:e] for s, e in ranges]), strict=True):
        if tokens <= max_tokens:
            yield start, end, tokens
        else:
            yield from _pieces(text, start, end, count_tokens, max_tokens)


def _pieces(
    text: str, start: int, end: int, count_tokens: CountTokens, max_tokens: int
) -> Iterator[tuple[int, int, int]]:
    """A sentence too long for one passage, cut between words."""
    # no tokenizer makes more than four tokens of a character (its bytes), so such a word part always fits
    longest = max(1, max_tokens // 4)
    words = [
        (at, min(at + longest, start + m.end()))
        for m in re.finditer(r"\S+", text[start:end])
        for at in range(start + m.start(), start + m.end(), longest)
    ]
    left, right, used = words[0][0], words[0][0], 0
    for (s, e), tokens in zip(words, count_tokens([text[s:e] for s, e in words]), strict=True):
        if used + tokens > max_tokens and right > left:
            yield left, right, used
            left, used = s, 0
        right, used = e, used + tokens
    yield left, right, used


def _overlap(units: Sequence[tuple[int, int, int]], first: int, here: int, room: int) -> tuple[int, int]:
    """Where the passage that holds ``here`` begins, and the tokens it starts with: the last ones that fit."""
    used = 0
    at = here
    while at - 1 > first and used + units[at - 1][2] <= room:
        at -= 1
        used += units[at][2]
    return at, used

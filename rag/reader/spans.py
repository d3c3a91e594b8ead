"""From a reader's start and end logits to ranked, non-overlapping spans. Numpy only.

A span's *score* is its margin: start logit + end logit, less the same sum at the null position (token 0,
where a SQuAD 2.0 reader puts "no answer here") of the span's own window. Margins of different windows can
be compared, because each is measured from its own window's null (Devlin et al., arXiv 1810.04805, 4.3).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """A span of tokens in one window: both ends inclusive."""

    window: int
    first: int
    last: int
    score: float
    """The span's margin over the null, in logits."""
    certainty: float
    """The span's log-probability among all spans of its window, the null included: 0 where nothing comes near it."""


def best_token_spans(
    start_logits: FloatArray,
    end_logits: FloatArray,
    may_start: BoolArray,
    may_end: BoolArray,
    pieces: IntArray | None = None,
    *,
    max_tokens: int,
    per_window: int,
    null_weight: float = 1.0,
) -> list[TokenSpan]:
    """The ``per_window`` highest-scoring spans of each window, best first over all windows.

    All arrays have shape (windows, tokens). A span starts where ``may_start``, ends where ``may_end``
    and is 1 to ``max_tokens`` tokens long; ``null_weight`` times its window's null is taken off its score.
    With ``pieces``, the number of the piece that each token is of, all tokens of a span are of one piece.
    Ties go to the earlier window, then start, then end. Raises ValueError when the shapes differ or a limit is below 1.
    """
    if not start_logits.shape == end_logits.shape == may_start.shape == may_end.shape:
        raise ValueError(f"shapes differ: {start_logits.shape}, {end_logits.shape}, {may_start.shape}, {may_end.shape}")
    if max_tokens < 1 or per_window < 1:
        raise ValueError(f"limits must be at least 1: max_tokens={max_tokens}, per_window={per_window}")
    windows, tokens = start_logits.shape
    if windows == 0 or tokens == 0:
        return []
    starts = np.where(may_start, start_logits, -np.inf)
    ends = np.where(may_end, end_logits, -np.inf)
    null = start_logits[:, 0] + end_logits[:, 0]
    rivals = _log_sum(starts, start_logits[:, 0]) + _log_sum(ends, end_logits[:, 0])
    # banded[w, s, k] scores the span from token s to token s + k: memory is tokens x max_tokens, not tokens squared
    padded = np.full((windows, tokens + max_tokens - 1), -np.inf, ends.dtype)
    padded[:, :tokens] = ends
    banded = np.lib.stride_tricks.sliding_window_view(padded, max_tokens, axis=1) + starts[:, :, None]
    if pieces is not None:
        # the pieces follow on each other, and between two of them stands what is of none
        last = np.full((windows, tokens + max_tokens - 1), -1)
        last[:, :tokens] = np.cumsum(np.diff(pieces, axis=1, prepend=pieces[:, :1]) != 0, axis=1)
        runs = last[:, :tokens, None]
        banded = np.where(np.lib.stride_tricks.sliding_window_view(last, max_tokens, axis=1) == runs, banded, -np.inf)
    flat = (banded - null_weight * null[:, None, None]).reshape(windows, -1)
    keep = min(per_window, flat.shape[1])
    # every cell that ties with the last one kept stays in until the order is known: argpartition would pick among them
    least = -np.partition(-flat, keep - 1, axis=1)[:, keep - 1 : keep]
    rows, cells = np.divmod(np.flatnonzero((flat >= least) & (flat > -np.inf)), flat.shape[1])
    scores = flat[rows, cells]
    order = np.lexsort((cells, -scores, rows))
    rank = np.arange(len(order)) - np.searchsorted(rows, rows[order])
    order = order[rank < keep]
    # the best first; among equals they stay by window and cell
    order = order[np.argsort(-scores[order], kind="stable")]
    rows, scores = rows[order], scores[order]
    firsts, further = np.divmod(cells[order], max_tokens)
    certainties = scores + null_weight * null[rows] - rivals[rows]
    columns = (rows, firsts, firsts + further, scores, certainties)
    return list(map(TokenSpan, *(values.tolist() for values in columns)))


def _log_sum(allowed: FloatArray, null: FloatArray) -> FloatArray:
    """(windows,): the logarithm of the sum of the exponentials of the allowed logits and the null's."""
    summed: FloatArray = np.logaddexp(np.logaddexp.reduce(allowed, axis=1), null)
    return summed


def without_overlaps(ranked: Iterable[T], place: Callable[[T], tuple[str, int, int]], limit: int) -> list[T]:
    """The first ``limit`` of ``ranked`` that share no character with a better one.

    ``place`` gives (document id, start, end), half-open.
    """
    kept: list[T] = []
    taken: dict[str, list[tuple[int, int]]] = {}
    for candidate in ranked:
        if len(kept) == limit:
            break
        document, start, end = place(candidate)
        spans = taken.setdefault(document, [])
        if all(end <= s or e <= start for s, e in spans):
            spans.append((start, end))
            kept.append(candidate)
    return kept


def whole_characters(text: str, start: int, end: int) -> tuple[int, int]:
    """``start, end`` widened so that no user-perceived character is cut.

    Tokenizers drop combining marks, joiners and variation selectors, so a span of tokens can end between a letter and
    its accent. A simplification of Unicode UAX #29 that needs no tables beyond the standard library's.
    """
    while 0 < start < len(text) and (_extends(text[start]) or text[start - 1] == ZERO_WIDTH_JOINER):
        start -= 1
    while 0 < end < len(text) and (_extends(text[end]) or text[end - 1] == ZERO_WIDTH_JOINER):
        end += 1
    return start, end


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """``start, end`` widened so that no word with a bracket in it is cut, and no bracket lacks the one beside the span.

    Tokenizers part words there: "e[x]tract", "seat(s)", "(425) 555 0142".
    """
    if text[start].isalnum() and (part := _BEFORE.search(text, max(0, start - _LONGEST), start)):
        start = part.start()
    if text[end - 1].isalnum() and (part := _BEHIND.match(text, end)):
        end = part.end()
    inside = text[start:end]
    for opening, closing in ("()", "[]", "{}"):
        missing = inside.count(closing) - inside.count(opening)
        if missing > 0 and start and text[start - 1] == opening:
            start -= 1
        elif missing < 0 and text.startswith(closing, end):
            end += 1
    return start, end


_LONGEST = 40
"""Characters of a word before a bracket in it."""
_BEFORE = re.compile(r"\w*[([][^\W\d]{1,3}[)\]]\Z")
_BEHIND = re.compile(r"[([][^\W\d]{1,3}[)\]]\w+|\(e?s\)")
ZERO_WIDTH_JOINER = "\u200d"


def _extends(character: str) -> bool:
    """Whether ``character`` belongs to the one before it."""
    return (
        unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or character == ZERO_WIDTH_JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
    )

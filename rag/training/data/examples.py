"""Questions → labelled windows, kept flat: a few large arrays instead of a million small objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.passages.reading_text import ReadingText
from rag.reader.windows import Window, WindowTokenizer
from rag.squad import AcceptedAnswer, SquadParagraph, SquadQuestion

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

IntArray = NDArray[np.int32]
TokenArray = NDArray[np.signedinteger[Any]]
Pair = tuple[str, SquadQuestion]
"""A passage and what is asked about it."""
BLOCK = 512
"""Questions that are tokenised at once: what bounds the memory for the tokenizer's own objects."""


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one training file holds, in its own right, before weight and cap."""

    name: str
    paragraphs: int
    questions: int
    """Usable ones."""
    unanswerable: int
    windows: int
    answerless: int
    """Windows of answerable questions that hold no whole answer."""
    dropped: int
    """Questions left out: so long that no passage fits beside them, or with blank answers only."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """All windows of all sources. Arrays have one entry per window unless said otherwise.

    Windows of a question, and questions of a source, stand side by side.
    """

    inputs: dict[str, TokenArray]
    """The model's inputs, one entry per token; window w is ``bounds[w]:bounds[w + 1]``. No attention mask: all ones."""
    bounds: NDArray[np.int64]
    first: IntArray
    """The target start token; 0 is the null position."""
    last: IntArray
    """The target end token, inclusive."""
    answerless: NDArray[np.bool_]
    """The target is null although the question has an answer."""
    question_bounds: NDArray[np.int64]
    """Question q has the windows ``question_bounds[q]:question_bounds[q + 1]``."""
    source_bounds: NDArray[np.int64]
    """Source s has the questions ``source_bounds[s]:source_bounds[s + 1]``."""
    sources: tuple[SourceCounts, ...]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many tokens each window has, (windows,)."""
        return np.diff(self.bounds)


@dataclass(slots=True)
class CorpusBuilder:
    """Collects the windows of one source after the other."""

    tokenizer: PreTrainedTokenizerFast
    max_tokens: int
    stride: int
    _tokens: dict[str, list[TokenArray]] = field(default_factory=dict)
    _lengths: list[int] = field(default_factory=list)
    _targets: list[tuple[int, int]] = field(default_factory=list)
    _answerless: list[bool] = field(default_factory=list)
    _windows_of: list[int] = field(default_factory=list)
    _sources: list[SourceCounts] = field(default_factory=list)

    def add(self, name: str, paragraphs: Sequence[SquadParagraph]) -> SourceCounts:
        """Tokenise and label every question of one source."""
        windows, answerless, dropped, unanswerable = len(self._lengths), sum(self._answerless), 0, 0
        questions = len(self._windows_of)
        pairs = [(p.text, q) for p in paragraphs for q in p.questions]
        for base in range(0, len(pairs), BLOCK):
            block = pairs[base : base + BLOCK]
            usable = self._usable(block)
            dropped += len(block) - len(usable)
            unanswerable += sum(not q.answers for _, q in usable)
            self._add_block(usable)
        counts = SourceCounts(
            name=name,
            paragraphs=len({p.text for p in paragraphs}),
            questions=len(self._windows_of) - questions,
            unanswerable=unanswerable,
            windows=len(self._lengths) - windows,
            answerless=sum(self._answerless) - answerless,
            dropped=dropped,
        )
        self._sources.append(counts)
        return counts

    def _usable(self, pairs: Sequence[Pair]) -> list[Pair]:
        rooms = WindowTokenizer.of(self.tokenizer).rooms([q.question for _, q in pairs], self.max_tokens)
        fit = [pair for pair, room in zip(pairs, rooms, strict=True) if room > self.stride]
        return [(text, q) for text, q in fit if not q.answers or accepted_spans(q.answers)]

    def _add_block(self, pairs: Sequence[Pair]) -> None:
        passages, questions = [ReadingText.bare(text) for text, _ in pairs], [q.question for _, q in pairs]
        spans, tokenizer = [accepted_spans(q.answers) for _, q in pairs], WindowTokenizer.of(self.tokenizer)
        cut = tokenizer.windows(questions, passages, max_tokens=self.max_tokens, stride=self.stride)
        collected: dict[str, list[NDArray[np.int64]]] = {}
        for pair, group in groupby(cut, key=lambda w: w.pair):
            windows = list(group)
            self._windows_of.append(len(windows))
            for number, window in enumerate(windows):
                edges = (number == 0, number == len(windows) - 1)
                target = best_target(window, spans[pair], edges)
                self._targets.append(target or (0, 0))
                self._answerless.append(target is None and bool(spans[pair]))
                self._lengths.append(len(window))
                for name, values in window.inputs.items():
                    collected.setdefault(name, []).append(values)
        collected.pop("attention_mask", None)
        for name, parts in collected.items():
            # token types are 0 and 1
            tokens = np.concatenate(parts)
            small = tokens.astype(np.int32) if name == "input_ids" else tokens.astype(np.int8)
            self._tokens.setdefault(name, []).append(small)

    def build(self) -> Corpus:
        """The windows of all sources that were added, as one corpus."""
        targets = np.asarray(self._targets, dtype=np.int32).reshape(-1, 2)
        return Corpus(
            inputs={name: np.concatenate(parts) for name, parts in self._tokens.items()},
            bounds=_bounds(self._lengths),
            first=targets[:, 0].copy(),
            last=targets[:, 1].copy(),
            answerless=np.asarray(self._answerless, dtype=bool),
            question_bounds=_bounds(self._windows_of),
            source_bounds=_bounds([s.questions for s in self._sources]),
            sources=tuple(self._sources),
        )


def _bounds(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, dtype=np.int64))])


def accepted_spans(answers: Sequence[AcceptedAnswer]) -> list[tuple[int, int]]:
    """The accepted answers' characters (half-open, without white space around them), the most frequent first.

    Ties keep the order of the file. Blank answers are left out.
    """
    spans = [(a.start + len(a.text) - len(a.text.lstrip()), a.start + len(a.text.rstrip())) for a in answers]
    return [span for span, _ in Counter(s for s in spans if s[0] < s[1]).most_common()]


def best_target(window: Window, spans: Sequence[tuple[int, int]], edges: tuple[bool, bool]) -> tuple[int, int] | None:
    """The target tokens of the first of ``spans`` that the window holds whole; None where it holds none of them."""
    return next(filter(None, (target_tokens(window, s, e, edges) for s, e in spans)), None)


def target_tokens(window: Window, start: int, end: int, edges: tuple[bool, bool]) -> tuple[int, int] | None:
    """The fewest tokens that hold the passage's characters ``start:end`` and that production may pick; both inclusive.

    None where the window does not hold all of it. ``edges`` says whether the window opens and closes the passage:
    there, characters that the tokenizer dropped count as held.
    """
    passage, shift = window.passage, window.passage_from
    inside = np.flatnonzero(passage.offsets[:, 1] > passage.offsets[:, 0])
    if not len(inside):
        return None
    opens, closes = edges
    starts_too_late = not opens and passage.offsets[inside[0], 0] > start
    ends_too_early = not closes and passage.offsets[inside[-1], 1] < end
    touched = inside[(passage.offsets[inside, 0] < end) & (passage.offsets[inside, 1] > start)]
    if starts_too_late or ends_too_early or not len(touched):
        return None
    # whole words: the decoder offers nothing less, so a target inside a word could never be said
    starts = np.flatnonzero(passage.may_start[: touched[0] + 1])
    ends = np.flatnonzero(passage.may_end[touched[-1] :])
    if not len(starts) or not len(ends):
        return None
    return shift + int(starts[-1]), shift + int(touched[-1] + ends[0])

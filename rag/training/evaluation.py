"""Exact match, F1 and F1 with abstention on a sample of questions, decoded as in production."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
import torch

from index.passages.reading_text import ReadingText
from rag.confidence.answer_match import exact_match, token_f1
from rag.reader.spans import best_token_spans, whole_characters
from rag.reader.windows import Window, WindowTokenizer, pad, pad_values, word_edges
from rag.squad import SquadParagraph
from rag.training.data.batches import cut_batches
from rag.training.learning.hardware import Hardware

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SAMPLE_SEED = 1
"""The sample does not follow the run's seed: runs with different seeds are measured on the same questions."""
BLOCK = 256
"""Questions whose windows are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the sample; nothing accepted where its passage does not answer it."""

    question: str
    passage: str
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """The reader's best span for a question and its margin over null, in logits; minus infinity without any span."""

    text: str = ""
    margin: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Scores:
    """Per cent. ``em`` and ``f1`` are those of answerable questions, abstention not allowed."""

    questions: int
    answerable: int
    em: float | None
    f1: float | None
    best_f1: float | None
    """Of all questions, abstaining below the best margin; None where every question is answerable."""

    def as_json(self) -> dict[str, float | None]:
        """The scores as JSON-ready values."""
        return asdict(self)

    def __str__(self) -> str:
        parts = {"EM": self.em, "F1": self.f1, "best F1 with abstention": self.best_f1}
        shown = ", ".join(f"{name} {value:.2f}" for name, value in parts.items() if value is not None)
        return f"{shown} ({self.questions} questions, {self.answerable} answerable)"


@dataclass(frozen=True, slots=True)
class Decoding:
    """How windows are cut and spans picked, in tokens."""

    max_tokens: int
    stride: int
    max_answer_tokens: int
    tokens_per_batch: int


def sample(paragraphs: Sequence[SquadParagraph], limit: int) -> list[Asked]:
    """``limit`` of the questions, always the same ones; all of them where ``limit`` is 0."""
    asked = [Asked(q.question, p.text, tuple(a.text for a in q.answers)) for p in paragraphs for q in p.questions]
    if not limit or limit >= len(asked):
        return asked
    return [asked[i] for i in np.random.default_rng(SAMPLE_SEED).permutation(len(asked))[:limit]]


def evaluate(
    model: torch.nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    asked: Sequence[Asked],
    decoding: Decoding,
    hardware: Hardware,
) -> Scores:
    """Ask the reader every question. Leaves the model in evaluation mode; draws no random numbers."""
    model.eval()
    given: list[Said] = []
    for start in range(0, len(asked), BLOCK):
        given += _read(model, tokenizer, asked[start : start + BLOCK], decoding, hardware)
    return score(asked, given)


def _read(
    model: torch.nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    asked: Sequence[Asked],
    decoding: Decoding,
    hardware: Hardware,
) -> list[Said]:
    given = [Said()] * len(asked)
    windows_of = WindowTokenizer.of(tokenizer)
    rooms = windows_of.rooms([a.question for a in asked], decoding.max_tokens)
    fit = [number for number, room in enumerate(rooms) if room > decoding.stride]
    windows = windows_of.windows(
        [asked[n].question for n in fit],
        [ReadingText.bare(asked[n].passage) for n in fit],
        max_tokens=decoding.max_tokens,
        stride=decoding.stride,
    )
    fillers, lengths = pad_values(tokenizer), np.array([len(window) for window in windows], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    for batch in cut_batches(order, lengths[order], decoding.tokens_per_batch):
        for window, first, last, margin in _best_spans(model, [windows[i] for i in batch], fillers, decoding, hardware):
            number = fit[window.pair]
            if margin > given[number].margin:
                passage = asked[number].passage
                start, end = whole_characters(passage, *window.characters(first, last))
                given[number] = Said(passage[start:end], margin)
    return given


def _best_spans(
    model: torch.nn.Module, windows: Sequence[Window], fillers: dict[str, int], decoding: Decoding, hardware: Hardware
) -> Iterator[tuple[Window, int, int, float]]:
    """(window, first token, last token, margin) of each window's best span."""
    inputs = {n: torch.from_numpy(a).to(hardware.device) for n, a in pad(windows, fillers).items()}
    with torch.inference_mode(), hardware.autocast():
        output = model(**inputs)
    start, end = (t.float().cpu().numpy() for t in (output.start_logits, output.end_logits))
    may_start, may_end = word_edges(windows, start.shape[1])
    for span in best_token_spans(start, end, may_start, may_end, max_tokens=decoding.max_answer_tokens, per_window=1):
        yield windows[span.window], span.first, span.last, span.score


def score(asked: Sequence[Asked], given: Sequence[Said]) -> Scores:
    """Measures the answers that were ``given`` to the questions ``asked``, in the same order."""
    answerable = [(a, s) for a, s in zip(asked, given, strict=True) if a.accepted]
    f1 = [token_f1(s.text, a.accepted) if a.accepted else 0.0 for a, s in zip(asked, given, strict=True)]
    unanswerable = len(asked) - len(answerable)
    margins = [s.margin for s in given]
    silence = [float(not a.accepted) for a in asked]
    return Scores(
        questions=len(asked),
        answerable=len(answerable),
        em=100 * fmean(exact_match(s.text, a.accepted) for a, s in answerable) if answerable else None,
        f1=100 * sum(f1) / len(answerable) if answerable else None,
        best_f1=100 * best_with_abstention(margins, f1, silence) if unanswerable else None,
    )


def best_with_abstention(margins: Sequence[float], if_said: Sequence[float], if_silent: Sequence[float]) -> float:
    """The best mean over all thresholds: ``if_said`` counts where the margin reaches it, ``if_silent`` elsewhere."""
    order = np.argsort(margins, kind="stable")
    ascending, spoken, silent = (np.asarray(a, dtype=float)[order] for a in (margins, if_said, if_silent))
    # equal margins fall together: a threshold can lie only where the next margin differs
    possible = np.append(ascending[1:] != ascending[:-1], True)
    gained = np.cumsum(silent - spoken)[possible]
    return float(spoken.sum() + max(0.0, gained.max())) / len(order)

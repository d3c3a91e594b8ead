"""The choices of decoding, one varied at a time: from how passages are found to how their spans are ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from index.passages.splitting import PassageSize
from rag.confidence.calibration import RANKING, UNFITTED, worth
from rag.confidence.probability_measures import best_threshold
from rag.config import AskConfig, ReaderConfig, RetrieverConfig

if TYPE_CHECKING:
    from eval.askers import Asker
    from eval.run import Outcome
    from eval.suites.datasets import EvalQuestion
    from rag.config import ModelConfig
    from rag.engine import Sourcespan

Wrap = Callable[[Iterable["Outcome"], str, int], Iterable["Outcome"]]
Indexed = Callable[[PassageSize], AbstractContextManager["Sourcespan"]]
"""The documents in passages of this size, with what answers questions from them."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """One way to read. ``fitted`` ranks by the calibration's weighted evidence, else by the reader's score alone."""

    top_k: int = 5
    passage: PassageSize = field(default_factory=PassageSize)
    dense_weight: float = RetrieverConfig().dense_weight
    reader: ReaderConfig = field(default_factory=ReaderConfig)
    fitted: bool = False
    sure: float = 1.0
    """The confidence at which reading stops, where confidence is fitted."""


@dataclass(frozen=True, slots=True)
class Row:
    """How well, and how fast, questions are answered with one choice of decoding."""

    choice: str
    value: str
    is_default: bool
    exact: float
    f1: float
    """Of the questions that have an answer."""
    f1_all: float
    """Of all, abstaining below the score that is best for these very questions."""
    milliseconds: float
    """Median time of a question."""


def variants() -> Iterator[tuple[str, str, Decoding]]:
    """(choice, value, the decoding): the default first, then each choice's other values."""
    default, reader = Decoding(), ReaderConfig()
    yield "default", "", default
    for top_k in (1, 2, 3, 8, 12):
        yield "passages read", str(top_k), replace(default, top_k=top_k)
    for weight in (0.6, 0.7, 0.9, 1.0):
        yield "weight of meaning", f"{weight:g}", replace(default, dense_weight=weight)
    for window, stride in ((256, 128), (384, 64), (512, 128)):
        config = replace(reader, max_window_tokens=window, stride=stride)
        yield "window, stride", f"{window}, {stride}", replace(default, reader=config)
    for longest in (10, 20, 45):
        config = replace(reader, max_answer_tokens=longest)
        yield "longest span, tokens", str(longest), replace(default, reader=config)
    for weight in (0.0, 0.5):
        yield "weight of the null", f"{weight:g}", replace(default, reader=replace(reader, null_weight=weight))
    yield "ranking", f"{', '.join(RANKING)} (fitted)", replace(default, fitted=True)
    for sure in (0.6, 0.7, 0.8):
        yield "fitted, and reading stops at", f"{sure:g}", replace(default, fitted=True, sure=sure)
    for tokens, overlap in ((70, 15), (100, 25), (150, 35), (200, 45)):
        size = PassageSize(tokens, overlap)
        yield "passage, overlap, tokens", f"{tokens}, {overlap}", replace(default, passage=size)


def measure(
    indexed: Indexed, models: ModelConfig, asked: Sequence[EvalQuestion], wrap: Wrap, chosen: Sequence[str] = ()
) -> Iterator[Row]:
    """Asks all questions in every way, yielding a row at a time."""
    from eval.run import run

    wanted = [variant for variant in variants() if not chosen or variant[0] in chosen]
    for size, of_size in groupby(wanted, key=lambda variant: variant[2].passage):
        with indexed(size) as library:
            for choice, value, decoding in of_size:
                asker = _asker(library, models, decoding)
                outcomes = wrap(run(asker, asked, top_k=decoding.top_k), f"{choice} {value}", len(asked))
                yield _row(choice, value, list(outcomes), is_default=choice == "default")


def _asker(library: Sourcespan, models: ModelConfig, decoding: Decoding) -> Asker:
    from eval.askers import InProcess
    from rag.engine import Sourcespan
    from rag.models.loading import load_reader

    config = replace(decoding.reader, precision=models.precision)
    reader, calibration = load_reader(models, library.embedder.fingerprint, config)
    varied = Sourcespan(
        library.index,
        library.embedder,
        reader,
        calibration if decoding.fitted else UNFITTED,
        retriever=RetrieverConfig(dense_weight=decoding.dense_weight),
        ask=AskConfig(sure=decoding.sure),
    )
    return InProcess(varied)


def _row(choice: str, value: str, outcomes: Sequence[Outcome], *, is_default: bool) -> Row:
    answerable = np.array([bool(o.question.accepted) for o in outcomes])
    exact, f1 = (np.array([getattr(o, name) for o in outcomes]) * answerable for name in ("exact", "f1"))
    probabilities = (np.array([getattr(o, name) for o in outcomes]) for name in ("confidence", "answerable"))
    return Row(
        choice=choice,
        value=value,
        is_default=is_default,
        exact=float(exact[answerable].mean()),
        f1=float(f1[answerable].mean()),
        f1_all=best_threshold(worth(*probabilities), f1, (~answerable).astype(np.float64))[1],
        milliseconds=float(np.median([o.timings.total for o in outcomes])),
    )

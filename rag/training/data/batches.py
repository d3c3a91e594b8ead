"""Which windows an epoch sees, and in which batches: a pure function of corpus, mixture, seed and epoch.

That is what lets a resumed run go on where it was killed with nothing but (epoch, batch) to remember.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from rag.training.config import SourceSetting
from rag.training.data.examples import Corpus

Positions = NDArray[np.int64]
BLOCK = 8192
"""Windows sorted by length together: enough for little padding, few enough to keep the order random."""
PADDING = 32
"""Lengths are padded to a multiple of this, so that few shapes occur."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """How an epoch is drawn from the corpus; ``sources`` in the corpus's order."""

    sources: tuple[SourceSetting, ...]
    null_fraction: float
    tokens_per_batch: int
    max_tokens: int
    seed: int


def plan_epoch(corpus: Corpus, mixture: Mixture, epoch: int) -> list[Positions]:
    """The batches of an epoch, each the numbers of its windows."""
    windows = draw_windows(corpus, mixture, epoch)
    rng = np.random.default_rng([mixture.seed, epoch])
    rng.shuffle(windows)
    lengths = corpus.lengths
    batches: list[Positions] = []
    for base in range(0, len(windows), BLOCK):
        block = windows[base : base + BLOCK]
        block = block[np.argsort(lengths[block], kind="stable")]
        batches.extend(cut_batches(block, padded_length(lengths[block], mixture.max_tokens), mixture.tokens_per_batch))
    return [batches[i] for i in rng.permutation(len(batches))]


def cut_batches(windows: Positions, padded: Positions, tokens: int) -> list[Positions]:
    """Batches of at most ``tokens`` padded tokens out of windows in order of length."""
    cuts = [0]
    for position, length in enumerate(padded.tolist()):
        if (position - cuts[-1] + 1) * length > tokens and position > cuts[-1]:
            cuts.append(position)
    return [windows[a:z] for a, z in zip(cuts, [*cuts[1:], len(windows)], strict=True)]


def padded_length(lengths: Positions, limit: int) -> Positions:
    """``lengths`` up to a multiple of 32, but not above ``limit``."""
    return np.minimum((lengths + PADDING - 1) // PADDING * PADDING, limit)


def draw_windows(corpus: Corpus, mixture: Mixture, epoch: int) -> Positions:
    """The windows of an epoch, source by source."""
    drawn = [np.zeros(0, np.int64)]
    for number, source in enumerate(mixture.sources):
        # by name: one source's draw stays the same when another is added or taken away
        rng = np.random.default_rng([mixture.seed, epoch, crc32(source.name.encode())])
        low, high = corpus.source_bounds[number], corpus.source_bounds[number + 1]
        questions = low + draw_questions(int(high - low), source.weight, source.cap, rng)
        windows = _windows_of(corpus, questions)
        keep = ~corpus.answerless[windows] | (rng.random(len(windows)) < mixture.null_fraction)
        drawn.append(windows[keep])
    return np.concatenate(drawn)


def draw_questions(count: int, weight: float, cap: int | None, rng: np.random.Generator) -> Positions:
    """``count`` x ``weight`` of the numbers below ``count``, at most ``cap``: all equally often, give or take one."""
    wanted = round(count * weight)
    wanted = wanted if cap is None else min(wanted, cap)
    copies, rest = divmod(wanted, max(count, 1))
    return np.concatenate([np.tile(np.arange(count), copies), rng.permutation(count)[:rest]])


def _windows_of(corpus: Corpus, questions: Positions) -> Positions:
    begin, end = corpus.question_bounds[questions], corpus.question_bounds[questions + 1]
    counts = end - begin
    # the first window of each question, less how many windows came before it, plus a running number
    windows: Positions = np.repeat(begin - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    return windows


def count_steps(corpus: Corpus, mixture: Mixture, epochs: float) -> int:
    """How many batches ``epochs`` epochs have; a part of an epoch counts in whole batches."""
    whole = int(epochs)
    steps = sum(len(plan_epoch(corpus, mixture, e)) for e in range(whole))
    if epochs > whole:
        steps += round((epochs - whole) * len(plan_epoch(corpus, mixture, whole)))
    return steps


def collate(
    corpus: Corpus, windows: Sequence[int] | Positions, pad_values: dict[str, int], max_tokens: int
) -> dict[str, NDArray[np.int64]]:
    """The model's inputs for a batch, (windows, padded tokens), the attention mask included."""
    lengths = corpus.lengths[windows]
    shape = (len(windows), int(padded_length(lengths, max_tokens).max()))
    filled = {name: np.full(shape, pad_values.get(name, 0), dtype=np.int64) for name in corpus.inputs}
    for row, (window, length) in enumerate(zip(windows, lengths, strict=True)):
        start = corpus.bounds[window]
        for name, values in corpus.inputs.items():
            filled[name][row, :length] = values[start : start + length]
    filled["attention_mask"] = (np.arange(shape[1]) < lengths[:, None]).astype(np.int64)
    return filled

"""Epochs are drawn from (seed, epoch) alone, hold what they should, and fit the token budget."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.training.config import SourceSetting
from rag.training.data.batches import (
    Mixture,
    collate,
    count_steps,
    draw_questions,
    draw_windows,
    padded_length,
    plan_epoch,
)
from rag.training.data.examples import Corpus
from rag.training.learning.schedule import Schedule

LIMIT = 100


def corpus_of(windows_per_question: list[list[int]], *, seed: int = 0) -> Corpus:
    """One source per inner list; of several windows of a question all but the last lack the answer."""
    rng = np.random.default_rng(seed)
    per_question = [n for source in windows_per_question for n in source]
    lengths = rng.integers(5, LIMIT + 1, sum(per_question))
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    answerless = np.asarray([w < n - 1 for n in per_question for w in range(n)], dtype=bool)
    first = np.where(answerless, 0, 1).astype(np.int32)
    return Corpus(
        inputs={"input_ids": np.arange(bounds[-1], dtype=np.int32) + 1},
        bounds=bounds,
        first=first,
        last=first,
        answerless=answerless,
        question_bounds=np.concatenate([[0], np.cumsum(per_question)]).astype(np.int64),
        source_bounds=np.concatenate([[0], np.cumsum([len(s) for s in windows_per_question])]).astype(np.int64),
        sources=(),
    )


def mixture(*sources: SourceSetting, null_fraction: float = 1.0, seed: int = 0, tokens: int = 400) -> Mixture:
    return Mixture(sources, null_fraction, tokens, LIMIT, seed)


def source(name: str, weight: float = 1.0, cap: int | None = None) -> SourceSetting:
    return SourceSetting(Path(f"{name}.json"), weight, cap)


counts = st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=30), min_size=1, max_size=3)


@settings(max_examples=50, deadline=None)
@given(counts=counts, seed=st.integers(0, 99), epoch=st.integers(0, 9), tokens=st.integers(LIMIT, 1000))
def test_a_plain_epoch_holds_every_window_once_within_the_budget(
    counts: list[list[int]], seed: int, epoch: int, tokens: int
) -> None:
    corpus = corpus_of(counts)
    mixed = mixture(*(source(str(n)) for n in range(len(counts))), seed=seed, tokens=tokens)
    plan = plan_epoch(corpus, mixed, epoch)
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(corpus.lengths)))
    for batch in plan:
        assert len(batch) * padded_length(corpus.lengths[batch], LIMIT).max() <= tokens
    again = plan_epoch(corpus, mixed, epoch)
    assert [b.tolist() for b in again] == [b.tolist() for b in plan]


def test_seed_and_epoch_change_the_plan() -> None:
    corpus = corpus_of([[1] * 200])
    plans = [plan_epoch(corpus, mixture(source("a"), seed=s), e) for s, e in ((0, 0), (0, 1), (1, 0))]
    assert len({tuple(np.concatenate(p).tolist()) for p in plans}) == 3


@given(count=st.integers(0, 50), weight=st.floats(0, 4), cap=st.none() | st.integers(0, 80), seed=st.integers(0, 9))
def test_questions_are_drawn_as_often_as_weight_and_cap_say(
    count: int, weight: float, cap: int | None, seed: int
) -> None:
    drawn = draw_questions(count, weight, cap, np.random.default_rng(seed))
    wanted = round(count * weight) if cap is None else min(round(count * weight), cap)
    assert len(drawn) == (wanted if count else 0)
    times = Counter(drawn.tolist())
    assert max(times.values(), default=0) - min((times[q] for q in range(count)), default=0) <= 1


def test_a_capped_draw_differs_from_epoch_to_epoch_and_not_with_the_other_sources() -> None:
    corpus = corpus_of([[1] * 100, [1] * 50])
    alone = corpus_of([[1] * 100])
    capped = source("a", cap=20)
    one, other = (set(draw_windows(alone, mixture(capped), e).tolist()) for e in (0, 1))
    assert len(one) == len(other) == 20
    assert one != other
    beside = draw_windows(corpus, mixture(capped, source("b")), 0)
    assert set(beside[beside < 100].tolist()) == one


def test_only_answerless_windows_are_thinned_out() -> None:
    corpus = corpus_of([[5] * 500])
    drawn = draw_windows(corpus, mixture(source("a"), null_fraction=0.3), 0)
    held = corpus.answerless[drawn]
    assert (~held).sum() == 500
    assert held.sum() == pytest.approx(0.3 * 2000, rel=0.15)
    assert corpus.answerless[draw_windows(corpus, mixture(source("a"), null_fraction=0), 0)].sum() == 0


def test_steps_of_whole_and_part_epochs() -> None:
    corpus = corpus_of([[1] * 200])
    mixed = mixture(source("a"))
    lengths = [len(plan_epoch(corpus, mixed, e)) for e in range(3)]
    assert count_steps(corpus, mixed, 2) == sum(lengths[:2])
    assert count_steps(corpus, mixed, 2.5) == sum(lengths[:2]) + round(lengths[2] / 2)


def test_a_batch_is_padded_and_masked() -> None:
    corpus = corpus_of([[1] * 20])
    windows = np.asarray([3, 0, 7])
    arrays = collate(corpus, windows, {"input_ids": 0}, LIMIT)
    longest = corpus.lengths[windows].max()
    assert arrays["input_ids"].shape == (3, min(LIMIT, -(-longest // 32) * 32))
    for row, window in enumerate(windows):
        length = corpus.lengths[window]
        at = corpus.bounds[window]
        assert arrays["input_ids"][row, :length].tolist() == list(range(at + 1, at + length + 1))
        assert not arrays["input_ids"][row, length:].any()
        assert arrays["attention_mask"][row].tolist() == [1] * length + [0] * (arrays["input_ids"].shape[1] - length)


def test_the_rate_warms_up_and_falls_to_nothing_by_steps_or_by_time() -> None:
    by_steps = Schedule(1.0, 10, steps=100)
    assert by_steps.rate(0, 1e9) == pytest.approx(0.1)
    assert max(by_steps.rate(s, 0) for s in range(100)) == by_steps.rate(9, 0) == pytest.approx(0.91)
    assert by_steps.rate(100, 0) == 0
    assert by_steps.over(100, 0)
    assert not by_steps.over(99, 1e9)
    by_time = Schedule(1.0, 0, seconds=60)
    assert [by_time.rate(5, t) for t in (0, 30, 60, 90)] == [1, 0.5, 0, 0]
    assert by_time.left(5, 45, 9) == 15
    assert by_steps.left(40, 45, 2) == 120

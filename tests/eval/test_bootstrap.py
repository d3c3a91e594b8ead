"""The vectorised statistics against the plain ones, resample by resample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.bootstrap import (
    Statistic,
    auroc_of,
    calibration_error_of,
    intervals,
    mean_of,
    percentile_of,
    risk_area_of,
)
from rag.reliability import Values, auroc, expected_calibration_error, risk_coverage

judged = st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans()), min_size=2, max_size=40)


def risk_area(confidence: Values, right: Values) -> float:
    coverage, risk = risk_coverage(confidence, right)
    return float((np.diff(coverage, prepend=0) * risk).sum())


@pytest.mark.parametrize(
    ("statistic", "plain"),
    [
        (lambda c, _: mean_of(c), lambda c, _: c.mean()),
        (lambda c, r: mean_of(c, r > 0), lambda c, r: c[r > 0].mean() if r.any() else np.nan),
        (lambda c, _: percentile_of(c, 0.5), lambda c, _: np.percentile(c, 50, method="inverted_cdf")),
        (lambda c, _: percentile_of(c, 0.95), lambda c, _: np.percentile(c, 95, method="inverted_cdf")),
        (calibration_error_of, expected_calibration_error),
        (auroc_of, auroc),
        (risk_area_of, risk_area),
    ],
    ids=["mean", "mean among", "p50", "p95", "calibration error", "auroc", "risk area"],
)
@given(pairs=judged, seed=st.integers(0, 1_000))
def test_each_resample_is_what_the_plain_function_says_of_it(
    statistic: Callable[[Values, Values], Statistic],
    plain: Callable[[Values, Values], float],
    pairs: list[tuple[float, bool]],
    seed: int,
) -> None:
    confidence = np.array([c for c, _ in pairs])
    right = np.array([float(r) for _, r in pairs])
    drawn = np.random.default_rng(seed).integers(len(pairs), size=(5, len(pairs)))
    counts = np.stack([np.bincount(row, minlength=len(pairs)) for row in drawn]).astype(float)
    found = statistic(confidence, right)(counts)
    assert found == pytest.approx([plain(confidence[row], right[row]) for row in drawn], nan_ok=True)


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(1).normal(size=2_000)
    value, low, high = intervals({"mean": mean_of(values)}, len(values))["mean"]
    standard_error = values.std() / len(values) ** 0.5
    assert value == pytest.approx(values.mean())
    assert (high - low) / (2 * 1.96 * standard_error) == pytest.approx(1, abs=0.1)


def test_many_questions_are_drawn_in_blocks_and_come_to_the_same() -> None:
    values = np.arange(3_000, dtype=float)
    found = intervals({"mean": mean_of(values), "p50": percentile_of(values, 0.5)}, len(values), resamples=1_001)
    assert found == intervals(
        {"mean": mean_of(values), "p50": percentile_of(values, 0.5)}, len(values), resamples=1_001
    )
    assert found["p50"][0] == 1_499

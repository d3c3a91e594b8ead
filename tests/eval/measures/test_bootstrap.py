"""Figures and their intervals are those that our own bootstrap computed before SciPy's took its place."""

from __future__ import annotations

import numpy as np
import pytest

from eval.measures.bootstrap import Figure, Sample, figure, mean, percentile
from rag.confidence.probability_measures import auroc, expected_calibration_error, risk_area

PERCENT = """90 7 67 47 68 4 5 18 98 30 59 98 71 21 42 10 28 30 2 84 90 52 64 60 66 99 58 14 69 69 85 68 32 4 45 63 73
67 60 60"""
CONFIDENCE = np.array([int(percent) / 100 for percent in PERCENT.split()])
RIGHT = np.array([float(digit) for digit in "1011000010111000000010011100110100011001"])


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (mean(CONFIDENCE), (0.51925, 0.4294875, 0.60825625)),
        (percentile(CONFIDENCE, 0.95), (0.98, 0.84, 0.99)),
        (Sample(expected_calibration_error, (CONFIDENCE, RIGHT)), (0.14425, 0.1117375, 0.27675625)),
        (Sample(auroc, (CONFIDENCE, RIGHT)), (0.8772378516624041, 0.7558982683982683, 0.9649457236842105)),
        (Sample(risk_area, (CONFIDENCE, RIGHT)), (0.30899066555424576, 0.16703411937243415, 0.5090984496236579)),
    ],
    ids=["mean", "p95", "calibration error", "auroc", "risk area"],
)
def test_values_and_intervals_are_what_they_were(sample: Sample, expected: tuple[float, float, float]) -> None:
    measured = figure(sample)
    assert (measured.value, measured.low, measured.high) == pytest.approx(expected, abs=1e-12)
    assert figure(sample) == measured


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(1).normal(size=3_000)
    measured = figure(mean(values))
    standard_error = values.std() / len(values) ** 0.5
    assert measured.value == pytest.approx(values.mean())
    assert (measured.high - measured.low) / (2 * 1.96 * standard_error) == pytest.approx(1, abs=0.1)


def test_a_mean_among_some_is_that_of_these_alone() -> None:
    measured = figure(mean(CONFIDENCE, RIGHT > 0))
    assert measured.over == 17
    assert measured.value == pytest.approx(0.7335294117647059)
    # ours drew all questions, so that how many counted differed too: the same but for chance
    assert (measured.low, measured.high) == pytest.approx((0.664, 0.803), abs=0.01)


def test_one_question_and_none_have_no_spread() -> None:
    assert figure(mean(np.array([0.25]))) == Figure(0.25, 0.25, 0.25, 1)
    nothing = figure(mean(np.zeros(3), np.zeros(3, dtype=bool)))
    assert nothing.over == 0
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()

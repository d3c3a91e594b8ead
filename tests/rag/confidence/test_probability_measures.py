from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.confidence.probability_measures import (
    auroc,
    expected_calibration_error,
    reliability_bins,
    risk_area,
    risk_coverage,
)

judged = st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans()), min_size=2, max_size=60)


def arrays(pairs: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    confidence, right = zip(*pairs, strict=True)
    return np.array(confidence), np.array(right, dtype=float)


def test_auroc_is_the_chance_that_a_right_answer_has_more_confidence() -> None:
    assert auroc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([0.0, 0.0, 1.0, 1.0])) == pytest.approx(3.5 / 4)
    assert auroc(np.array([0.1, 0.4]), np.ones(2)) == 0.5


@given(judged)
def test_bins_hold_every_answer(pairs: list[tuple[float, bool]]) -> None:
    confidence, right = arrays(pairs)
    bins = reliability_bins(confidence, right)
    assert sum(b.answers for b in bins) == len(pairs)
    assert sum(b.answers * b.right for b in bins) == pytest.approx(right.sum())
    apart = sum(b.answers * abs(b.confidence - b.right) for b in bins) / len(right)
    assert expected_calibration_error(confidence, right) == pytest.approx(apart)


def test_calibration_error_of_known_cases() -> None:
    assert expected_calibration_error(np.array([0.8] * 5), np.array([1, 1, 1, 1, 0.0])) == pytest.approx(0)
    assert expected_calibration_error(np.array([1.0, 1.0]), np.array([0.0, 1.0])) == pytest.approx(0.5)


def test_risk_grows_from_the_most_confident() -> None:
    coverage, risk = risk_coverage(np.array([0.2, 0.9, 0.5]), np.array([0.0, 1.0, 1.0]))
    assert coverage == pytest.approx([1 / 3, 2 / 3, 1])
    assert risk == pytest.approx([0, 0, 1 / 3])
    assert risk_area(np.array([0.2, 0.9, 0.5]), np.array([0.0, 1.0, 1.0])) == pytest.approx(1 / 9)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from rag.reliability import auroc, brier_score, expected_calibration_error, reliability_bins, risk_coverage

judged = st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans()), min_size=2, max_size=60)


def arrays(pairs: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    confidence, right = zip(*pairs, strict=True)
    return np.array(confidence), np.array(right, dtype=float)


@given(judged.filter(lambda pairs: len({right for _, right in pairs}) == 2))
def test_measures_agree_with_scikit_learn(pairs: list[tuple[float, bool]]) -> None:
    confidence, right = arrays(pairs)
    assert auroc(confidence, right) == pytest.approx(roc_auc_score(right, confidence))
    assert brier_score(confidence, right) == pytest.approx(brier_score_loss(right, confidence))


@given(judged)
def test_bins_hold_every_answer(pairs: list[tuple[float, bool]]) -> None:
    confidence, right = arrays(pairs)
    bins = reliability_bins(confidence, right)
    assert sum(b.answers for b in bins) == len(pairs)
    assert sum(b.answers * b.right for b in bins) == pytest.approx(right.sum())
    assert 0 <= expected_calibration_error(confidence, right) <= 1


def test_calibration_error_of_known_cases() -> None:
    assert expected_calibration_error(np.array([0.8] * 5), np.array([1, 1, 1, 1, 0.0])) == pytest.approx(0)
    assert expected_calibration_error(np.array([1.0, 1.0]), np.array([0.0, 1.0])) == pytest.approx(0.5)


def test_risk_grows_from_the_most_confident() -> None:
    coverage, risk = risk_coverage(np.array([0.2, 0.9, 0.5]), np.array([0.0, 1.0, 1.0]))
    assert coverage == pytest.approx([1 / 3, 2 / 3, 1])
    assert risk == pytest.approx([0, 0, 1 / 3])

"""Does confidence mean something? Measures of probabilities against what turned out right. Numpy only.

Throughout, ``confidence`` and ``right`` have shape (answers,): probabilities, and 1.0 or 0.0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of like confidence."""

    answers: int
    confidence: float
    right: float


def reliability_bins(confidence: Values, right: Values, bins: int = 10) -> list[Bin]:
    """Mean confidence and share of right answers in ``bins`` equally wide bins; empty ones are left out."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(int((which == b).sum()), float(confidence[which == b].mean()), float(right[which == b].mean()))
        for b in range(bins)
        if (which == b).any()
    ]


def expected_calibration_error(confidence: Values, right: Values, bins: int = 10) -> float:
    """Mean distance of confidence and share right over the bins (Guo et al., arXiv 1706.04599), 0 to 1."""
    return sum(b.answers * abs(b.confidence - b.right) for b in reliability_bins(confidence, right, bins)) / len(right)


def brier_score(confidence: Values, right: Values) -> float:
    """Mean squared distance, 0 to 1, lower is better."""
    return float(((confidence - right) ** 2).mean())


def auroc(confidence: Values, right: Values) -> float:
    """The chance that a right answer has more confidence than a wrong one; 0.5 where there are only such or such."""
    positives, negatives = int(right.sum()), int((1 - right).sum())
    if not positives or not negatives:
        return 0.5
    _, inverse, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[inverse]  # ties share their mean rank
    return float((ranks[right == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def risk_coverage(confidence: Values, right: Values) -> tuple[Values, Values]:
    """(coverage, risk): the share answered and the share of those that is wrong, at each threshold as it falls.

    Answers of one confidence are given together, for no threshold parts them (El-Yaniv and Wiener, 2010).
    """
    order = np.argsort(-confidence, kind="stable")
    last_of_tie = np.append(np.diff(confidence[order]) != 0, True)
    given = np.arange(1, len(right) + 1)[last_of_tie]
    return given / len(right), 1 - np.cumsum(right[order])[last_of_tie] / given


def best_threshold(confidence: Values, f1: Values, unanswerable: Values) -> tuple[float, float]:
    """The threshold at which mean F1 is highest, and that F1: abstaining counts 1 where there is no answer, else 0.

    All three have shape (questions,).
    """
    order = np.argsort(confidence, kind="stable")
    # gained[k]: the sum when the k least confident questions are abstained from
    gained = f1.sum() + np.concatenate([[0.0], np.cumsum(unanswerable[order] - f1[order])])
    best = int(gained.argmax())
    ranked = confidence[order]
    if best == len(ranked):
        threshold = np.nextafter(ranked[-1], np.inf)
    else:
        threshold = (ranked[max(best - 1, 0)] + ranked[best]) / 2
    return float(threshold), float(gained[best] / len(f1))

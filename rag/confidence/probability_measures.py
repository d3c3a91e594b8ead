"""Does confidence mean something? Measures of probabilities against what turned out right.

Throughout, ``confidence`` and ``right`` have shape (answers,): probabilities, and 1.0 or 0.0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of like confidence, and how many of them are right."""

    answers: int
    confidence: float
    right: float


def reliability_bins(confidence: Values, right: Values, bins: int = 10) -> list[Bin]:
    """Mean confidence and share of right answers in ``bins`` equally wide bins; empty ones are left out.

    scikit-learn's `calibration_curve` gives the same points, but not how many answers each stands for.
    """
    edges = np.arange(bins + 1) / bins
    sums = (np.histogram(confidence, edges, weights=weights)[0] for weights in (None, confidence, right))
    return [Bin(int(n), float(c / n), float(r / n)) for n, c, r in zip(*sums, strict=True) if n]


def expected_calibration_error(confidence: Values, right: Values, bins: int = 10) -> float:
    """Mean distance of confidence and share right over the bins (Guo et al., arXiv 1706.04599), 0 to 1."""
    distances, _ = np.histogram(confidence, np.arange(bins + 1) / bins, weights=confidence - right)
    return float(np.abs(distances).sum() / len(right))


def auroc(confidence: Values, right: Values) -> float:
    """The chance that a right answer has more confidence than a wrong one; 0.5 where all are right, or all wrong."""
    from sklearn.metrics import roc_auc_score  # half a second, which nobody who only asks should wait for

    return 0.5 if len(np.unique(right)) < 2 else float(roc_auc_score(right, confidence))


def risk_coverage(confidence: Values, right: Values) -> tuple[Values, Values]:
    """(coverage, risk): the share answered and the share of those that is wrong, at each threshold as it falls.

    Answers of one confidence are given together, for no threshold parts them (El-Yaniv and Wiener, 2010).
    """
    order = np.argsort(-confidence, kind="stable")
    last_of_tie = np.append(np.diff(confidence[order]) != 0, True)
    given = np.arange(1, len(right) + 1)[last_of_tie]
    return given / len(right), 1 - np.cumsum(right[order])[last_of_tie] / given


def risk_area(confidence: Values, right: Values) -> float:
    """The area under `risk_coverage`: the mean risk over all coverages, 0 to 1, lower is better."""
    coverage, risk = risk_coverage(confidence, right)
    return float(np.diff(coverage, prepend=0) @ risk)


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

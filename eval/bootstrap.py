"""How sure is a figure? Percentile intervals of the bootstrap (Efron and Tibshirani, 1993). Numpy only.

A resample is how often each question was drawn: ``counts`` (resamples, questions). A statistic is a function of counts
→ (resamples,), and the figure itself is the statistic where each question was drawn once. So one definition serves for
both, and all resamples are computed at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.reliability import Values

Statistic = Callable[[Values], Values]

RESAMPLES = 1_000
_NUMBERS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95% interval, over so many questions. All three are nan over none."""

    value: float
    low: float
    high: float
    over: int


def intervals(
    statistics: Mapping[str, Statistic], questions: int, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, tuple[float, float, float]]:
    """(value, low, high) of each statistic, all from the same draws."""
    drawn: dict[str, list[Values]] = {name: [] for name in statistics}
    for counts in _draws(questions, resamples, seed):
        for name, statistic in statistics.items():
            drawn[name].append(statistic(counts))
    once = np.ones((1, questions))
    found = {}
    for name, statistic in statistics.items():
        values = np.concatenate(drawn[name])
        known = values[~np.isnan(values)]
        low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
        found[name] = (float(statistic(once)[0]), float(low), float(high))
    return found


def mean_of(values: Values, among: NDArray[np.bool_] | None = None) -> Statistic:
    """The mean of ``values`` (questions,), only ``among`` some of them."""
    weight = np.ones(len(values)) if among is None else among.astype(float)
    weighted = np.where(weight > 0, values, 0.0) * weight

    def statistic(counts: Values) -> Values:
        return _ratio(counts @ weighted, counts @ weight)

    return statistic


def percentile_of(values: Values, share: float) -> Statistic:
    """The smallest value that at least ``share`` of the questions do not exceed."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]

    def statistic(counts: Values) -> Values:
        reached = np.cumsum(counts[:, order], axis=1)
        enough = reached >= share * reached[:, -1:] - 1e-9
        found: Values = ranked[enough.argmax(axis=1)]
        return found

    return statistic


def calibration_error_of(confidence: Values, right: Values, bins: int = 10) -> Statistic:
    """`rag.reliability.expected_calibration_error`."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    distance = np.zeros((len(right), bins))
    distance[np.arange(len(right)), which] = confidence - right

    def statistic(counts: Values) -> Values:
        return _ratio(np.abs(counts @ distance).sum(axis=1), counts.sum(axis=1))

    return statistic


def auroc_of(confidence: Values, right: Values) -> Statistic:
    """`rag.reliability.auroc`."""
    order, starts = _ties(confidence)
    positive = right[order]

    def statistic(counts: Values) -> Values:
        drawn = counts[:, order]
        positives = np.add.reduceat(drawn * positive, starts, axis=1)
        negatives = np.add.reduceat(drawn * (1 - positive), starts, axis=1)
        below = np.cumsum(negatives, axis=1) - negatives
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        wins = (positives * (below + negatives / 2)).sum(axis=1)
        return np.where(pairs > 0, wins / np.maximum(pairs, 1), 0.5)

    return statistic


def risk_area_of(confidence: Values, right: Values) -> Statistic:
    """The area under `rag.reliability.risk_coverage`: the mean risk over all coverages, lower is better."""
    order, starts = _ties(-confidence)
    wrong = 1 - right[order]

    def statistic(counts: Values) -> Values:
        drawn = counts[:, order]
        step = np.add.reduceat(drawn, starts, axis=1)
        given = np.cumsum(step, axis=1)
        lost = np.cumsum(np.add.reduceat(drawn * wrong, starts, axis=1), axis=1)
        risk = lost / np.maximum(given, 1)
        return _ratio((step * risk).sum(axis=1), given[:, -1])

    return statistic


def _ties(values: Values) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The order of the values, ascending, and where in it each run of equal ones starts."""
    order = np.argsort(values, kind="stable")
    changes = np.flatnonzero(np.diff(values[order])) + 1
    return order, np.concatenate([[0], changes]).astype(np.intp)


def _ratio(above: Values, below: Values) -> Values:
    return np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)


def _draws(questions: int, resamples: int, seed: int) -> Iterator[Values]:
    draw = np.random.default_rng(seed)
    at_once = max(1, _NUMBERS_AT_ONCE // questions)
    for done in range(0, resamples, at_once):
        rows = min(at_once, resamples - done)
        drawn = draw.integers(questions, size=(rows, questions)) + np.arange(rows)[:, None] * questions
        yield np.bincount(drawn.ravel(), minlength=rows * questions).reshape(rows, questions).astype(np.float64)

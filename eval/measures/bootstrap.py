"""How sure is a figure? Its 95% interval by the percentile bootstrap (Efron and Tibshirani, 1993).

Questions are drawn again, with replacement, by `scipy.stats.bootstrap`; the seed is always the same, and so figures of
the same questions are computed from the same draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from rag.confidence.probability_measures import Values

RESAMPLES = 1_000
_NUMBERS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95% interval, over so many questions. All three are nan over none."""

    value: float
    low: float
    high: float
    over: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Arrays of one value a question, and the statistic of them that is a figure.

    A statistic that takes ``axis`` is computed for many resamples at a time.
    """

    statistic: Callable[..., Any]
    data: tuple[Values, ...]


def mean(values: Values, among: NDArray[np.bool_] | None = None) -> Sample:
    """The mean of ``values`` (questions,), only ``among`` some of them: then these alone are drawn again."""
    counted = values if among is None else values[among]
    return Sample(np.mean, (counted,))


def percentile(values: Values, share: float) -> Sample:
    """The smallest value that at least ``share`` of the questions do not exceed."""

    def statistic(drawn: Values, axis: int = -1) -> Values:
        return np.asarray(np.quantile(drawn, share, method="inverted_cdf", axis=axis))

    return Sample(statistic, (values.astype(float),))


def figure(sample: Sample, *, resamples: int = RESAMPLES) -> Figure:
    """The sample's figure; one question has no spread."""
    questions = len(sample.data[0])
    value = float(sample.statistic(*sample.data)) if questions else np.nan
    if questions < 2:
        return Figure(value, value, value, questions)
    low, high = bootstrap(
        sample.data,
        sample.statistic,
        paired=True,
        n_resamples=resamples,
        batch=max(1, _NUMBERS_AT_ONCE // questions),
        method="percentile",
        rng=0,
    ).confidence_interval
    return Figure(value, float(low), float(high), questions)

"""Fits the calibration: learns from held-out questions which answers turned out right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import CannotFit
from rag.confidence.calibration import (
    FEATURES,
    RANKING,
    STRUCTURE,
    Calibration,
    Logistic,
    features,
    ranking_features,
    worth,
)
from rag.confidence.held_out import Observation
from rag.confidence.probability_measures import Values, auroc, best_threshold, expected_calibration_error

_RANKED = 5
_PRIOR = 2.0
"""Logits: the standard deviation of a weight that is fitted by itself."""


def fit(
    observations: Sequence[Observation],
    *,
    reader: str,
    embedder: str,
    provenance: dict[str, Any],
    reranker: str = "",
    folds: int = 5,
) -> Calibration:
    """The calibration that these observations teach.

    The threshold maximises F1 over all questions as SQuAD 2.0 counts it. What the provenance says of its quality was
    measured by cross-validation, on questions that each fold's parameters had not seen. Raises CannotFit where there
    are no right or no wrong answers to learn from, or no questions without one.
    """
    from sklearn.metrics import brier_score_loss

    observations = [o for o in observations if o.evidence]
    first_right = [o.right[0] for o in observations]
    unanswerable = np.array([float(not o.question.accepted) for o in observations])
    if len(observations) < 2 * folds or len(set(first_right)) < 2 or not unanswerable.any():
        raise CannotFit(len(observations), sum(first_right), int(unanswerable.sum()))
    best = np.zeros(len(observations), dtype=int)
    confidence, answerable = np.zeros((2, len(observations)))
    for fold in range(folds):
        taught = _fitted([o for number, o in enumerate(observations) if number % folds != fold])
        for number in range(fold, len(observations), folds):
            verdict = taught.judge(observations[number].evidence)
            first = verdict.judgements[0]
            best[number], confidence[number], answerable[number] = first.position, first.confidence, verdict.answerable
    right = np.array([float(o.right[number]) for o, number in zip(observations, best, strict=True)])
    f1 = np.array([o.f1[number] for o, number in zip(observations, best, strict=True)])
    worths = worth(confidence, answerable)
    threshold, f1_all = best_threshold(worths, f1, unanswerable)
    quality = {
        "questions": len(observations),
        "answerable": int((1 - unanswerable).sum()),
        "f1_of_answerable_by_margin_alone": _share([o.f1[0] for o in observations if o.question.accepted]),
        "f1_of_answerable": _share(f1[unanswerable == 0]),
        "f1_with_abstention": round(f1_all, 4),
        "abstention_accuracy": _share((worths < threshold) == (unanswerable == 1)),
        "auroc_of_answerable": round(auroc(answerable, 1 - unanswerable), 4),
        "expected_calibration_error": round(expected_calibration_error(confidence, right), 4),
        "brier": round(float(brier_score_loss(right, confidence)), 4),
        "auroc": round(auroc(confidence, right), 4),
    }
    return replace(
        _fitted(observations),
        threshold=round(threshold, 3),
        reader=reader,
        embedder=embedder,
        reranker=reranker,
        provenance={**provenance, "cross_validated": quality},
    )


def _fitted(observations: Sequence[Observation]) -> Calibration:
    """Ranking by pairs of a right and a wrong candidate of one question; then both probabilities, from its best.

    Every question counts alike, and only its first candidates: the others would be ranked behind in any case.
    """
    of_questions = [pairs for o in observations if len(pairs := _pairs(o))]
    pairs = np.concatenate(of_questions)
    shares = np.concatenate([np.full(len(pairs), 1 / len(pairs)) for pairs in of_questions])
    both_ways = np.concatenate([pairs, -pairs])
    ranking, _ = _regressed(
        both_ways, np.arange(len(both_ways)) < len(pairs), intercept=False, counts=np.tile(shares / shares.mean(), 2)
    )
    ranking = ranking / ranking[0]  # in logits of the reader
    rows, right = _of_the_best(observations, ranking)
    answerable = [bool(observation.question.accepted) for observation in observations]
    return Calibration(
        ranking=_rounded(ranking),
        right=_logistic(rows, right),
        answerable=_logistic(rows, np.array(answerable)),
        threshold=0.5,
        reader="",
        embedder="",
        provenance={},
    )


def _of_the_best(
    observations: Sequence[Observation], ranking: Sequence[float] | Values
) -> tuple[Values, NDArray[np.bool_]]:
    """The features of each question's best candidate, (questions, `FEATURES`), and whether it is right."""
    rows, right = [], []
    for observation in observations:
        merits = ranking_features(observation.evidence) @ np.array(ranking)
        order = np.argsort(-merits, kind="stable")
        rows.append(features([observation.evidence[i] for i in order], merits[order])[0])
        right.append(observation.right[order[0]])
    return np.array(rows), np.array(right)


def fit_structure(observations: Sequence[Observation], calibration: Calibration) -> Calibration:
    """The calibration with weights for the evidence of tables, forms and lists; all other weights stay as they are.

    What these leave to be explained is regressed on that evidence, each weight held near 0 by a prior of two logits.
    Raises CannotFit where no question has a right and a wrong candidate.
    """
    observations = [observation for observation in observations if observation.evidence]
    bare = replace(
        calibration,
        ranking=_without_structure(RANKING, calibration.ranking),
        right=replace(calibration.right, weights=_without_structure(FEATURES, calibration.right.weights)),
        answerable=replace(
            calibration.answerable, weights=_without_structure(FEATURES, calibration.answerable.weights)
        ),
    )
    of_questions = [pairs for observation in observations if len(pairs := _pairs(observation))]
    if not of_questions:
        raise CannotFit(len(observations), sum(o.right[0] for o in observations), 0)
    pairs = np.concatenate(of_questions)
    counts = np.concatenate([np.full(len(pairs), 1 / len(pairs)) for pairs in of_questions])
    merits = pairs @ np.array(bare.ranking)
    scale, *ranking = _explained(merits, pairs[:, -len(STRUCTURE) :], np.ones(len(pairs), bool), counts)
    ranked = replace(bare, ranking=(*bare.ranking[: -len(STRUCTURE)], *_rounded(np.array(ranking) / scale)))
    rows, right = _of_the_best(observations, ranked.ranking)
    answerable = np.array([bool(observation.question.accepted) for observation in observations])
    return replace(
        ranked,
        right=_with_structure(bare.right, rows, right),
        answerable=_with_structure(bare.answerable, rows, answerable),
    )


def _without_structure(names: Sequence[str], weights: Sequence[float]) -> tuple[float, ...]:
    return tuple(0.0 if name in STRUCTURE else weight for name, weight in zip(names, weights, strict=True))


def _with_structure(known: Logistic, rows: Values, true: NDArray[np.bool_]) -> Logistic:
    logits = rows @ np.array(known.weights) + known.bias
    _, *added = _explained(logits, rows[:, -len(STRUCTURE) :], true, np.ones(len(rows)), scale=1.0)
    return replace(known, weights=(*known.weights[: -len(STRUCTURE)], *_rounded(np.array(added))))


def _explained(
    logits: Values, rows: Values, true: NDArray[np.bool_], counts: Values, scale: float | None = None
) -> list[float]:
    """What ``logits`` are to be scaled by, if that is not given, and the weights of ``rows`` on top of them."""
    from scipy.optimize import minimize

    signs = np.where(true, 1.0, -1.0)

    def loss(values: Values) -> float:
        factor = values[0] if scale is None else scale
        misses = np.logaddexp(0, -signs * (factor * logits + rows @ values[1:]))
        return float(counts @ misses + (values[1:] ** 2).sum() / (2 * _PRIOR**2))

    start = np.zeros(1 + rows.shape[1])
    start[0] = 1.0
    return [float(value) for value in minimize(loss, start).x]


def _pairs(observation: Observation) -> Values:
    """What each right candidate has more than each wrong one: (pairs, ranking features)."""
    first = observation.evidence[:_RANKED]
    rows, right = ranking_features(first), np.array(observation.right[:_RANKED])
    differences: Values = rows[right][:, None, :] - rows[~right][None, :, :]
    return differences.reshape(-1, rows.shape[1])


def _logistic(rows: Values, true: NDArray[np.bool_]) -> Logistic:
    weights, bias = _regressed(rows, true, intercept=True)
    return Logistic(_rounded(weights), round(bias, 6))


def _rounded(weights: Values) -> tuple[float, ...]:
    return tuple(round(float(w), 6) for w in weights)


def _regressed(
    rows: Values, true: NDArray[np.bool_], *, intercept: bool, counts: Values | None = None
) -> tuple[Values, float]:
    from sklearn.linear_model import LogisticRegression

    spread = rows.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    fitted = LogisticRegression(C=1.0, max_iter=1_000, fit_intercept=intercept).fit(rows / scale, true, counts)
    return fitted.coef_[0] / scale, float(np.ravel(fitted.intercept_)[0])


def _share(values: Sequence[float] | Values | NDArray[np.bool_]) -> float:
    return round(float(np.mean(values)), 4)

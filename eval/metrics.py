"""Outcomes → figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from eval.run import Outcome
from rag.reliability import Values, auroc, best_threshold, brier_score, expected_calibration_error


@dataclass(frozen=True, slots=True)
class Measures:
    """The figures of one run. Shares are 0 to 1, times milliseconds.

    The first four are over the questions that have an answer and take the best span whether it was given or withheld,
    so that reading is measured apart from abstaining; ``f1_given`` counts a withheld answer as 0.
    """

    questions: int
    answerable: int
    passage_recall: float
    exact_match: float
    f1: float
    f1_given: float
    abstention_accuracy: float
    """Answered where there is an answer, abstained where there is none; whether the answer is right is not asked."""
    answered_answerable: float
    abstained_unanswerable: float
    f1_all: float
    """As SQuAD 2.0: over all questions, abstaining counts 1 where there is no answer."""
    f1_all_best_margin: float
    """The same if it abstained below the margin that is best for these very questions: what the fit has to beat."""
    f1_all_best_confidence: float
    """The same below the confidence that is best for these very questions: SQuAD 2.0's "best F1"."""
    calibration_error: float
    brier: float
    auroc: float
    latency_p50: float
    latency_p95: float
    embed_p50: float
    retrieve_p50: float
    read_p50: float


def measure(outcomes: Sequence[Outcome]) -> Measures:
    """The figures of ``outcomes``, of which there must be at least one."""
    has = [o for o in outcomes if o.question.accepted]
    lacks = [o for o in outcomes if not o.question.accepted]
    confidence = np.array([o.confidence for o in outcomes])
    right = np.array([float(o.right) for o in outcomes])
    total = [o.timings.total for o in outcomes]
    return Measures(
        questions=len(outcomes),
        answerable=len(has),
        passage_recall=_mean(has, lambda o: o.retrieved),
        exact_match=_mean(has, lambda o: o.exact),
        f1=_mean(has, lambda o: o.f1),
        f1_given=_mean(has, lambda o: 0.0 if o.abstained else o.f1),
        abstention_accuracy=_mean(outcomes, lambda o: o.abstained != bool(o.question.accepted)),
        answered_answerable=_mean(has, lambda o: not o.abstained),
        abstained_unanswerable=_mean(lacks, lambda o: o.abstained),
        f1_all=_mean(outcomes, token_f1_given),
        f1_all_best_margin=_best_f1(outcomes, np.array([o.score for o in outcomes])),
        f1_all_best_confidence=_best_f1(outcomes, confidence),
        calibration_error=expected_calibration_error(confidence, right),
        brier=brier_score(confidence, right),
        auroc=auroc(confidence, right),
        latency_p50=float(np.percentile(total, 50)),
        latency_p95=float(np.percentile(total, 95)),
        embed_p50=float(np.median([o.timings.embed for o in outcomes])),
        retrieve_p50=float(np.median([o.timings.retrieve for o in outcomes])),
        read_p50=float(np.median([o.timings.read for o in outcomes])),
    )


def token_f1_given(outcome: Outcome) -> float:
    """Token F1 of what was given, where abstaining is the one right answer to a question without answer."""
    if outcome.abstained:
        return float(not outcome.question.accepted)
    return outcome.f1 if outcome.question.accepted else 0.0


def _best_f1(outcomes: Sequence[Outcome], criterion: Values) -> float:
    """F1 over all questions, abstaining below the best threshold on ``criterion`` (questions,)."""
    f1 = np.array([o.f1 if o.question.accepted else 0.0 for o in outcomes])
    unanswerable = np.array([float(not o.question.accepted) for o in outcomes])
    return best_threshold(criterion, f1, unanswerable)[1]


def _mean(outcomes: Sequence[Outcome], of: Callable[[Outcome], float]) -> float:
    return float(np.mean([of(o) for o in outcomes])) if outcomes else float("nan")

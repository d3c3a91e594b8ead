"""Outcomes → figures, each with its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.measures.bootstrap import RESAMPLES, Figure, Sample, figure, mean, percentile
from eval.run import LOSSES, RIGHT, Outcome
from rag.confidence.calibration import worth
from rag.confidence.probability_measures import Values, auroc, best_threshold, expected_calibration_error, risk_area

Unit = Literal["share", "number", "ms"]

PARTS = ("total", "embed", "retrieve", "read")


@dataclass(frozen=True, slots=True)
class Measure:
    """How a figure is called and shown."""

    name: str
    label: str
    unit: Unit


MEASURES = (
    Measure("passage_recall", "passage recall: an accepted answer stands in what was read", "share"),
    Measure("passage_recall_1", "  in the first passage", "share"),
    Measure("passage_mrr", "  mean reciprocal rank of the first that has it", "number"),
    Measure("exact_match", "exact match, answerable, best span", "share"),
    Measure("f1", "F1, answerable, best span", "share"),
    Measure("overlap", "overlap with the marked span (IoU), best span", "share"),
    Measure("f1_given", "F1, answerable, withheld counts 0", "share"),
    Measure("exact_match_all", "exact match, all questions, as SQuAD 2.0", "share"),
    Measure("f1_all", "F1, all questions, as SQuAD 2.0", "share"),
    Measure("f1_all_best_margin", "  if it abstained below the best margin in hindsight", "share"),
    Measure("f1_all_over_margin", "  the fitted threshold over that margin", "share"),
    Measure("f1_all_best_worth", "  if it abstained by the best threshold in hindsight", "share"),
    Measure("abstention_accuracy", "abstention accuracy", "share"),
    Measure("abstention_precision", "  unanswerable, of those abstained from", "share"),
    Measure("abstention_recall", "  abstained from, of the unanswerable", "share"),
    Measure("answered_answerable", "  answered, of the answerable", "share"),
    Measure("auroc_of_answerable", "  AUROC of the probability of an answer", "number"),
    Measure("calibration_error", "expected calibration error", "number"),
    Measure("brier", "Brier score", "number"),
    Measure("auroc", "AUROC of confidence", "number"),
    Measure("risk_area", "area under risk–coverage", "number"),
    Measure("verbatim", "quotes that stand where they say, word for word", "share"),
    *(
        Measure(f"{part}_{name}", f"{'latency' if part == 'total' else '  ' + part} {name}", "ms")
        for part in PARTS
        for name in ("p50", "p95")
    ),
)
"""Those with ``best span`` take the best answer whether it was given or withheld, so that reading is measured apart
from abstaining. Right, for confidence, is what `rag.confidence.answer_match.is_right` calls so."""


def measure(outcomes: Sequence[Outcome], *, resamples: int = RESAMPLES) -> dict[str, Figure]:
    """The `MEASURES` of ``outcomes``, of which there must be at least one."""
    samples = _samples(outcomes)
    return {m.name: figure(samples[m.name], resamples=resamples) for m in MEASURES}


def lost(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many of the answerable questions were answered rightly, and how many got lost at which step."""
    counts = Counter(o.verdict for o in outcomes if o.question.accepted)
    return {verdict: counts[verdict] for verdict in (RIGHT, *LOSSES)}


def _samples(outcomes: Sequence[Outcome]) -> dict[str, Sample]:
    """What each measure is computed from."""
    has = _flags(o.question.accepted for o in outcomes)
    abstained = _flags(o.abstained for o in outcomes)
    marked = _flags(o.overlap is not None for o in outcomes)
    f1_all, exact_all = _values(outcomes, lambda o: o.f1_given), _values(outcomes, _exact_given)
    by_margin = _f1_at_best(outcomes, _values(outcomes, lambda o: -np.inf if o.score is None else o.score))
    (confidence, right), answerable = confidence_and_right(outcomes), _values(outcomes, lambda o: o.answerable)

    def judged(statistic: Callable[[Values, Values], float], probability: Values, true: Values) -> Sample:
        return Sample(statistic, (probability, true))

    return {
        "passage_recall": mean(_values(outcomes, lambda o: o.rank is not None), has),
        "passage_recall_1": mean(_values(outcomes, lambda o: o.rank == 1), has),
        "passage_mrr": mean(_values(outcomes, lambda o: 1 / o.rank if o.rank else 0.0), has),
        "exact_match": mean(_values(outcomes, lambda o: o.exact), has),
        "f1": mean(_values(outcomes, lambda o: o.f1), has),
        "overlap": mean(_values(outcomes, lambda o: o.overlap or 0.0), marked),
        "f1_given": mean(f1_all, has),
        "exact_match_all": mean(exact_all),
        "f1_all": mean(f1_all),
        "f1_all_best_margin": mean(by_margin),
        "f1_all_over_margin": mean(f1_all - by_margin),
        "f1_all_best_worth": mean(_f1_at_best(outcomes, worth(confidence, answerable))),
        "abstention_accuracy": mean((abstained != has).astype(float)),
        "abstention_precision": mean((~has).astype(float), abstained),
        "abstention_recall": mean(abstained.astype(float), ~has),
        "answered_answerable": mean((~abstained).astype(float), has),
        "auroc_of_answerable": judged(auroc, answerable, has.astype(float)),
        "verbatim": mean(_values(outcomes, lambda o: o.verbatim)),
        "calibration_error": judged(expected_calibration_error, confidence, right),
        "brier": mean((confidence - right) ** 2),
        "auroc": judged(auroc, confidence, right),
        "risk_area": judged(risk_area, confidence, right),
        **{
            f"{part}_{name}": percentile(np.array([getattr(o.timings, part) for o in outcomes]), share)
            for part in PARTS
            for name, share in (("p50", 0.5), ("p95", 0.95))
        },
    }


def confidence_and_right(outcomes: Sequence[Outcome]) -> tuple[Values, Values]:
    """Both (questions,): of the best answer, given or withheld; nothing found is 0 and not right."""
    return _values(outcomes, lambda o: o.confidence), _values(outcomes, lambda o: o.right)


def _exact_given(outcome: Outcome) -> float:
    if outcome.abstained or not outcome.question.accepted:
        return float(outcome.abstained and not outcome.question.accepted)
    return outcome.exact


def _f1_at_best(outcomes: Sequence[Outcome], criterion: Values) -> Values:
    """Each question's F1 as SQuAD 2.0 counts it, abstaining below the threshold that suits these questions best."""
    f1 = np.array([o.f1 if o.question.accepted else 0.0 for o in outcomes])
    unanswerable = np.array([float(not o.question.accepted) for o in outcomes])
    # any finite stand-in below all others keeps the order, and midpoints finite
    finite = criterion[np.isfinite(criterion)]
    ranked = np.maximum(criterion, (finite.min() if len(finite) else 0.0) - 1.0)
    threshold, _ = best_threshold(ranked, f1, unanswerable)
    return np.where(ranked < threshold, unanswerable, f1)


def _values(outcomes: Sequence[Outcome], value: Callable[[Outcome], float]) -> Values:
    return np.array([float(value(o)) for o in outcomes])


def _flags(flags: Iterable[object]) -> NDArray[np.bool_]:
    return np.array([bool(flag) for flag in flags])

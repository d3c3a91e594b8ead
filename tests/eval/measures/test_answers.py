"""Outcomes → figures."""

from __future__ import annotations

import math

import pytest

from eval.measures.answers import MEASURES, lost, measure
from rag.confidence.probability_measures import best_threshold
from tests.eval.cases import outcome

OUTCOMES = [
    outcome(("red ferry",), "the red ferry", overlap=0.75, proposed=True),
    outcome(("red ferry",), "ferry", abstained=True, proposed=True, rank=2, overlap=0.25),
    outcome(("red ferry",), "train", rank=None),
    outcome(("red ferry",), "train", proposed=True),
    outcome(("red ferry",), "train", abstained=True),
    outcome((), "train", abstained=True, rank=None),
    outcome((), "train", rank=None),
]


def test_measures_of_known_outcomes() -> None:
    figures = {name: figure.value for name, figure in measure(OUTCOMES, resamples=50).items()}
    expected = {
        "passage_recall": 4 / 5,
        "passage_recall_1": 3 / 5,
        "passage_mrr": (1 + 1 / 2 + 1 + 1) / 5,
        "exact_match": 1 / 5,
        "f1": (1 + 2 / 3) / 5,
        "overlap": 1 / 2,
        "f1_given": 1 / 5,
        "exact_match_all": 2 / 7,
        "f1_all": 2 / 7,
        "abstention_accuracy": 4 / 7,
        "abstention_precision": 1 / 3,
        "abstention_recall": 1 / 2,
        "answered_answerable": 3 / 5,
        "verbatim": 1,
        "total_p95": 3,
        "embed_p50": 1,
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    assert set(figures) == {m.name for m in MEASURES}


def test_every_answer_that_is_there_is_right_or_lost_at_one_step() -> None:
    assert [o.verdict for o in OUTCOMES] == [
        "right",
        "found but abstained",
        "not retrieved",
        "outranked",
        "not read right",
        "rightly abstained",
        "answered, though nothing says so",
    ]
    counts = lost(OUTCOMES)
    assert counts == {
        "right": 1,
        "not retrieved": 1,
        "not read right": 1,
        "outranked": 1,
        "found but abstained": 1,
    }
    assert sum(counts.values()) == sum(bool(o.question.accepted) for o in OUTCOMES)


def test_the_best_margin_in_hindsight_is_what_the_fitted_threshold_is_held_against() -> None:
    scored = [(("a",), "a", 3.0), (("a",), "a", 1.0), ((), "a", 0.5), (("a",), "b", -1.0), ((), "", None)]
    outcomes = [outcome(accepted, said, score=score, abstained=False) for accepted, said, score in scored]
    figures = measure(outcomes, resamples=50)
    assert figures["f1_all"].value == pytest.approx(2 / 5)
    assert figures["f1_all_best_margin"].value == pytest.approx(4 / 5)
    assert figures["f1_all_over_margin"].value == pytest.approx(-2 / 5)


def test_nothing_to_measure_over_is_no_number() -> None:
    figures = measure([outcome(("a",), "a")], resamples=50)
    assert figures["abstention_recall"].over == 0
    assert math.isnan(figures["abstention_recall"].value)
    assert math.isnan(figures["abstention_recall"].low)
    assert figures["f1"].value == 1


def test_an_interval_holds_its_figure_and_narrows_with_more_questions() -> None:
    few, many = (measure(OUTCOMES * times, resamples=200)["f1"] for times in (1, 20))
    assert few.low <= few.value <= few.high
    assert many.low <= many.value <= many.high
    assert many.high - many.low < few.high - few.low
    assert measure(OUTCOMES, resamples=200)["f1"] == few


def test_the_best_threshold_is_that_of_reliability() -> None:
    import numpy as np

    confidence = np.array([0.9, 0.4, 0.9, 0.3])
    outcomes = [
        outcome(("a",), "a", confidence=0.9),
        outcome(("a",), "a", confidence=0.4),
        outcome(("a",), "b", confidence=0.9),
        outcome((), "b", confidence=0.3),
    ]
    best = best_threshold(confidence, np.array([1, 1, 0, 0.0]), np.array([0, 0, 0, 1.0]))[1]
    assert measure(outcomes, resamples=50)["f1_all_best_worth"].value == pytest.approx(best)

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import CalibrationMismatch, CannotFit, MalformedFile
from index.passage_index import PassageIndex
from rag.answering.pipeline import QuestionAnswerer
from rag.confidence.calibration import (
    FEATURES,
    RANKING,
    STRUCTURE,
    UNFITTED,
    Calibration,
    Evidence,
    Judgement,
    Logistic,
    Verdict,
)
from rag.confidence.fitting import fit, fit_structure
from rag.confidence.held_out import HeldOutQuestion, Observation, observe, put_in, with_share
from rag.confidence.probability_measures import best_threshold
from rag.config import DEFAULT_READER, ModelConfig
from rag.models.loading import load_reader
from rag.squad import AcceptedAnswer, SquadParagraph, SquadQuestion

unit = st.floats(0, 1)
evidence = st.builds(
    Evidence,
    margin=st.integers(-150, 150).map(lambda n: n / 10),
    certainty=st.floats(-20, 0),
    cosine=unit,
    words_found=unit,
    words_in_sentence=unit,
    names_found=unit,
    names_nearby=unit,
    echo=unit,
    rank=st.integers(0, 49),
    agreement=st.integers(0, 5),
)


def _weights(names: tuple[str, ...], **weights: float) -> tuple[float, ...]:
    return tuple(weights.get(name, 0.0) for name in names)


SOME = replace(
    UNFITTED,
    ranking=_weights(RANKING, margin=1.0, certainty=0.2, cosine=3.0, words_found=1.0, rank=-0.5),
    right=Logistic(_weights(FEATURES, merit=0.4, lead=0.2, best_cosine=1.0, margin=0.1, names_found=0.6), bias=-1.0),
    answerable=Logistic(_weights(FEATURES, merit=0.3, best_cosine=2.0, agreement=0.1, words_found=1.0), bias=-1.5),
    threshold=0.5,
)


@given(st.lists(evidence, max_size=20))
def test_judgements_are_probabilities_of_every_candidate_best_first(candidates: list[Evidence]) -> None:
    verdict = SOME.judge(candidates)
    judged = verdict.judgements
    assert 0 <= verdict.answerable <= 1
    assert sorted(j.position for j in judged) == list(range(len(candidates)))
    confidences = [j.confidence for j in judged]
    assert all(0 <= p <= 1 for p in confidences)
    assert confidences == sorted(confidences, reverse=True)


@given(st.lists(evidence, min_size=1, max_size=20))
def test_unfitted_goes_by_the_margin_alone(candidates: list[Evidence]) -> None:
    verdict = UNFITTED.judge(candidates)
    best = verdict.judgements[0]
    assert candidates[best.position].margin == max(c.margin for c in candidates)
    assert (UNFITTED.given(verdict) > 0) == (candidates[best.position].margin >= 0)


@pytest.mark.parametrize(
    ("answerable", "confidences", "given"),
    [
        (0.25, [0.5, 0.5], 0),
        (0.5, [0.5, 0.25], 1),
        (0.25, [0.75, 0.5, 0.25], 2),
        (1.0, [0.5, 0.0], 1),
        (1.0, [0.49, 0.0], 0),
        (1.0, [], 0),
    ],
)
def test_that_an_answer_is_there_speaks_for_the_first_and_for_no_other(
    answerable: float, confidences: list[float], given: int
) -> None:
    judgements = tuple(Judgement(at, confidence) for at, confidence in enumerate(confidences))
    assert SOME.given(Verdict(answerable, judgements)) == given


@pytest.mark.parametrize(
    ("answerable", "confidences", "status"),
    [
        (0.5, [0.5], "answered"),
        (0.9, [0.2], "unsure"),  # there is an answer, likely another one
        (0.2, [0.8], "answered"),
        (0.1, [0.6], "not_found"),
        (0.6, [0.1], "unsure"),
        (0.6, [], "not_found"),
    ],
)
def test_what_speaks_for_an_answer_without_being_enough_is_unsure(
    answerable: float, confidences: list[float], status: str
) -> None:
    verdict = Verdict(answerable, tuple(Judgement(at, confidence) for at, confidence in enumerate(confidences)))
    assert SOME.status(verdict, SOME.given(verdict)) == status


def test_what_a_client_wants_given_is_answered_and_what_it_does_not_is_not() -> None:
    verdict = Verdict(0.9, (Judgement(0, 0.8),))
    assert (SOME.status(verdict, 1), SOME.status(verdict, 0)) == ("answered", "unsure")


def of_a_candidate(margin: float, cosine: float, rank: int) -> Evidence:
    return Evidence(
        margin,
        certainty=0,
        cosine=cosine,
        words_found=0.5,
        words_in_sentence=0.5,
        names_found=1,
        names_nearby=1,
        echo=0,
        rank=rank,
        agreement=0,
    )


def synthetic(n: int) -> list[Observation]:
    """Questions whose right candidate has more margin, by a known law, and often the better passage."""
    rng = np.random.default_rng(7)
    observations = []
    for _ in range(n):
        answerable = rng.random() < 0.7
        right = [bool(answerable and at == 0) for at in range(3)]
        candidates = tuple(
            of_a_candidate(float(rng.normal(3 if r else -1, 2)), float(rng.normal(0.6 if r else 0.4, 0.1)), at)
            for at, r in enumerate(right)
        )
        order = sorted(range(3), key=lambda i: -candidates[i].margin)
        observations.append(
            Observation(
                HeldOutQuestion("?", ("x",) if answerable else ()),
                tuple(candidates[i] for i in order),
                tuple(right[i] for i in order),
                tuple(float(right[i]) for i in order),
            )
        )
    return observations


def test_a_fit_ranks_better_than_the_margin_and_means_what_it_says() -> None:
    calibration = fit(synthetic(1_500), reader="r@1", embedder="e@1", provenance={"seed": 7})
    quality = calibration.provenance["cross_validated"]
    assert quality["f1_of_answerable"] > quality["f1_of_answerable_by_margin_alone"] + 0.05
    assert quality["expected_calibration_error"] < 0.05
    assert quality["auroc"] > 0.8
    assert calibration.provenance["seed"] == 7
    # 0.7 of the questions have an answer: abstaining from all of them would give 0.3
    assert quality["f1_with_abstention"] > 0.75


def test_what_tells_that_an_answer_is_there_decides_though_it_does_not_tell_which() -> None:
    """Where the passage fits, one of two candidates is right, by chance; where it does not, none is."""
    rng = np.random.default_rng(5)
    observations = []
    for _ in range(600):
        answerable, first = bool(rng.random() < 0.6), bool(rng.random() < 0.3)
        right = (answerable and first, answerable and not first)
        cosine = float(rng.normal(0.7 if answerable else 0.3, 0.05))
        candidates = (of_a_candidate(2.0, cosine, 0), of_a_candidate(1.0, cosine, 0))
        asked = HeldOutQuestion("?", ("x",) if answerable else ())
        observations.append(Observation(asked, candidates, right, (float(right[0]), float(right[1]))))
    calibration = fit(observations, reader="r@1", embedder="e@1", provenance={})
    assert calibration.provenance["cross_validated"]["abstention_accuracy"] > 0.95
    fits = calibration.judge((of_a_candidate(2.0, 0.7, 0), of_a_candidate(1.0, 0.7, 0)))
    assert fits.answerable > 0.9 > 0.8 > fits.judgements[0].confidence
    absent = calibration.judge((of_a_candidate(2.0, 0.3, 0), of_a_candidate(1.0, 0.3, 0)))
    # the likelier one is wrong more often than not: worth a look, but no answer
    assert (calibration.given(fits), calibration.given(absent)) == (0, 0)
    assert (calibration.status(fits, 0), calibration.status(absent, 0)) == ("unsure", "not_found")


def in_tables(n: int) -> list[Observation]:
    """Questions whose best candidate by margin is as often right as the second; the right one's cell fits."""
    rng = np.random.default_rng(3)
    observations = []
    for _ in range(n):
        first = bool(rng.random() < 0.5)
        right = (first, not first)
        candidates = tuple(
            replace(of_a_candidate(margin, 0.6, 0), cell=float(is_right), label=1.0)
            for margin, is_right in zip((2.0, 1.0), right, strict=True)
        )
        observations.append(Observation(HeldOutQuestion("?", ("x",)), candidates, right, (0.0, 0.0)))
    return observations


def test_what_tables_say_is_learnt_and_all_else_stays() -> None:
    fitted = fit_structure([*synthetic(300), *in_tables(100)], SOME)
    structure = len(STRUCTURE)
    for known, now in (
        (SOME.ranking, fitted.ranking),
        (SOME.right.weights, fitted.right.weights),
        (SOME.answerable.weights, fitted.answerable.weights),
    ):
        assert now[:-structure] == known[:-structure]
    assert (fitted.right.bias, fitted.answerable.bias) == (SOME.right.bias, SOME.answerable.bias)
    assert dict(zip(RANKING, fitted.ranking, strict=True))["cell"] > 1
    second = in_tables(20)
    assert all(o.right[fitted.judge(o.evidence).judgements[0].position] for o in second)
    again = fit_structure([*synthetic(300), *in_tables(100)], fitted)
    assert again == fitted, "what was fitted before counts for nothing"


def test_without_a_right_and_a_wrong_candidate_nothing_is_learnt_of_tables() -> None:
    with pytest.raises(CannotFit):
        fit_structure([replace(o, right=(False, False)) for o in in_tables(20)], SOME)


UNLEARNABLE = [
    [],
    synthetic(5),
    [replace(o, right=(False,) * 3) for o in synthetic(50)],
    [replace(o, question=HeldOutQuestion("?", ("x",))) for o in synthetic(50)],
]


@pytest.mark.parametrize("observations", UNLEARNABLE)
def test_too_little_to_learn_from_is_said(observations: list[Observation]) -> None:
    with pytest.raises(CannotFit, match="too few"):
        fit(observations, reader="", embedder="", provenance={})


@given(st.lists(st.tuples(st.integers(0, 9).map(lambda n: n / 10), unit, st.booleans()), min_size=1, max_size=30))
def test_the_threshold_is_the_best_of_all(rows: list[tuple[float, float, bool]]) -> None:
    confidence, f1, unanswerable = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    f1 = np.where(unanswerable == 1, 0.0, f1)
    threshold, found = best_threshold(confidence, f1, unanswerable)
    by_count = [
        np.where(np.argsort(np.argsort(confidence, kind="stable")) < k, unanswerable, f1).mean()
        for k in range(len(rows) + 1)
    ]
    assert found == pytest.approx(max(by_count))
    if len(set(confidence)) == len(confidence):
        assert np.where(confidence >= threshold, f1, unanswerable).mean() == pytest.approx(found)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    SOME.save(tmp_path / "calibration.json")
    assert Calibration.load(tmp_path / "calibration.json") == SOME


@pytest.mark.parametrize("break_it", ["not json", "features", "missing"])
def test_a_file_that_is_no_calibration_is_refused(tmp_path: Path, break_it: str) -> None:
    path = tmp_path / "calibration.json"
    SOME.save(path)
    fields = json.loads(path.read_text())
    if break_it == "features":
        fields["features"] = FEATURES[:-1]
    elif break_it == "missing":
        del fields["answerable"]["bias"]
    path.write_text("{" if break_it == "not json" else json.dumps(fields))
    with pytest.raises(MalformedFile, match=r"calibration\.json.*fit it anew"):
        Calibration.load(path)


def test_parameters_of_other_weights_are_refused() -> None:
    fitted = replace(SOME, reader="reader@1", embedder="embedder@1")
    fitted.check(reader="reader@1", embedder="embedder@1")
    with pytest.raises(CalibrationMismatch, match="fitted for the reader reader@1, this one is reader@2"):
        fitted.check(reader="reader@2", embedder="embedder@1")
    with pytest.raises(CalibrationMismatch, match="embedder"):
        fitted.check(reader="reader@1", embedder="embedder@2")


def test_ranks_of_another_order_than_it_was_fitted_for_are_told() -> None:
    fitted = replace(SOME, reader="reader@1", reranker="cross@1")
    assert fitted.knows_order_of("cross@1")
    assert not fitted.knows_order_of("")
    assert not replace(SOME, reader="reader@1").knows_order_of("cross@1")
    assert UNFITTED.knows_order_of("cross@1"), "it looks at no ranks"


@pytest.mark.model
def test_the_bundled_calibration_fits_only_the_bundled_models() -> None:
    with pytest.raises(CalibrationMismatch, match="fit it anew"):
        load_reader(ModelConfig(), "another-embedder@1")
    _, unfitted = load_reader(ModelConfig(reader=DEFAULT_READER, calibration="none"), "another-embedder@1")
    assert unfitted == UNFITTED


asked = st.lists(st.booleans(), max_size=60).map(
    lambda held: [HeldOutQuestion(f"{n}?", ("x",) if holds else ()) for n, holds in enumerate(held)]
)


@given(asked, st.sampled_from([0.0, 0.2, 0.25, 0.5, 0.9]))
def test_the_share_without_an_answer_is_had_by_leaving_out_one_kind(
    questions: list[HeldOutQuestion], share: float
) -> None:
    kept = with_share(questions, share)
    assert kept == [question for question in questions if question in kept]
    of = {kind: sum(bool(q.accepted) == kind for q in questions) for kind in (True, False)}
    left = {kind: sum(bool(q.accepted) == kind for q in kept) for kind in (True, False)}
    assert any(left[kind] == of[kind] for kind in (True, False))
    # to within one question
    assert abs(left[False] - share * len(kept)) <= 1


def test_any_first_part_of_the_questions_has_the_share() -> None:
    questions = [HeldOutQuestion(f"{n}?", ("x",) if n % 2 else ()) for n in range(2_000)]
    kept = with_share(questions, 0.2)
    assert len(kept) == 1_250
    assert sum(not question.accepted for question in kept[:250]) == pytest.approx(50, abs=2)


def test_observing_asks_the_whole_index_and_leaves_paragraphs_out(
    index: PassageIndex, answerer: QuestionAnswerer
) -> None:
    paragraphs = [
        SquadParagraph("t", f"Number {n} is the ferry f{n}.", (SquadQuestion(str(n), f"«f{n}»?", (answer,)),))
        for n in range(40)
        for answer in [AcceptedAnswer(f"f{n}", 0)]
    ]
    told: list[tuple[int, int]] = []
    questions = put_in(paragraphs, index, absent=0.5, seed=1, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (index.count()[0],) * 2
    assert len(questions) == 40
    absent = sum(not question.accepted for question in questions)
    assert 10 < absent < 30
    assert {question.document_id for question in questions} == {None, *index_ids(index)}
    for observation in observe(answerer, questions):
        assert any(observation.right) == bool(observation.question.accepted)


def index_ids(index: PassageIndex) -> set[str]:
    return {document.id for document in index.documents(limit=100)}

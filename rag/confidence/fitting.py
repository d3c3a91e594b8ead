"""Fits the calibration: asks held-out questions as a user would, and learns which answers turned out right."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.build import add_many
from index.documents import DocumentDraft
from index.errors import CannotFit, QuestionError
from index.interfaces import Progress
from index.passage_index import PassageIndex
from rag.confidence.answer_match import is_right, token_f1
from rag.confidence.calibration import Calibration, Evidence, Logistic, features, ranking_features, worth
from rag.confidence.probability_measures import Values, auroc, best_threshold, expected_calibration_error
from rag.pipeline import QuestionAnswerer
from rag.squad import SquadParagraph, SquadQuestion

_PARAGRAPHS_PER_DOCUMENT = 12
_PATH = " › "
_RANKED = 5


@dataclass(frozen=True, slots=True)
class HeldOutQuestion:
    """A question to ask; nothing is accepted where what is asked does not hold the answer."""

    question: str
    accepted: tuple[str, ...]
    document_id: str | None = None
    """The one document that is asked; None for the whole index."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of a held-out question: the evidence for its candidates, best margin first, and how right each is."""

    question: HeldOutQuestion
    evidence: tuple[Evidence, ...]
    right: tuple[bool, ...]
    f1: tuple[float, ...]


def put_in(
    paragraphs: Sequence[SquadParagraph], index: PassageIndex, *, absent: float, seed: int, progress: Progress
) -> list[HeldOutQuestion]:
    """Adds paragraphs to ``index``, but for a share ``absent`` of them, whose questions then have no answer.

    A document holds up to twelve paragraphs of one title. A paragraph whose first line is the path to it ("Handbook ›
    Boats") is a document without that line, which is its title: so it comes to the reader as it does in use.

    Half of the questions are for the whole index, half for their own document alone: among many documents retrieval
    tells much, within one it tells little, and people do both.
    """
    draw = random.Random(seed)
    drafts: list[DocumentDraft] = []
    asked_of: list[tuple[HeldOutQuestion, int | None]] = []
    for title, texts in _documents(paragraphs):
        present = [text for text in texts if draw.random() >= absent]
        for text, of_text in texts.items():
            for asked in of_text:
                accepted = tuple(dict.fromkeys(a.text for a in asked.answers)) if text in present else ()
                own = draw.random() < 0.5 and present
                asked_of.append((HeldOutQuestion(asked.question, accepted), len(drafts) if own else None))
        if present:
            drafts.append(_draft(title, present))
    ids = [document.id for document, _ in add_many(index, drafts, progress)]
    questions = [q if number is None else replace(q, document_id=ids[number]) for q, number in asked_of]
    draw.shuffle(questions)
    return questions


def _draft(title: str, texts: Sequence[str]) -> DocumentDraft:
    path, _, rest = texts[0].partition("\n")
    if len(texts) == 1 and _PATH in path and rest.strip():
        return DocumentDraft(title=path, text=rest)
    return DocumentDraft(title=title, text="\n\n".join(texts))


def _documents(paragraphs: Sequence[SquadParagraph]) -> list[tuple[str, dict[str, list[SquadQuestion]]]]:
    """(title, {paragraph: its questions}): a paragraph that stands in several files comes once."""
    by_title: dict[str, dict[str, list[SquadQuestion]]] = {}
    home: dict[str, dict[str, list[SquadQuestion]]] = {}
    for paragraph in paragraphs:
        of_title = home.setdefault(paragraph.text, by_title.setdefault(paragraph.title, {}))
        of_title.setdefault(paragraph.text, []).extend(paragraph.questions)
    return [
        (title, dict(list(texts.items())[start : start + _PARAGRAPHS_PER_DOCUMENT]))
        for title, texts in by_title.items()
        for start in range(0, len(texts), _PARAGRAPHS_PER_DOCUMENT)
    ]


def with_share(questions: Sequence[HeldOutQuestion], unanswerable: float) -> list[HeldOutQuestion]:
    """The questions in the same order, but for some of those that are too many for this share to have no answer.

    How often people ask what the documents don't say decides what a margin is worth, and held-out data that is half
    unanswerable would teach to doubt. They are left out evenly, so that any first part has about that share too.
    """
    without = sum(not question.accepted for question in questions)
    answered = len(questions) - without
    wanted = {
        False: min(without, round(answered * unanswerable / (1 - unanswerable))),
        True: min(answered, round(without * (1 - unanswerable) / unanswerable)) if unanswerable else answered,
    }
    there, seen = {False: without, True: answered}, {False: 0, True: 0}
    kept = []
    for question in questions:
        kind = bool(question.accepted)
        before = seen[kind] * wanted[kind] // there[kind]
        seen[kind] += 1
        if seen[kind] * wanted[kind] // there[kind] > before:
            kept.append(question)
    return kept


def observe(answerer: QuestionAnswerer, questions: Sequence[HeldOutQuestion]) -> Iterator[Observation]:
    """Asks each question; one that the reader cannot take is passed over."""
    for question in questions:
        only = None if question.document_id is None else [question.document_id]
        try:
            proposal = answerer.propose(question.question, document_ids=only)
        except QuestionError:
            continue
        texts = [candidate.text for candidate in proposal.candidates]
        yield Observation(
            question,
            proposal.evidence,
            tuple(is_right(text, question.accepted) for text in texts),
            tuple(token_f1(text, question.accepted) if question.accepted else 0.0 for text in texts),
        )


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
    rows, right = [], []
    for observation in observations:
        merits = ranking_features(observation.evidence) @ ranking
        order = np.argsort(-merits, kind="stable")
        rows.append(features([observation.evidence[i] for i in order], merits[order])[0])
        right.append(observation.right[order[0]])
    answerable = [bool(observation.question.accepted) for observation in observations]
    return Calibration(
        ranking=_rounded(ranking),
        right=_logistic(np.array(rows), np.array(right)),
        answerable=_logistic(np.array(rows), np.array(answerable)),
        threshold=0.5,
        reader="",
        embedder="",
        provenance={},
    )


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

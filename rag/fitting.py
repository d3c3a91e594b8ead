"""Fits the calibration: asks held-out questions as a user would, and learns which answers turned out right."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.documents import DocumentDraft
from index.errors import QuestionError
from index.interfaces import Progress
from index.passage_index import PassageIndex
from rag.calibration import Calibration, Evidence, features
from rag.matching import is_right, token_f1
from rag.pipeline import QuestionAnswerer
from rag.reliability import auroc, brier_score, expected_calibration_error
from rag.squad import SquadParagraph

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeldOutQuestion:
    """A question that is asked of the whole index; nothing is accepted where the index does not hold the answer."""

    question: str
    accepted: tuple[str, ...]


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
    """Adds paragraphs to ``index``, but for a share ``absent`` of them, whose questions then have no answer."""
    draw = random.Random(seed)  # noqa: S311
    by_text: dict[str, list[SquadParagraph]] = {}
    for paragraph in paragraphs:
        by_text.setdefault(paragraph.text, []).append(paragraph)
    questions = []
    for done, (text, alike) in enumerate(sorted(by_text.items()), start=1):
        left_out = draw.random() < absent
        if not left_out:
            index.add(DocumentDraft(title=alike[0].title, text=text))
        for asked in (question for paragraph in alike for question in paragraph.questions):
            accepted = () if left_out else tuple(dict.fromkeys(a.text for a in asked.answers))
            questions.append(HeldOutQuestion(asked.question, accepted))
        progress(done, len(by_text))
    draw.shuffle(questions)
    return questions


def observe(answerer: QuestionAnswerer, questions: Sequence[HeldOutQuestion]) -> Iterator[Observation]:
    """Asks each question; one that the reader cannot take is passed over."""
    for question in questions:
        try:
            proposal = answerer.propose(question.question)
        except QuestionError:
            continue
        said = [candidate.text for candidate in proposal.candidates]
        yield Observation(
            question,
            proposal.evidence,
            tuple(is_right(text, question.accepted) for text in said),
            tuple(token_f1(text, question.accepted) if question.accepted else 0.0 for text in said),
        )


def fit(
    observations: Sequence[Observation], *, reader: str, embedder: str, provenance: dict[str, Any], folds: int = 5
) -> Calibration:
    """The calibration that these observations teach.

    The threshold maximises F1 over all questions as SQuAD 2.0 counts it. What the provenance says of its quality was
    measured by cross-validation, on questions that each fold's parameters had not seen.
    """
    observations = [o for o in observations if o.evidence]
    held_out = np.zeros(len(observations))
    fold_of = np.arange(len(observations)) % folds
    for fold in range(folds):
        taught = [o for o, f in zip(observations, fold_of, strict=True) if f != fold]
        weights, bias = _logistic(taught)
        for at in np.flatnonzero(fold_of == fold):
            held_out[at] = _confidence(observations[at], weights, bias)[0]
    weights, bias = _logistic(observations)
    right = np.array([float(o.right[0]) for o in observations])
    threshold, f1 = best_threshold(held_out, observations)
    quality = {
        "questions": len(observations),
        "answerable": sum(bool(o.question.accepted) for o in observations),
        "expected_calibration_error": round(expected_calibration_error(held_out, right), 4),
        "brier": round(brier_score(held_out, right), 4),
        "auroc": round(auroc(held_out, right), 4),
        "f1_at_threshold": round(f1, 4),
    }
    return Calibration(
        weights=tuple(round(float(w), 6) for w in weights),
        bias=round(float(bias), 6),
        threshold=round(threshold, 3),
        reader=reader,
        embedder=embedder,
        provenance={**provenance, "cross_validated": quality},
    )


def best_threshold(confidence: Values, observations: Sequence[Observation]) -> tuple[float, float]:
    """The threshold at which mean F1 is highest, and that F1: abstaining counts 1 where there is no answer, else 0."""
    order = np.argsort(confidence, kind="stable")
    answered = np.array([observations[i].f1[0] for i in order])
    withheld = np.array([float(not observations[i].question.accepted) for i in order])
    # gain[k]: mean F1 when the k least confident questions are abstained from
    gain = np.concatenate([[0.0], np.cumsum(withheld)]) + answered.sum() - np.concatenate([[0.0], np.cumsum(answered)])
    best = int(gain.argmax())
    ranked = confidence[order]
    below = ranked[best - 1] if best else 0.0
    above = ranked[best] if best < len(ranked) else 1.0
    return float((below + above) / 2), float(gain[best] / len(ranked))


def _logistic(observations: Sequence[Observation]) -> tuple[Values, float]:
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate([features(o.evidence)[:1] for o in observations])
    right = np.array([o.right[0] for o in observations])
    scale = rows.std(axis=0) + 1e-9
    fitted = LogisticRegression(C=1.0, max_iter=1_000).fit(rows / scale, right)
    return fitted.coef_[0] / scale, float(fitted.intercept_[0])


def _confidence(observation: Observation, weights: Values, bias: float) -> Values:
    confidence: Values = 1 / (1 + np.exp(-(features(observation.evidence) @ weights + bias)))
    return confidence

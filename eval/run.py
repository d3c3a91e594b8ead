"""Asks every question of a set and notes what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.askers import Asker, Found
from eval.suites.datasets import EvalQuestion, locate
from rag.answers import Place, Span, Timings
from rag.confidence.answer_match import exact_match, is_right, overlap, token_f1

RIGHT, RIGHTLY_ABSTAINED = "right", "rightly abstained"
NOT_RETRIEVED, NOT_READ, OUTRANKED, WITHHELD = "not retrieved", "not read right", "outranked", "found but abstained"
MADE_UP = "answered, though nothing says so"

FINE = frozenset({RIGHT, RIGHTLY_ABSTAINED})
LOSSES = (NOT_RETRIEVED, NOT_READ, OUTRANKED, WITHHELD)
"""How an answer that is there gets lost, in the order of the work."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question."""

    question: EvalQuestion
    answer: str
    """The best answer, given or withheld; empty where nothing was found at all."""
    confidence: float
    score: float | None
    """The reader's margin, in logits; None where nothing was found at all."""
    abstained: bool
    answerable: float
    """The probability, as it was told, that the documents hold an answer."""
    rank: int | None
    """Of the first passage that was read and holds an accepted answer, from 1."""
    proposed: bool
    """Whether an accepted answer is among all that were found, the best or not."""
    overlap: float | None
    """Intersection over union of the best answer's characters with a marked answer's; None where none is marked."""
    verbatim: bool
    """Whether the stored text really says that there."""
    timings: Timings
    source: str = ""
    """Of the best answer: its document's file or title, its offset there, and the sentence around it."""
    start: int = 0
    sentence: str = ""
    sentence_start: int = 0

    @property
    def exact(self) -> float:
        """Exact match of the best answer, given or withheld."""
        return exact_match(self.answer, self.question.accepted)

    @property
    def f1(self) -> float:
        """Token F1 of the best answer, given or withheld."""
        return token_f1(self.answer, self.question.accepted)

    @property
    def f1_given(self) -> float:
        """Token F1 of what was given, where abstaining is the one right answer to a question without answer."""
        if self.abstained:
            return float(not self.question.accepted)
        return self.f1 if self.question.accepted else 0.0

    @property
    def right(self) -> bool:
        """Whether the best answer, given or withheld, is an accepted one."""
        return is_right(self.answer, self.question.accepted)

    @property
    def verdict(self) -> str:
        """What a reader of the report wants to know first."""
        if not self.question.accepted:
            return RIGHTLY_ABSTAINED if self.abstained else MADE_UP
        if self.right:
            return WITHHELD if self.abstained else RIGHT
        if self.rank is None:
            return NOT_RETRIEVED
        return OUTRANKED if self.proposed else NOT_READ


def run(
    asker: Asker,
    questions: Sequence[EvalQuestion],
    *,
    top_k: int,
    ids: Mapping[str, str] | None = None,
    own_document_only: bool = False,
    among: Sequence[str] | None = None,
) -> Iterator[Outcome]:
    """Yields each question's outcome as it is known; ``ids`` are the documents' by their keys.

    A question is asked of the one document that it belongs to, or else ``among`` these, or else of the whole index.
    """
    ids = ids or {}
    for question in questions:
        only = [ids[question.home]] if own_document_only else among
        reply = asker.ask(question.question, top_k=top_k, document_ids=only)
        best = reply.answers[0] if reply.answers else None
        yield Outcome(
            question=question,
            answer=best.text if best else "",
            confidence=best.confidence if best else 0.0,
            score=best.score if best else None,
            abstained=reply.abstained,
            answerable=reply.answerable,
            rank=_rank(reply.passages, question.accepted),
            proposed=any(is_right(answer.text, question.accepted) for answer in reply.answers),
            overlap=_overlap(best, question, ids.get(question.home, "")),
            verbatim=all(_is_verbatim(asker, answer) for answer in reply.answers),
            timings=reply.timings,
            source=best.source if best else "",
            start=best.place.span.start if best else 0,
            sentence=best.sentence if best else "",
            sentence_start=best.sentence_start if best else 0,
        )


def _rank(passages: Sequence[str], accepted: Sequence[str]) -> int | None:
    return next((rank for rank, text in enumerate(passages, start=1) if locate(text, accepted)), None)


def _overlap(best: Found | None, question: EvalQuestion, home: str) -> float | None:
    """The best of all places where the answer stands; another document than the marked one is no overlap."""
    if not question.spans or not question.accepted:
        return None
    spans = [place.span for place in (best.place, *best.also_at) if place.document_id == home] if best else []
    return max(
        (overlap((s.start, s.end), (marked.start, marked.end)) for s in spans for marked in question.spans), default=0.0
    )


def _is_verbatim(asker: Asker, answer: Found) -> bool:
    return all(_says(asker, place, answer.text) for place in (answer.place, *answer.also_at))


def _says(asker: Asker, place: Place, text: str) -> bool:
    span: Span = place.span
    return span.of(asker.text(place.document_id)) == text

"""Asks every question of a set and notes what came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.datasets import EvalQuestion, locate
from rag.answers import Timings
from rag.matching import exact_match, is_right, token_f1
from rag.pipeline import QuestionAnswerer


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question."""

    question: EvalQuestion
    said: str
    """The best answer, given or withheld; empty where nothing was found at all."""
    confidence: float
    score: float
    """The reader's margin, in logits; minus infinity where nothing was found at all."""
    abstained: bool
    retrieved: bool
    """Whether a passage that was read holds an accepted answer."""
    timings: Timings

    @property
    def exact(self) -> float:
        """Exact match of the best answer, given or withheld."""
        return exact_match(self.said, self.question.accepted)

    @property
    def f1(self) -> float:
        """Token F1 of the best answer, given or withheld."""
        return token_f1(self.said, self.question.accepted)

    @property
    def right(self) -> bool:
        """Whether the best answer, given or withheld, is an accepted one."""
        return is_right(self.said, self.question.accepted)

    @property
    def verdict(self) -> str:
        """What a reader of the report wants to know first."""
        if not self.question.accepted:
            return "rightly abstained" if self.abstained else "answered, though nothing says so"
        if self.abstained:
            return "found but abstained" if self.right else _lost(self)
        return "right" if self.right else _lost(self)


def run(answerer: QuestionAnswerer, questions: Sequence[EvalQuestion], *, top_k: int) -> Iterator[Outcome]:
    """Yields each question's outcome as it is known."""
    for question in questions:
        only = [question.document_id] if question.document_id else None
        result = answerer.ask(question.question, top_k=top_k, document_ids=only)
        best = next(iter(result.answers or result.candidates), None)
        yield Outcome(
            question=question,
            said=best.text if best else "",
            confidence=best.confidence if best else 0.0,
            score=best.score if best else float("-inf"),
            abstained=result.abstained,
            retrieved=any(locate(found.passage.text, question.accepted) for found in result.passages),
            timings=result.timings,
        )


def _lost(outcome: Outcome) -> str:
    return "outranked" if outcome.retrieved else "not retrieved"

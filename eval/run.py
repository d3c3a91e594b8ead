"""Asks every question of a set and notes what came back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from eval.datasets import EvalQuestion, locate
from rag.answers import QAResult, Timings
from rag.matching import exact_match, is_right, token_f1

Ask = Callable[[str], QAResult]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question."""

    question: EvalQuestion
    said: str
    """The best answer, given or withheld; empty where nothing was found at all."""
    confidence: float
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


def run(ask: Ask, questions: Sequence[EvalQuestion]) -> Iterator[Outcome]:
    """Yields each question's outcome as it is known."""
    for question in questions:
        result = ask(question.question)
        best = next(iter(result.answers or result.candidates), None)
        yield Outcome(
            question=question,
            said=best.text if best else "",
            confidence=best.confidence if best else 0.0,
            abstained=result.abstained,
            retrieved=any(locate(found.passage.text, question.accepted) for found in result.passages),
            timings=result.timings,
        )


def _lost(outcome: Outcome) -> str:
    return "outranked" if outcome.retrieved else "not retrieved"

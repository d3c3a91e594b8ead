"""What a question may ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.documents import lone_surrogate
from index.errors import InvalidQuestion
from rag.answers import Answer, RetrievedPassage
from rag.config import MAX_N_BEST, MAX_QUESTION_CHARACTERS, MAX_TOP_K, MAX_TURNS

OnEvent = Callable[[tuple[RetrievedPassage, ...] | Answer], None]


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that was asked before, and what was answered; None where nothing was."""

    question: str
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what it wants; None is the default."""

    text: str
    top_k: int | None = None
    """Passages to read."""
    n_best: int | None = None
    """Answers to give. Who asks for several gets the best of every passage; else reading stops at a sure one."""
    document_ids: Sequence[str] | None = None
    """Only these documents."""
    min_confidence: float | None = None
    """Give what has this confidence; by default what the fitted decision gives."""
    history: Sequence[Turn] = ()
    """What was asked before, the oldest first: what pronouns and questions like "and in 2019?" refer to."""
    on_event: OnEvent | None = None
    """Called while it is being answered: with the passages once they are there, then with each new best answer."""


def check_question(question: str, top_k: int) -> None:
    """Raises InvalidQuestion where the text or the number of passages is out of its limits."""
    if not question.strip():
        raise InvalidQuestion("question", "is blank")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise InvalidQuestion("question", f"has {len(question):,} characters; at most {MAX_QUESTION_CHARACTERS:,}")
    if lone_surrogate(question) is not None:
        raise InvalidQuestion("question", "holds a lone surrogate")
    if not 1 <= top_k <= MAX_TOP_K:
        raise InvalidQuestion("top_k", f"is {top_k}, must be 1 to {MAX_TOP_K}")


def check_history(history: Sequence[Turn]) -> None:
    """Raises InvalidQuestion where there are too many turns, or one has too long a question."""
    if len(history) > MAX_TURNS:
        raise InvalidQuestion("history", f"has {len(history):,} turns; at most {MAX_TURNS}")
    if any(len(turn.question) > MAX_QUESTION_CHARACTERS for turn in history):
        raise InvalidQuestion("history", f"has a question of more than {MAX_QUESTION_CHARACTERS:,} characters")


def check_answers(n_best: int, min_confidence: float | None) -> None:
    """Raises InvalidQuestion where the number of answers or their least confidence is out of its limits."""
    if not 1 <= n_best <= MAX_N_BEST:
        raise InvalidQuestion("n_best", f"is {n_best}, must be 1 to {MAX_N_BEST}")
    if min_confidence is not None and not 0 <= min_confidence <= 1:
        raise InvalidQuestion("min_confidence", f"is {min_confidence}, must be 0 to 1")

"""What tests of eval share."""

from __future__ import annotations

from eval.run import Outcome
from eval.suites.datasets import EvalQuestion
from rag.answers import Timings


def outcome(
    accepted: tuple[str, ...],
    said: str,
    *,
    abstained: bool = False,
    rank: int | None = 1,
    proposed: bool = False,
    confidence: float | None = None,
    score: float | None = 1.0,
    overlap: float | None = None,
    total: float = 3.0,
    **labels: str,
) -> Outcome:
    question = EvalQuestion(**{"id": "id", "question": "?", **labels}, accepted=accepted)  # type: ignore[arg-type]
    known = (0.4 if abstained else 0.9) if confidence is None else confidence
    return Outcome(
        question,
        said,
        known,
        score,
        abstained,
        known,
        rank,
        proposed,
        overlap,
        verbatim=True,
        timings=Timings(1, 1, 1, total),
        source="note.txt",
        start=10,
        sentence=f"It was {said}, they said.",
        sentence_start=3,
    )

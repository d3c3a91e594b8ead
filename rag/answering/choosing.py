"""Chooses between several readings of one question, by what each finds."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answers import RetrievedPassage
from rag.confidence.evidence import share_of_words
from rag.retrieval.sources import Sources

_TOO_CLOSE = 0.01
"""Scores nearer to each other decide nothing."""


def clearest(questions: Sequence[str], found: Sequence[Sources]) -> int | None:
    """Which of the questions, of what each found, has the best passage; None where two are as good.

    Fused scores are shares of their own question's best: what is compared are the cosine, and the share of the
    question's words that its best passage has, in which readings differ that differ in a name.
    """
    scores = [
        max((_fit(text, each) for each in sources.retrieval.passages[:1]), default=0.0)
        for text, sources in zip(questions, found, strict=True)
    ]
    first, *others = sorted(scores, reverse=True)
    return None if others and first - others[0] < _TOO_CLOSE else scores.index(first)


def _fit(question: str, best: RetrievedPassage) -> float:
    return (best.cosine or 0.0) + share_of_words(question, best.passage.text)

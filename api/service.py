"""What the routes work on, loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from api.feedback import FeedbackStore
from index.passage_index import PassageIndex
from rag.interfaces import Reader
from rag.loading import Parts
from rag.pipeline import QuestionAnswerer
from rag.self_test import QUESTION, reads


class Named(Protocol):
    """A model, by the fingerprint of its weights."""

    @property
    def fingerprint(self) -> str:
        """Name and hash."""


@dataclass(frozen=True, slots=True)
class Service:
    """The open index, what answers from it, and what its users said of the answers."""

    index: PassageIndex
    answerer: QuestionAnswerer
    embedder: Named
    reader: Reader
    feedback: FeedbackStore
    self_test_question: str = QUESTION

    @classmethod
    def of(cls, parts: Parts, data: Path) -> Self:
        """The loaded parts, with the feedback beside the index. Raises CatalogueUnusable."""
        return cls(parts.index, parts.answerer, parts.embedder, parts.reader, FeedbackStore(data))

    def self_test(self) -> bool:
        """Whether the reader still reads."""
        return reads(self.reader, self.self_test_question)

    def close(self) -> None:
        """Lets go of the files."""
        self.feedback.close()
        self.index.close()

"""What the routes work on, loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from index.passage_index import PassageIndex
from rag.interfaces import Reader
from rag.pipeline import QuestionAnswerer


class Named(Protocol):
    """A model, by the fingerprint of its weights."""

    @property
    def fingerprint(self) -> str:
        """Name and hash."""


@dataclass(frozen=True, slots=True)
class Service:
    """The open index and what answers from it."""

    index: PassageIndex
    answerer: QuestionAnswerer
    embedder: Named
    reader: Reader
    self_test_question: str = "What colour is the door?"

    def self_test(self) -> bool:
        """Whether the reader still reads."""
        passage = "The house has a red roof. Its door is blue."
        spans = self.reader.read(self.self_test_question, [passage])
        return bool(spans) and passage[spans[0].start : spans[0].end] == "blue"

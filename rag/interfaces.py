"""What answering a question needs: a retriever, a reader, the documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from index.documents import Document, Location
from index.interfaces import Preparation
from index.passages.reading_text import ReadingText
from rag.answers import RetrievedPassage

SearchMode = Literal["hybrid", "dense", "lexical"]
"""By meaning and by words, by meaning only, by words only."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to find: up to ``top_k`` passages, only of these documents if any are given."""

    text: str
    top_k: int
    document_ids: Sequence[str] | None = None
    mode: SearchMode = "hybrid"
    explain: bool = False
    """Whether to say which words of it each passage has."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The passages for a query, best first, and how long it took to get them. Times are in milliseconds."""

    passages: tuple[RetrievedPassage, ...]
    embed_ms: float
    """How long it took to embed it and all queries that were embedded together with it."""
    search_ms: float
    """How long it took to search for it and to look up what was found."""
    worth_reading: int
    """How many of the first passages may hold the answer; the others are too far behind."""


class Retriever(Protocol):
    """Finds passages for questions."""

    def retrieve(self, queries: Sequence[Query]) -> list[Retrieval]:
        """The passages for each query, in the order of the queries."""


class Reranker(Protocol):
    """Reads a question together with passages."""

    @property
    def fingerprint(self) -> str:
        """Names the weights: equal fingerprints give equal scores."""

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """How well each passage fits the question; higher is better."""


@dataclass(frozen=True, slots=True)
class PassageSpan:
    """A span that the reader proposes: half-open characters of the passage at that position of the call."""

    position: int
    start: int
    end: int
    score: float
    """Margin over the null answer of its window, in logits: comparable between passages."""
    certainty: float = 0.0
    """Log-probability among all that its window may say, the null included."""

    def order(self) -> tuple[float, int, int, int]:
        """A key that sorts spans, the best first."""
        return -self.score, self.position, self.start, self.end


@dataclass(frozen=True, slots=True)
class Reading:
    """A question and the passages to read for it."""

    question: str
    passages: Sequence[ReadingText]

    @classmethod
    def bare(cls, question: str, passages: Sequence[str]) -> Self:
        """A question and passages without context."""
        return cls(question, [ReadingText.bare(passage) for passage in passages])


class Reader(Protocol):
    """Finds answers in passages."""

    @property
    def fingerprint(self) -> str:
        """Names the weights: equal fingerprints give equal scores."""

    def check(self, question: str) -> None:
        """Raises QuestionTooLong where ``question`` leaves no room for a passage in a window."""

    def read(self, question: str, passages: Sequence[str]) -> list[PassageSpan]:
        """Spans of passages without context, best first; they may overlap. Raises QuestionTooLong."""

    def read_many(self, readings: Sequence[Reading]) -> Iterator[list[tuple[int, PassageSpan]]]:
        """Reads for several questions in shared forward passes.

        Gives after each pass what it found, as (position in ``readings``, span), in no order. The questions are
        checked ones.
        """


class PrecomputedLayers(Preparation, Protocol):
    """What the lower layers of a reader make of passages, computed when these are indexed, and kept."""

    def prepared(self) -> int:
        """How many windows of passages it is kept of."""


class DocumentStore(Protocol):
    """Where the text of documents is, and what is known of its places."""

    def with_text(self, document_id: str) -> tuple[Document, str]:
        """The document with this id, and its text. Raises DocumentNotFound."""

    def location(self, document: Document, offset: int) -> Location:
        """The page and heading of a character; unknown once the document has changed."""

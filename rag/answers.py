"""What an answer is. Every offset is a half-open pair of Unicode code points of the stored document's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from index.documents import Document, Location, Passage
from index.passages.reading_text import Cell
from index.words.clauses import WordForm

Status = Literal["answered", "unsure", "not_found", "not_understood"]
"""An answer is given; the closest passage may hold one; the documents don't say; the question was not understood."""


AnswerKind = Literal["span", "list", "clause"]
"""What a quote is: the words that answer; several things; to a yes/no question, the clause or sentence that decides."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of characters of a document."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters of ``text`` that it names."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Place:
    """A range of characters of a document, by the document's id."""

    document_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class MatchedWord:
    """A word that was looked for and stands in a passage, or in its context."""

    word: str
    """As it is looked for: folded, and a stem where ``form`` says so."""
    form: WordForm
    spans: tuple[Span, ...]
    """Where the passage has it, in characters of its document; empty where only the context does."""
    in_context: bool
    """Whether title, headings or column headers have it."""


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A passage that retrieval found for a question, with the evidence for it."""

    passage: Passage
    score: float
    """Orders the passages of one question: the weighted sum of both arms, 0 to 1, or a reranker's score."""
    cosine: float | None
    """Of question and passage, where the dense search found it."""
    bm25: float | None
    """Where the lexical search found it."""
    also_at: tuple[Place, ...] = ()
    """Other passages with the same words that were found, the best first."""
    matched: tuple[MatchedWord, ...] | None = None
    """The words of the query that it has, where it was asked why it was found."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """The text with what stands before and after it: a W3C TextQuoteSelector."""

    prefix: str
    exact: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An exact quote: ``text == span.of(the document's text)``."""

    text: str
    span: Span
    document: Document
    passage: Passage
    sentence: Span
    sentence_text: str
    quotation: Quotation
    location: Location
    """Where its first character is."""
    score: float
    """The reader's margin over its null answer, in logits."""
    confidence: float
    """The probability that this is a right answer."""
    also_at: tuple[Place, ...]
    """Other places where the reader found the same text."""
    items: tuple[Span, ...] = ()
    """The things that it lists, in order, where the question asks for several; () for any other answer."""
    kind: AnswerKind = "span"

    @property
    def cell(self) -> Cell | None:
        """The cell of a table that it stands in; None where it does not, or the table has no headers."""
        passage = self.passage
        return passage.context.cell(passage.text, self.span.start - passage.start, self.span.end - passage.start)


@dataclass(frozen=True, slots=True)
class Timings:
    """How long each part of answering took, in milliseconds."""

    embed: float
    retrieve: float
    read: float
    total: float


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a question.

    ``answers`` are given; ``candidates`` come next and are not. It abstains where there are no answers.
    """

    question: str
    status: Status
    answerable: float
    """The probability that the documents hold an answer, whichever it is; fitted by itself."""
    answers: tuple[Answer, ...]
    candidates: tuple[Answer, ...]
    passages: tuple[RetrievedPassage, ...]
    passages_read: int
    """The first so many of ``passages``: the others are too far behind, or would hardly change a sure answer."""
    timings: Timings
    read_as: str | None = None
    """The question as it was taken after those before it; None where it was read as it was asked."""
    detail: str | None = None
    """A sentence that says what was not understood."""

    @property
    def abstained(self) -> bool:
        """Whether no answer is given."""
        return self.status != "answered"

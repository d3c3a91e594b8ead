"""What goes over the wire. Offsets are half-open, in Unicode code points of the stored text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from math import isfinite
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    model_validator,
)

from index.documents import Document, DocumentDraft, lone_surrogate
from rag.answers import Answer, QAResult, RetrievedPassage
from rag.config import MAX_N_BEST, MAX_QUESTION_CHARACTERS, MAX_TOP_K
from rag.interfaces import Retrieval, SearchMode
from rag.pipeline import Question

_MOST_METADATA = 100
_MOST_UNKNOWN_KEYS = 20
_LARGEST_INTEGER = 2**63 - 1


def _encodable(text: str) -> str:
    if (at := lone_surrogate(text)) is not None:
        raise ValueError(f"holds a lone surrogate at character {at}")
    return text


def not_blank(text: str) -> str:
    """Raises ValueError."""
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _few_entries(given: object) -> object:
    # before any of them is looked at: each could be an error
    if isinstance(given, dict) and len(given) > _MOST_METADATA:
        raise ValueError(f"must have at most {_MOST_METADATA} entries")
    return given


def _plain_value(value: object) -> str | bool | int | float | None:
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, bool | None) or (isinstance(value, int) and abs(value) <= _LARGEST_INTEGER):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    raise ValueError("must be text, a 64-bit integer, a finite number, true, false or null")


Text = Annotated[str, AfterValidator(_encodable)]
DocumentIds = Annotated[list[Text], Field(fail_fast=True)]
PlainValue = Annotated[
    str | bool | int | float | None,
    # one error for a value of another kind, where a union has one for each of its members
    PlainValidator(_plain_value, json_schema_input_type=str | bool | int | float | None),
]


class Sent(BaseModel):
    """What a client sends, in a query or a body: a misspelt option is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few_unknown_keys(cls, given: object) -> object:
        """Leaves out unknown keys after the first few, each of which would be an error of its own."""
        if not isinstance(given, dict) or len(given) <= len(cls.model_fields) + _MOST_UNKNOWN_KEYS:
            return given
        unknown = islice((key for key in given if key not in cls.model_fields), _MOST_UNKNOWN_KEYS)
        return {key: given[key] for key in (*unknown, *(name for name in cls.model_fields if name in given))}


class Request(Sent):
    """The JSON that a client sends."""

    # 0 is not false
    model_config = ConfigDict(strict=True)


class AskRequest(Request):
    """A question."""

    question: Annotated[Text, Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS), AfterValidator(not_blank)]
    top_k: Annotated[int | None, Field(ge=1, le=MAX_TOP_K, description="Passages to read, at most.")] = None
    n_best: Annotated[
        int | None,
        Field(
            ge=1,
            le=MAX_N_BEST,
            description="Answers to give. Above 1, all passages are read; else reading stops at a sure answer.",
        ),
    ] = None
    document_ids: Annotated[DocumentIds | None, Field(max_length=1_000, description="Only these documents.")] = None
    min_confidence: Annotated[
        float | None,
        Field(ge=0, le=1, description="Give what has this confidence; by default as the fitted decision says."),
    ] = None
    include_passages: bool = False

    def asked(self) -> Question:
        """From the wire to the inside."""
        return Question(self.question, self.top_k, self.n_best, self.document_ids, self.min_confidence)


class SearchRequest(Request):
    """What to look for."""

    query: Annotated[Text, Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS), AfterValidator(not_blank)]
    top_k: Annotated[int | None, Field(ge=1, le=MAX_TOP_K, description="Passages to give.")] = None
    mode: Annotated[SearchMode, Field(description="By meaning (dense), by words (lexical), or by both.")] = "hybrid"
    document_ids: Annotated[DocumentIds | None, Field(max_length=1_000, description="Only these documents.")] = None


class SpanOut(BaseModel):
    """A half-open range of the document's text."""

    start: int
    end: int


class SentenceOut(SpanOut):
    """The sentence, or sentences, that the answer stands in."""

    text: str


class PassageRef(SpanOut):
    """The passage that the answer was read in."""

    id: str


class QuoteOut(BaseModel):
    """A W3C Web Annotation TextQuoteSelector."""

    prefix: str
    exact: str
    suffix: str


class DocumentRef(BaseModel):
    """The document that an answer quotes; with its sha256 a quote can be verified later."""

    id: str
    title: str
    source: str
    sha256: str

    @classmethod
    def of(cls, document: Document) -> Self:
        """From the inside to the wire."""
        return cls(id=document.id, title=document.title, source=document.source, sha256=document.sha256)


class PlaceOut(BaseModel):
    """Another place where the same text stands."""

    document_id: str
    span: SpanOut


class AnswerOut(BaseModel):
    """An exact quote."""

    text: str
    confidence: float
    score: float
    span: SpanOut
    sentence: SentenceOut
    passage: PassageRef
    quote: QuoteOut
    page: Annotated[int | None, Field(description="Counted from 1; of documents that have pages.")]
    heading: Annotated[str | None, Field(description="The heading that the answer stands under.")]
    document: DocumentRef
    also_at: list[PlaceOut]

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """From the inside to the wire."""
        return cls(
            text=answer.text,
            confidence=round(answer.confidence, 4),
            score=round(answer.score, 4),
            span=SpanOut(start=answer.span.start, end=answer.span.end),
            sentence=SentenceOut(start=answer.sentence.start, end=answer.sentence.end, text=answer.sentence_text),
            passage=PassageRef(id=answer.passage.id, start=answer.passage.start, end=answer.passage.end),
            quote=QuoteOut(
                prefix=answer.quotation.prefix, exact=answer.quotation.exact, suffix=answer.quotation.suffix
            ),
            page=answer.location.page,
            heading=answer.location.heading,
            document=DocumentRef.of(answer.document),
            also_at=[
                PlaceOut(document_id=p.document_id, span=SpanOut(start=p.span.start, end=p.span.end))
                for p in answer.also_at
            ],
        )


class PassageOut(SpanOut):
    """A passage that was read, best first."""

    id: str
    document_id: str
    text: str
    score: float
    cosine: float | None
    bm25: float | None
    page: Annotated[int | None, Field(description="That the passage begins on.")]
    heading: Annotated[str | None, Field(description="That the passage begins under.")]

    @classmethod
    def of(cls, found: RetrievedPassage) -> Self:
        """From the inside to the wire."""
        return cls(
            id=found.passage.id,
            document_id=found.passage.document_id,
            start=found.passage.start,
            end=found.passage.end,
            text=found.passage.text,
            score=found.score,
            cosine=found.cosine,
            bm25=found.bm25,
            page=found.passage.location.page,
            heading=found.passage.location.heading,
        )


class PassagesFound(BaseModel):
    """The passages that are about to be read, best first."""

    passages: list[PassageOut]

    @classmethod
    def of(cls, found: Sequence[RetrievedPassage]) -> Self:
        """From the inside to the wire."""
        return cls(passages=[PassageOut.of(passage) for passage in found])


class SearchResponse(PassagesFound):
    """The nearest passages, best first, each with its scores."""

    query: str
    mode: SearchMode

    @classmethod
    def found(cls, request: SearchRequest, retrieval: Retrieval) -> Self:
        """From the inside to the wire."""
        passages = [PassageOut.of(passage) for passage in retrieval.passages]
        return cls(query=request.query, mode=request.mode, passages=passages)


class TimingsOut(BaseModel):
    """Milliseconds by part."""

    embed: float
    retrieve: float
    read: float
    total: float


class AskResponse(BaseModel):
    """What came of a question.

    `answers` are given; `candidates` are the next best, which are not. When the service abstains, `answers` is empty.
    """

    question: str
    abstained: bool
    answerable: Annotated[
        float,
        Field(description="The probability that the documents hold an answer, whichever it is; fitted by itself."),
    ]
    answers: list[AnswerOut]
    candidates: list[AnswerOut]
    passages: list[PassageOut]
    passages_read: Annotated[
        int,
        Field(
            description="The first so many of those found; the rest are too far behind, or a sure answer came first."
        ),
    ]
    timings_ms: TimingsOut

    @classmethod
    def of(cls, result: QAResult, *, include_passages: bool) -> Self:
        """From the inside to the wire."""
        timings = result.timings
        return cls(
            question=result.question,
            abstained=result.abstained,
            answerable=round(result.answerable, 4),
            answers=[AnswerOut.of(answer) for answer in result.answers],
            candidates=[AnswerOut.of(answer) for answer in result.candidates],
            passages=[PassageOut.of(found) for found in result.passages] if include_passages else [],
            passages_read=result.passages_read,
            timings_ms=TimingsOut(
                embed=round(timings.embed, 2),
                retrieve=round(timings.retrieve, 2),
                read=round(timings.read, 2),
                total=round(timings.total, 2),
            ),
        )


class DocumentIn(Request):
    """A document to store, its text exactly as given."""

    title: Annotated[Text, Field(min_length=1, max_length=500), AfterValidator(not_blank)]
    text: Text
    source: Annotated[Text, Field(max_length=500, description="Where it comes from: a file name, say.")] = ""
    metadata: Annotated[
        dict[Annotated[Text, Field(max_length=100)], PlainValue],
        Field(max_length=_MOST_METADATA),
        BeforeValidator(_few_entries),
    ] = {}

    def draft(self) -> DocumentDraft:
        """Raises EmptyDocument, MalformedFile."""
        return DocumentDraft(self.title, self.text, self.source, self.metadata)


class DocumentOut(BaseModel):
    """A stored document without its text."""

    id: str
    title: str
    source: str
    sha256: str
    characters: int
    passages: int
    created_at: datetime
    metadata: dict[str, str | bool | int | float | None]

    @classmethod
    def of(cls, document: Document) -> Self:
        """From the inside to the wire."""
        return cls(
            id=document.id,
            title=document.title,
            source=document.source,
            sha256=document.sha256,
            characters=document.characters,
            passages=document.passages,
            created_at=document.created_at,
            metadata=dict(document.metadata),
        )


class DocumentPage(BaseModel):
    """Some of the documents, the oldest first."""

    documents: list[DocumentOut]
    total: int
    limit: int
    offset: int

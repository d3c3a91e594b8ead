"""What goes back over the wire. Offsets are half-open, in Unicode code points of the stored text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, Field

from api.wire.requests import SearchRequest
from index.documents import Document
from index.passages.reading_text import Cell
from index.words.clauses import WordForm
from rag.answers import Answer, AnswerKind, MatchedWord, Place, Result, RetrievedPassage, Status
from rag.interfaces import Retrieval, SearchMode

_CONTEXT = (
    "What it was found by and read with besides its own words, and what is never quoted: the title and the headings "
    "above it and, on a second line, the headers of the columns of its rows. Empty where nothing is known."
)


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
    context: Annotated[str, Field(description=_CONTEXT)]


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

    @classmethod
    def of(cls, place: Place) -> Self:
        """From the inside to the wire."""
        return cls(document_id=place.document_id, span=SpanOut(start=place.span.start, end=place.span.end))


class CellOut(BaseModel):
    """The cell of a table that an answer stands in."""

    row: Annotated[str, Field(description="What the row begins with; empty for the cell that begins it.")]
    column: Annotated[str, Field(description="The header of the column.")]

    @classmethod
    def of(cls, cell: Cell) -> Self:
        """From the inside to the wire."""
        return cls(row=cell.row, column=cell.column)


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
    page_label: Annotated[str | None, Field(description="The page's number as it is printed, where the file says it.")]
    heading: Annotated[str | None, Field(description="The heading that the answer stands under.")]
    document: DocumentRef
    also_at: list[PlaceOut]
    kind: Annotated[
        AnswerKind,
        Field(
            description="`span`: the words that answer; `list`: several things, see `spans`; `clause`: what decides a "
            "yes/no question, in the words of the document."
        ),
    ]
    spans: Annotated[list[SpanOut], Field(description="The things that it lists, where several were asked for.")]
    context: Annotated[CellOut | None, Field(description="Of an answer in a table: its row and its column.")]

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """From the inside to the wire."""
        cell = answer.cell
        return cls(
            text=answer.text,
            confidence=round(answer.confidence, 4),
            score=round(answer.score, 4),
            span=SpanOut(start=answer.span.start, end=answer.span.end),
            sentence=SentenceOut(start=answer.sentence.start, end=answer.sentence.end, text=answer.sentence_text),
            passage=PassageRef(
                id=answer.passage.id,
                start=answer.passage.start,
                end=answer.passage.end,
                context=answer.passage.context.shown,
            ),
            quote=QuoteOut(
                prefix=answer.quotation.prefix, exact=answer.quotation.exact, suffix=answer.quotation.suffix
            ),
            page=answer.location.page,
            page_label=answer.location.page_label,
            heading=answer.location.heading,
            document=DocumentRef.of(answer.document),
            also_at=[PlaceOut.of(place) for place in answer.also_at],
            kind=answer.kind,
            spans=[SpanOut(start=item.start, end=item.end) for item in answer.items],
            context=None if cell is None else CellOut.of(cell),
        )


class PassageOut(SpanOut):
    """A passage that was read, best first."""

    id: str
    document_id: str
    text: str
    context: Annotated[str, Field(description=_CONTEXT)]
    score: float
    cosine: float | None
    bm25: float | None
    page: Annotated[int | None, Field(description="That the passage begins on.")]
    page_label: Annotated[str | None, Field(description="Its number as it is printed, where the file says it.")]
    heading: Annotated[str | None, Field(description="That the passage begins under.")]
    also_at: Annotated[list[PlaceOut], Field(description="Where passages with the same words were found.")]

    @classmethod
    def of(cls, retrieved: RetrievedPassage) -> Self:
        """From the inside to the wire."""
        return cls(
            id=retrieved.passage.id,
            document_id=retrieved.passage.document_id,
            start=retrieved.passage.start,
            end=retrieved.passage.end,
            text=retrieved.passage.text,
            context=retrieved.passage.context.shown,
            score=retrieved.score,
            cosine=retrieved.cosine,
            bm25=retrieved.bm25,
            page=retrieved.passage.location.page,
            page_label=retrieved.passage.location.page_label,
            heading=retrieved.passage.location.heading,
            also_at=[PlaceOut.of(place) for place in retrieved.also_at],
        )


class PassagesFound(BaseModel):
    """The passages that are about to be read, best first."""

    passages: list[PassageOut]

    @classmethod
    def of(cls, retrieved: Sequence[RetrievedPassage]) -> Self:
        """From the inside to the wire."""
        return cls(passages=[PassageOut.of(passage) for passage in retrieved])


class MatchedWordOut(BaseModel):
    """A word of the query that a passage has."""

    word: Annotated[str, Field(description="As it is looked for: folded, and as its stem where `form` says so.")]
    form: WordForm
    spans: Annotated[list[SpanOut], Field(description="Where the passage has it, in characters of the document.")]
    in_context: Annotated[bool, Field(description="Whether the title, a heading or a column's header has it.")]

    @classmethod
    def of(cls, matched: MatchedWord) -> Self:
        """From the inside to the wire."""
        spans = [SpanOut(start=span.start, end=span.end) for span in matched.spans]
        return cls(word=matched.word, form=matched.form, spans=spans, in_context=matched.in_context)


class SearchedPassageOut(PassageOut):
    """A passage that was found, and, where that was asked, by which words."""

    matched: Annotated[list[MatchedWordOut] | None, Field(description="With `explain`: words of the query.")] = None

    @classmethod
    def of(cls, retrieved: RetrievedPassage) -> Self:
        """From the inside to the wire."""
        passage = super().of(retrieved)
        if retrieved.matched is not None:
            passage.matched = [MatchedWordOut.of(word) for word in retrieved.matched]
        return passage


class SearchResponse(BaseModel):
    """The nearest passages, best first, each with its scores."""

    passages: list[SearchedPassageOut]
    query: str
    mode: SearchMode

    @classmethod
    def of_search(cls, request: SearchRequest, retrieval: Retrieval) -> Self:
        """From the inside to the wire."""
        passages = [SearchedPassageOut.of(passage) for passage in retrieval.passages]
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
    status: Annotated[
        Status,
        Field(
            description="`answered`; `unsure`: the first candidate is worth a look; `not_found`: the documents don't "
            "say; `not_understood`: `detail` says why, such as another language, or no question."
        ),
    ]
    abstained: Annotated[bool, Field(description="True unless `status` is `answered`.")]
    detail: Annotated[str | None, Field(description="A sentence that says what was not understood.")]
    read_as: Annotated[
        str | None, Field(description="The question as it was taken after `history`; null where it was left as it is.")
    ]
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
    def of(cls, result: Result, *, include_passages: bool) -> Self:
        """From the inside to the wire."""
        timings = result.timings
        return cls(
            question=result.question,
            status=result.status,
            abstained=result.abstained,
            detail=result.detail,
            read_as=result.read_as,
            answerable=round(result.answerable, 4),
            answers=[AnswerOut.of(answer) for answer in result.answers],
            candidates=[AnswerOut.of(answer) for answer in result.candidates],
            passages=[PassageOut.of(passage) for passage in result.passages] if include_passages else [],
            passages_read=result.passages_read,
            timings_ms=TimingsOut(
                embed=round(timings.embed, 2),
                retrieve=round(timings.retrieve, 2),
                read=round(timings.read, 2),
                total=round(timings.total, 2),
            ),
        )

"""Candidates as answers: as much of a document as the question asks for, with what is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from index.documents import Location
from index.errors import DocumentNotFound
from index.passages.reading_text import CELLS_APART
from rag.answers import Answer, Place, Quotation, Span
from rag.confidence.candidates import Candidate, as_list
from rag.interfaces import DocumentStore
from rag.reader.amounts import whole_amount
from rag.reader.deciding import asks_whether, deciding
from rag.reader.listing import wants_list
from rag.reader.spans import without_overlaps

_QUOTE_CONTEXT = 32


class Quotes:
    """Makes answers of candidates."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents

    def answer(self, question: str, candidate: Candidate, confidence: float) -> Answer:
        """The candidate as the answer to ``question``, with all places that say the same."""
        whole = _as_asked(question, candidate)
        location = self._documents.location(whole.source.document, whole.span.start)
        also_at = candidate.also_at
        if whole.span != candidate.span:
            # its words stand there, which need not be so of what was added to them
            also_at = tuple(self._saying(whole.text, also_at, whole.span.start - candidate.span.start))
        # passages that say the same as the candidate's, and were not read
        retrieved = whole.source.retrieved
        repeated = self._saying(whole.text, retrieved.also_at, whole.span.start - retrieved.passage.start)
        return _answer(replace(whole, also_at=(*also_at, *repeated)), confidence, location)

    def _saying(self, words: str, places: Sequence[Place], offset: int) -> Iterator[Place]:
        """Where documents have these words, ``offset`` characters from where the places begin."""
        for place in places:
            with suppress(DocumentNotFound):
                start = place.span.start + offset
                span = Span(start, start + len(words))
                if start >= 0 and span.of(self._documents.with_text(place.document_id)[1]) == words:
                    yield Place(place.document_id, span)


def once(found: Sequence[Answer]) -> list[Answer]:
    """The answers without those that overlap a better one; a text that stands at several places comes once."""
    by_text: dict[str, list[Answer]] = {}
    for each in without_overlaps(found, _place, len(found)):
        by_text.setdefault(each.text, []).append(each)
    return [
        replace(best, also_at=(*best.also_at, *(Place(other.document.id, other.span) for other in others)))
        for best, *others in by_text.values()
    ]


def _as_asked(question: str, candidate: Candidate) -> Candidate:
    """The candidate as the answer to ``question``: a whole list, date or amount, or what decides between yes and no."""
    if wants_list(question):
        return as_list(candidate)
    if asks_whether(question):
        return _as_clause(question, candidate)
    return replace(candidate, span=whole_amount(question, candidate.source.text, candidate.span))


def _as_clause(question: str, candidate: Candidate) -> Candidate:
    """The clause, or the sentence, that it stands in; what stands in a row of a table is left as it is."""
    text, sentence = candidate.source.text, candidate.sentence
    clause = None if CELLS_APART in sentence.of(text) else deciding(question, text, sentence, candidate.span)
    return candidate if clause is None else replace(candidate, span=clause, kind="clause")


def _answer(candidate: Candidate, confidence: float, location: Location) -> Answer:
    """The candidate as it is shown: with its sentence and what stands around it."""
    text, span = candidate.source.text, candidate.span
    sentence = candidate.sentence
    return Answer(
        text=candidate.text,
        span=span,
        document=candidate.source.document,
        passage=candidate.source.retrieved.passage,
        sentence=sentence,
        sentence_text=sentence.of(text),
        quotation=Quotation(
            prefix=text[max(0, span.start - _QUOTE_CONTEXT) : span.start],
            exact=candidate.text,
            suffix=text[span.end : span.end + _QUOTE_CONTEXT],
        ),
        location=location,
        score=candidate.score,
        confidence=confidence,
        also_at=candidate.also_at,
        items=candidate.items,
        kind=candidate.kind,
    )


def _place(answer: Answer) -> tuple[str, int, int]:
    return answer.document.id, answer.span.start, answer.span.end

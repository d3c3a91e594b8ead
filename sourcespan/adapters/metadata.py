"""What the frameworks keep beside a text: flat, as JSON has it, and without what is not known: many refuse None."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rag.interfaces import SearchMode
from sourcespan import Answer, Document, DocumentNotFound, Location, RetrievedPassage, Sourcespan


def found(
    library: Sourcespan, query: str, top_k: int, mode: SearchMode, document_ids: Sequence[str] | None
) -> Iterator[tuple[RetrievedPassage, dict[str, Any]]]:
    """The best passages for a query, each with what is known of it. Raises InvalidQuestion."""
    documents: dict[str, Document] = {}
    for hit in library.search(query, top_k=top_k, mode=mode, document_ids=document_ids).passages:
        passage = hit.passage
        try:
            document = documents.get(passage.document_id) or library.document(passage.document_id)
        except DocumentNotFound:  # removed since it was found
            continue
        documents[document.id] = document
        place = {"start": passage.start, "end": passage.end, **_of_location(passage.location)}
        yield hit, {**_of_document(document), **place, "score": hit.score}


def of_answer(answer: Answer) -> dict[str, Any]:
    """What is known of an answer; its offsets are code points of the document's text, the end exclusive."""
    return {
        **_of_document(answer.document),
        "start": answer.span.start,
        "end": answer.span.end,
        **_of_location(answer.location),
        "answer": answer.text,
        "confidence": answer.confidence,
        "sentence": answer.sentence_text,
        "sentence_start": answer.sentence.start,
        "sentence_end": answer.sentence.end,
    }


def _of_document(document: Document) -> dict[str, Any]:
    named = {"title": document.title, "source": document.source}
    return {
        **document.metadata,
        "document_id": document.id,
        "sha256": document.sha256,
        **{name: value for name, value in named.items() if value},
    }


def _of_location(location: Location) -> Mapping[str, Any]:
    known = {"page": location.page, "page_label": location.page_label, "heading": location.heading}
    return {name: value for name, value in known.items() if value is not None}

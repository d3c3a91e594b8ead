"""Queries → passages with the documents that they are from, as these are now."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from index.documents import Document
from index.errors import DocumentNotFound
from rag.answers import RetrievedPassage
from rag.interfaces import DocumentStore, Query, Retrieval, Retriever

# whoever's documents come and go faster than that is answered from what is left
_SEARCHES_AGAIN = 10


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """A retrieved passage together with its document and the document's text."""

    retrieved: RetrievedPassage
    document: Document
    text: str
    rank: int
    """Among the retrieved, 0 is the best."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What was retrieved for a query, and those of its passages that are still there, with their documents."""

    retrieval: Retrieval
    passages: Sequence[ReadPassage]

    @property
    def is_stale(self) -> bool:
        """Whether a document went away, or was replaced, between search and look-up."""
        return len(self.passages) < len(self.retrieval.passages)


class SourceFinder:
    """Retrieves passages together with their documents."""

    def __init__(self, retriever: Retriever, documents: DocumentStore) -> None:
        self._retriever = retriever
        self._documents = documents

    def find(self, queries: Sequence[Query]) -> list[Sources]:
        """What is found for each; where a passage is gone already, others may follow it, so that is searched again."""
        results = self._find(queries)
        for _ in range(_SEARCHES_AGAIN):
            stale = [number for number, result in enumerate(results) if result.is_stale]
            if not stale:
                break
            for number, anew in zip(stale, self._find([queries[number] for number in stale]), strict=True):
                results[number] = anew
        return results

    def _find(self, queries: Sequence[Query]) -> list[Sources]:
        return [Sources(r, self._with_documents(r.passages)) for r in self._retriever.retrieve(queries)]

    def _with_documents(self, passages: Sequence[RetrievedPassage]) -> list[ReadPassage]:
        """The passages, but for those whose document was removed or replaced meanwhile."""
        stored = {}
        for document_id in {p.passage.document_id for p in passages}:
            with suppress(DocumentNotFound):
                stored[document_id] = self._documents.with_text(document_id)
        return [
            ReadPassage(p, *stored[p.passage.document_id], rank)
            for rank, p in enumerate(passages)
            if p.passage.document_id in stored
            and stored[p.passage.document_id][1][p.passage.start : p.passage.end] == p.passage.text
        ]

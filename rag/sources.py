"""Queries → passages with the documents that they are from, as these are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.errors import DocumentNotFound
from rag.answers import RetrievedPassage
from rag.candidates import ReadPassage
from rag.interfaces import DocumentStore, Query, Retrieval, Retriever

# whoever's documents come and go faster than that is answered from what is left
_SEARCHES_AGAIN = 3


@dataclass(frozen=True, slots=True)
class Found:
    """What was retrieved for a query, and those passages of it that are still there."""

    retrieval: Retrieval
    sources: Sequence[ReadPassage]

    @property
    def is_stale(self) -> bool:
        """A document went away, or was replaced, between search and look-up."""
        return len(self.sources) < len(self.retrieval.passages)


class SourceFinder:
    """Retrieves passages together with their documents."""

    def __init__(self, retriever: Retriever, documents: DocumentStore) -> None:
        self._retriever = retriever
        self._documents = documents

    def find(self, queries: Sequence[Query]) -> list[Found]:
        """What is found for each; where a passage is gone already, others may follow it, so that is searched again."""
        found = self._find(queries)
        for _ in range(_SEARCHES_AGAIN):
            stale = [at for at, of in enumerate(found) if of.is_stale]
            if not stale:
                break
            for at, anew in zip(stale, self._find([queries[at] for at in stale]), strict=True):
                found[at] = anew
        return found

    def _find(self, queries: Sequence[Query]) -> list[Found]:
        return [Found(r, self._with_documents(r.passages)) for r in self._retriever.retrieve(queries)]

    def _with_documents(self, passages: Sequence[RetrievedPassage]) -> list[ReadPassage]:
        """Without those whose document was removed or replaced meanwhile."""
        stored = {}
        for document_id in {p.passage.document_id for p in passages}:
            try:
                stored[document_id] = self._documents.with_text(document_id)
            except DocumentNotFound:
                continue
        return [
            ReadPassage(p, *stored[p.passage.document_id], rank)
            for rank, p in enumerate(passages)
            if p.passage.document_id in stored
            and stored[p.passage.document_id][1][p.passage.start : p.passage.end] == p.passage.text
        ]

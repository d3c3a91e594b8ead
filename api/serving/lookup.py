"""Looks up the documents that passages belong to."""

from __future__ import annotations

from collections.abc import Iterable

from api.serving.backend import Backend
from index.documents import Document
from index.errors import DocumentNotFound
from rag.answers import RetrievedPassage


async def documents_of(backend: Backend, passages: Iterable[RetrievedPassage]) -> dict[str, Document]:
    """By id, without those that went since the passages were found. Raises Overloaded, CatalogueError."""
    wanted = {each.passage.document_id for each in passages}
    view = backend.view

    def look() -> dict[str, Document]:
        there = {}
        for document_id in wanted:
            try:
                there[document_id] = view.document(document_id)
            except DocumentNotFound:
                continue
        return there

    return await backend.look_up(look)

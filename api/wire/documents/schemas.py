"""Documents without their texts, over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from api.wire.documents.originals import OriginalOut
from api.wire.requests import MetadataValue
from index.documents import Document
from index.store.catalogue.arrivals import State, Stored


class DocumentOut(BaseModel):
    """A stored document without its text."""

    id: str
    title: str
    source: str
    sha256: str
    characters: int
    passages: int
    created_at: datetime
    changed_at: Annotated[datetime, Field(description="When it was given the text that it has.")]
    type: Annotated[str, Field(description="The kind of file: the suffix of its source, or `text`.")]
    sources: Annotated[list[str], Field(description="All that it came from: the same text is stored once.")]
    collections: list[str]
    metadata: dict[str, MetadataValue]
    notes: list[str] = Field(description="What of the file was not read, or not for certain: one sentence each.")
    original: OriginalOut | None = Field(description="The file that it was read from; null where none is kept.")

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
            changed_at=document.changed_at or document.created_at,
            type=document.kind,
            sources=list(document.sources),
            collections=list(document.collections),
            metadata=dict(document.metadata),
            notes=list(document.notes),
            original=OriginalOut.of(document.original),
        )


class AddedDocument(DocumentOut):
    """A document that was put in."""

    outcome: Annotated[
        State, Field(description="`new`; `replaced`: in the place of another text; `known`: the text was there.")
    ]

    @classmethod
    def of_stored(cls, stored: Stored) -> Self:
        """From the inside to the wire."""
        return cls(**DocumentOut.of(stored.document).model_dump(), outcome=stored.state)


class DocumentPage(BaseModel):
    """Some of the documents."""

    documents: list[DocumentOut]
    total: Annotated[int, Field(description="Of all pages, with this filter and these words.")]
    types: Annotated[dict[str, int], Field(description="How many documents there are of each type, without a filter.")]
    limit: int
    offset: int

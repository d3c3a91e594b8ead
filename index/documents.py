"""What is stored: documents and the passages they are split into."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from index.errors import EmptyDocument, MalformedFile


def lone_surrogate(text: str) -> int | None:
    """Where half of a UTF-16 pair stands alone, as JSON can spell it and UTF-8 cannot; None if nowhere."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """A document on its way in: it has text, but no identity yet.

    Raises EmptyDocument for blank text, MalformedFile for text that no UTF-8 file could hold.
    """

    title: str
    text: str
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name = self.title or self.source
        if not self.text.strip():
            raise EmptyDocument(name)
        for part in (self.text, self.title, self.source):
            if (at := lone_surrogate(part)) is not None:
                raise MalformedFile(ascii(name), f"a lone surrogate at character {at}")

    @property
    def sha256(self) -> str:
        """Of the text in UTF-8: what a client compares to verify a quote later."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document without its text, which may be large: see `Catalogue.with_text`."""

    id: str
    title: str
    source: str
    sha256: str
    characters: int
    passages: int
    created_at: datetime
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one document: ``text == document.text[start:end]``, in code points."""

    key: int
    """Its number in the catalogue and the vector index; never used twice."""
    document_id: str
    start: int
    end: int
    text: str

    @property
    def id(self) -> str:
        """What other programs call it."""
        return f"{self.document_id}:{self.start}-{self.end}"

"""How much may be stored."""

from __future__ import annotations

from dataclasses import dataclass

from index.errors import CatalogueUnusable, QuotaExceeded
from index.store.databases.connection import Connection

MAX_ORIGINAL = 50_000_000
"""The bytes up to which a file is kept beside its text, where nothing else is said."""

DOCUMENTS, TEXT_BYTES = "documents", "bytes of text"


@dataclass(frozen=True, slots=True)
class Usage:
    """How much is stored: documents, and the bytes of their texts in UTF-8."""

    documents: int
    text_bytes: int


@dataclass(frozen=True, slots=True)
class Quota:
    """How much may be: documents, and bytes of their texts in UTF-8. 0: no limit."""

    documents: int = 0
    text_bytes: int = 0

    def check(self, used: Usage, more: Usage) -> None:
        """Raises QuotaExceeded where ``more`` does not fit beside what is used. What does not grow always fits."""
        if self.documents and more.documents > 0 and used.documents + more.documents > self.documents:
            raise QuotaExceeded(DOCUMENTS, self.documents)
        if self.text_bytes and more.text_bytes > 0 and used.text_bytes + more.text_bytes > self.text_bytes:
            raise QuotaExceeded(TEXT_BYTES, self.text_bytes)


NO_LIMIT = Quota()


def usage(db: Connection) -> Usage:
    """How much is stored now. Raises CatalogueUnusable."""
    query = "SELECT (SELECT count(*) FROM documents), (SELECT value FROM meta WHERE name = 'text_bytes')"
    documents, text_bytes = db.execute(query).fetchone()
    if text_bytes is None:
        raise CatalogueUnusable("it does not say how much text it holds")
    return Usage(int(documents), int(text_bytes))

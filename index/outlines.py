"""Outlines in the catalogue: a row for each page and each heading, found by offset without reading the others."""

from __future__ import annotations

import sqlite3

from index.documents import Document, Heading, Location, Outline

# the last page, and the last heading, that begin at or before an offset
_PAGE_AT = (
    "(SELECT page FROM pages AS g WHERE g.document_id = {document} AND g.start <= {offset} "
    "ORDER BY g.start DESC, page DESC LIMIT 1)"
)
_HEADING_AT = (
    "(SELECT h.text FROM headings AS h WHERE h.document_id = {document} AND h.start <= {offset} "
    "ORDER BY h.start DESC, number DESC LIMIT 1)"
)
_PAGE_AND_HEADING = f"{_PAGE_AT}, {_HEADING_AT}"


def location_columns(document: str, offset: str) -> str:
    """Two columns that make a `Location`, for a query in which the arguments name a document's id and an offset."""
    return _PAGE_AND_HEADING.format(document=document, offset=offset)


_LOCATION = "SELECT location FROM documents AS d WHERE d.id = ?2 AND d.sha256 = ?3".replace(
    "location", location_columns("d.id", "?1")
)


def location(db: sqlite3.Connection, document: Document, offset: int) -> Location:
    """Nothing is known of it where the document is gone, or has another text now."""
    row = db.execute(_LOCATION, (offset, document.id, document.sha256)).fetchone()
    return Location(*row) if row else Location()


def read(db: sqlite3.Connection, document_id: str) -> Outline:
    """All of it."""
    pages = db.execute("SELECT start FROM pages WHERE document_id = ? ORDER BY start, page", (document_id,))
    headings = db.execute(
        "SELECT start, level, text FROM headings WHERE document_id = ? ORDER BY start, number", (document_id,)
    )
    return Outline(tuple(start for (start,) in pages), tuple(Heading(*row) for row in headings))


def store(db: sqlite3.Connection, document_id: str, outline: Outline) -> None:
    """Inside the transaction that stores the document; it goes with the document."""
    db.executemany(
        "INSERT INTO pages (document_id, page, start) VALUES (?, ?, ?)",
        ((document_id, page, start) for page, start in enumerate(outline.pages, start=1)),
    )
    db.executemany(
        "INSERT INTO headings (document_id, number, start, level, text) VALUES (?, ?, ?, ?, ?)",
        ((document_id, number, h.start, h.level, h.text) for number, h in enumerate(outline.headings)),
    )

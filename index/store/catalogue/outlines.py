"""Outlines in the catalogue: a row for each page, heading and block, found by offset without reading the others."""

from __future__ import annotations

from itertools import zip_longest

from index.documents import BlockKind, Columns, Document, Heading, Location, Outline, TextBlock
from index.errors import CatalogueUnusable
from index.store.databases.connection import Connection

# the last page, and the last heading, that begin at or before an offset
_PAGE_AT = (
    "(SELECT {column} FROM pages AS g WHERE g.document_id = {document} AND g.start <= {offset} "
    "ORDER BY g.start DESC, page DESC LIMIT 1)"
)
_HEADING_AT = (
    "(SELECT h.text FROM headings AS h WHERE h.document_id = {document} AND h.start <= {offset} "
    "ORDER BY h.start DESC, number DESC LIMIT 1)"
)
_PAGE, _LABEL = (_PAGE_AT.replace("{column}", column) for column in ("page", "label"))
_PAGE_AND_HEADING = f"{_PAGE}, {_HEADING_AT}, {_LABEL}"


def heading_column(document: str, offset: str) -> str:
    """The heading of a place as a column, for a query as `location_columns` is for."""
    return _HEADING_AT.format(document=document, offset=offset)


def location_columns(document: str, offset: str) -> str:
    """Three columns that make a `Location`, for a query in which the arguments name a document's id and an offset."""
    return _PAGE_AND_HEADING.format(document=document, offset=offset)


_LOCATION = (
    "SELECT location FROM documents AS d, (SELECT CAST(? AS INTEGER) AS place) AS asked WHERE d.id = ? AND d.sha256 = ?"
).replace("location", location_columns("d.id", "asked.place"))


def location(db: Connection, document: Document, offset: int) -> Location:
    """Nothing is known of it where the document is gone, or has another text now."""
    row = db.execute(_LOCATION, (offset, document.id, document.sha256)).fetchone()
    return as_location(*row) if row else Location()


def as_location(page: object, heading: object, label: object) -> Location:
    """The place that is meant by the columns that `location_columns` gives; nothing is known where they are damaged."""
    return Location(
        page if isinstance(page, int) else None,
        heading if isinstance(heading, str) else None,
        label if isinstance(label, str) and label else None,
    )


def read(db: Connection, document_id: str) -> Outline:
    """All of it. Raises CatalogueUnusable where it is damaged."""
    query = "SELECT start, label FROM pages WHERE document_id = ? ORDER BY start, page"
    pages = db.execute(query, (document_id,)).fetchall()
    labels = tuple(str(label) for _, label in pages)
    headings = db.execute(
        "SELECT start, level, text FROM headings WHERE document_id = ? ORDER BY start, number", (document_id,)
    )
    blocks = db.execute(
        'SELECT start, "end", kind, level, columns FROM blocks WHERE document_id = ? ORDER BY start', (document_id,)
    )
    try:
        return Outline(
            tuple(start for start, _ in pages),
            tuple(Heading(*row) for row in headings),
            tuple(map(_text_block, blocks)),
            labels if any(labels) else (),
        )
    except (TypeError, ValueError) as error:
        reason = f"the pages, headings or blocks of document {document_id!r} are damaged: run `sourcespan doctor`"
        raise CatalogueUnusable(reason) from error


def _text_block(row: tuple[int, int, BlockKind, int, str]) -> TextBlock:
    start, end, kind, level, columns = row
    return TextBlock(start, end, kind, level, Columns.from_json(columns) if columns else None)


def store(db: Connection, document_id: str, outline: Outline) -> None:
    """Inside the transaction that stores the document; it goes with the document."""
    db.executemany(
        "INSERT INTO pages (document_id, page, start, label) VALUES (?, ?, ?, ?)",
        (
            (document_id, page, start, label)
            for page, (start, label) in enumerate(zip_longest(outline.pages, outline.labels, fillvalue=""), start=1)
        ),
    )
    db.executemany(
        "INSERT INTO headings (document_id, number, start, level, text) VALUES (?, ?, ?, ?, ?)",
        ((document_id, number, h.start, h.level, h.text) for number, h in enumerate(outline.headings)),
    )
    db.executemany(
        'INSERT INTO blocks (document_id, start, "end", kind, level, columns) VALUES (?, ?, ?, ?, ?, ?)',
        (
            (document_id, b.start, b.end, b.kind, b.level, b.columns.as_json() if b.columns else "")
            for b in outline.blocks
        ),
    )

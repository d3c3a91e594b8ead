"""Documents and passages as rows of the catalogue, which are written whole and may be damaged when they are read."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from index.documents import READING, Document, DocumentDraft, Original, Passage
from index.errors import CatalogueUnusable, DocumentDeleted, DocumentNotFound
from index.interfaces import Vectors
from index.passages.reading_text import Context
from index.store.catalogue import outlines
from index.store.catalogue.filters import Condition
from index.store.databases.connection import Connection
from index.store.names import alike

DOCUMENT = (
    "SELECT id, title, source, sha256, characters, passages, created_at, metadata, kind, changed_at, "
    "(SELECT json_group_array(o.source) FROM (SELECT s.source FROM document_sources AS s WHERE s.document_id = d.id "
    "ORDER BY s.rowid) AS o), "
    "(SELECT json_group_array(collection) FROM document_collections AS c WHERE c.document_id = d.id), "
    "notes, original_sha256, original_name, original_type, original_bytes FROM documents AS d"
)
DOCUMENT_AND_TEXT = DOCUMENT.replace(" FROM documents AS d", ", text FROM documents AS d")
PASSAGES = (
    'SELECT key, document_id, start, "end", text, path, headers, cells, location FROM passages AS p '
    "WHERE key IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
).replace("location", outlines.location_columns("p.document_id", "p.start"))
# as bytes, so that a damaged text takes no other's words along; of passages of before, the context is their heading
_CONTEXT = "coalesce(nullif(p.path || ' ' || p.headers, ' '), heading)"
WORDS = (
    "SELECT key, p.document_id, CAST(d.title AS BLOB), CAST(context AS BLOB), CAST(p.text AS BLOB) "
    "FROM passages AS p JOIN documents AS d ON d.id = p.document_id WHERE key > ? ORDER BY key LIMIT ?"
).replace("context", _CONTEXT.replace("heading", outlines.heading_column("p.document_id", "p.start")))
_DOCTOR = "run `sourcespan doctor`"


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage on its way in: its range of the document's text, where it stands, and its vector."""

    start: int
    end: int
    context: Context
    vector: Vectors


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document on its way in, with what it was made from and its passages."""

    document: Document
    draft: DocumentDraft
    passages: Iterable[NewPassage]
    """As many as the document says, in the order of the text; each iteration gives them anew."""
    reading: int = READING
    """Of which version the reading is."""


def insert(db: Connection, new: NewDocument, generation: int) -> None:
    """Writes a document and its passages, inside the transaction of a change."""
    document, text = new.document, new.draft.text
    db.execute(
        "INSERT INTO documents (id, title, source, identity, characters, passages, created_at, metadata, notes, text, "
        "original_sha256, original_name, original_type, original_bytes, parsed_by, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            document.title,
            document.source,
            _identity(db, document.sha256),
            document.characters,
            document.passages,
            document.created_at.isoformat(),
            json.dumps(dict(document.metadata)),
            json.dumps(document.notes),
            text,
            *_original_columns(document.original),
            new.reading,
            document.changed_at.isoformat() if document.changed_at else "",
        ),
    )
    db.execute("INSERT INTO document_titles VALUES (?, ?)", (document.id, alike(document.title)))
    db.executemany(
        'INSERT INTO passages (document_id, start, "end", generation, vector, text, path, headers, cells) '
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                *(document.id, p.start, p.end, generation),
                *(np.ascontiguousarray(p.vector, "<f4"), text[p.start : p.end], *context_columns(p.context)),
            )
            for p in new.passages
        ),
    )
    outlines.store(db, document.id, new.draft.outline)


def delete(db: Connection, document_id: str) -> None:
    """Removes a document and its passages, inside the transaction of a change. Raises DocumentNotFound."""
    if db.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount == 0:
        raise not_found(db, document_id)


def give_original(db: Connection, document_id: str, original: Original) -> bool:
    """Notes the file of a document that has none, inside a transaction; gives whether it had none."""
    done = db.execute(
        "UPDATE documents SET original_sha256 = ?, original_name = ?, original_type = ?, original_bytes = ? "
        "WHERE id = ? AND original_sha256 IS NULL",
        (*_original_columns(original), document_id),
    )
    return done.rowcount > 0


def document(db: Connection, document_id: str) -> Document:
    """The document with this id. Raises DocumentNotFound, or DocumentDeleted where there was one."""
    row = db.execute(f"{DOCUMENT} WHERE id = ?", (document_id,)).fetchone()
    if row is None:
        raise not_found(db, document_id)
    return as_document(row)


def not_found(db: Connection, document_id: str) -> DocumentNotFound:
    """What is to be said of a document that is not there."""
    deleted = db.execute("SELECT deleted_at FROM deleted_documents WHERE id = ?", (document_id,)).fetchone()
    return DocumentNotFound(document_id) if deleted is None else DocumentDeleted(document_id, str(deleted[0]))


def document_with(db: Connection, sha256: str, among: Condition) -> Document | None:
    """The oldest document that holds the text with this hash, of those that the condition is true of."""
    row = db.execute(
        f"{DOCUMENT} WHERE sha256 = ? AND {among.sql} ORDER BY created_at, id LIMIT 1", (sha256, *among.values)
    ).fetchone()
    return None if row is None else as_document(row)


def readings_of(db: Connection, document_id: str) -> list[str]:
    """What a document's passages are read as; none for an unknown document."""
    rows = db.execute(
        "SELECT text, path, headers, cells FROM passages WHERE document_id = ? ORDER BY key", (document_id,)
    )
    return [as_context(context, len(text)).reading(text).text for text, *context in rows]


def as_document(row: tuple[Any, ...]) -> Document:
    """A row of `DOCUMENT`. Raises CatalogueUnusable where it is damaged."""
    document_id, title, source, sha256, characters, passages, created_at, metadata, kind, *more = row
    changed_at, sources, collections, notes, *original = more
    try:
        return Document(
            id=document_id,
            title=_text(title),
            source=_text(source),
            sha256=sha256,
            characters=characters,
            passages=passages,
            created_at=datetime.fromisoformat(created_at),
            metadata=json.loads(metadata),
            notes=tuple(json.loads(notes)),
            original=_original(*original),
            kind=_text(kind),
            changed_at=datetime.fromisoformat(changed_at) if changed_at else None,
            sources=tuple(filter(None, dict.fromkeys((source, *json.loads(sources))))),
            collections=tuple(sorted(json.loads(collections))),
        )
    except (TypeError, ValueError) as error:
        raise CatalogueUnusable(f"document {document_id!r} is damaged: {_DOCTOR}") from error


def as_passage(row: tuple[Any, ...]) -> Passage:
    """A row of `PASSAGES`. Raises CatalogueUnusable where it is damaged."""
    key, document_id, start, end, text, path, headers, cells, page, heading, label = row
    if not (isinstance(text, str) and isinstance(start, int) and isinstance(end, int) and end - start == len(text)):
        raise CatalogueUnusable(f"passage {key} is damaged: {_DOCTOR}")
    try:
        context = as_context((path, headers, cells), len(text))
    except (TypeError, ValueError, IndexError) as error:
        raise CatalogueUnusable(f"passage {key} is damaged: {_DOCTOR}") from error
    return Passage(key, document_id, start, end, text, outlines.as_location(page, heading, label), context)


def context_columns(context: Context) -> tuple[str, str, str]:
    """Path, headers and cells as `as_context` reads them."""
    if not context.headers:
        return context.path, "", ""
    return (
        context.path,
        json.dumps(context.headers, ensure_ascii=False),
        json.dumps(context.cells, separators=(",", ":")),
    )


def as_context(columns: Sequence[str], characters: int) -> Context:
    """Where a passage of so many characters stands, from these columns. Raises TypeError, ValueError, IndexError."""
    path, headers, cells = columns
    if not headers:
        return Context(_text(path))
    names = tuple(map(_text, json.loads(headers)))
    places = tuple((int(place), range(len(names))[number]) for place, number in json.loads(cells))
    if places != tuple(sorted(places)) or not 0 <= places[0][0] <= places[-1][0] <= characters:
        raise ValueError("cells stand nowhere in the passage")
    return Context(_text(path), names, places)


def as_words(row: tuple[Any, ...]) -> tuple[int, str, str, str, str]:
    """A row of `WORDS`: a passage's key, its document's id, title, context and text; what is damaged is replaced."""
    key, document_id, *texts = row
    title, context, text = (part.decode(errors="replace") if isinstance(part, bytes) else part or "" for part in texts)
    return key, document_id, title, context, text


def _identity(db: Connection, sha256: str) -> str:
    """The hash; with a token behind it where the same text is there for others, who must not know of each other."""
    taken = db.execute("SELECT count(*) FROM documents WHERE identity = ?", (sha256,)).fetchone()[0]
    return f"{sha256} {secrets.token_hex(8)}" if taken else sha256


def _original_columns(original: Original | None) -> tuple[str | None, str, str, int]:
    if original is None:
        return None, "", "", 0
    return original.sha256, original.name, original.media_type, original.size


def _original(sha256: str | None, name: str, media_type: str, size: int) -> Original | None:
    return None if sha256 is None else Original(_text(name), _text(media_type), size, _text(sha256))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} instead of text")
    return value

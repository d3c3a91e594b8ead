"""The SQLite catalogue: documents, passages, their vectors and a full-text index. The source of truth.

Every change is one transaction that also moves the *generation* on by one. A passage carries the generation that
brought it, a removed one leaves a tombstone with the generation that took it, so that whatever is derived from the
catalogue can be brought in step by reading only what changed.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from index import outlines
from index.documents import Document, Location, Outline, Passage
from index.errors import CatalogueUnusable, DocumentNotFound
from index.interfaces import Keys, Vectors
from index.schema import prepare

_DOCUMENT = "SELECT id, title, source, sha256, characters, passages, created_at, metadata FROM documents"
_DOCUMENT_AND_TEXT = _DOCUMENT.replace(" FROM", ", text FROM")
_PASSAGES = (
    "SELECT key, document_id, start, end, text, location FROM passages AS p "
    "WHERE key IN (SELECT value FROM json_each(?))"
).replace("location", outlines.location_columns("p.document_id", "p.start"))
_NO_OUTLINE = Outline()


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage on its way in: its range of the document's text and its vector."""

    start: int
    end: int
    vector: Vectors


@dataclass(frozen=True, slots=True)
class Changes:
    """What was added and removed since some generation, and the generation that this brings one to."""

    generation: int
    added: Keys
    vectors: Vectors
    removed: Keys


class Catalogue:
    """One SQLite file. Safe to share between threads, and between processes on one machine."""

    def __init__(self, path: Path, *, embedder: str, dimension: int) -> None:
        """Opens or makes it. Raises EmbedderMismatch, CatalogueTooNew, CatalogueUnusable."""
        self._path = path
        self._dimension = dimension
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._writing = threading.Lock()
        with self._change() as db:
            prepare(db, embedder)
            self.identity: str = db.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()[0]

    def close(self) -> None:
        """Closes every thread's connection."""
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()

    @property
    def generation(self) -> int:
        """Grows by one with every change, whichever process made it."""
        with self._reading() as db:
            return _generation(db)

    def insert(
        self, document: Document, text: str, passages: Sequence[NewPassage], outline: Outline = _NO_OUTLINE
    ) -> None:
        """Adds a document whole, or not at all."""
        with self._change() as db:
            _insert(db, document, text, passages, outline)

    def replace(
        self, document: Document, text: str, passages: Sequence[NewPassage], outline: Outline = _NO_OUTLINE
    ) -> None:
        """Puts ``document`` in the place of the one with its id. Raises DocumentNotFound."""
        with self._change() as db:
            _delete(db, document.id)
            _insert(db, document, text, passages, outline)

    def delete(self, document_id: str) -> None:
        """Removes a document and its passages. Raises DocumentNotFound."""
        with self._change() as db:
            _delete(db, document_id)

    def document(self, document_id: str) -> Document:
        """Raises DocumentNotFound."""
        with self._reading() as db:
            row = db.execute(f"{_DOCUMENT} WHERE id = ?", (document_id,)).fetchone()
        if row is None:
            raise DocumentNotFound(document_id)
        return _as_document(row)

    def document_with(self, sha256: str) -> Document | None:
        """The document that holds the text with this hash."""
        with self._reading() as db:
            row = db.execute(f"{_DOCUMENT} WHERE sha256 = ?", (sha256,)).fetchone()
        return None if row is None else _as_document(row)

    def documents(self, *, limit: int, offset: int = 0) -> list[Document]:
        """A page of them, the oldest first."""
        with self._reading() as db:
            rows = db.execute(f"{_DOCUMENT} ORDER BY created_at, id LIMIT ? OFFSET ?", (limit, offset)).fetchall()
        return [_as_document(row) for row in rows]

    def count(self) -> tuple[int, int]:
        """How many documents and passages there are."""
        with self._reading() as db:
            row = db.execute("SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)").fetchone()
        return int(row[0]), int(row[1])

    def with_text(self, document_id: str) -> tuple[Document, str]:
        """A document and its stored text, of one moment. Raises DocumentNotFound."""
        with self._reading() as db:
            row = db.execute(f"{_DOCUMENT_AND_TEXT} WHERE id = ?", (document_id,)).fetchone()
        if row is None:
            raise DocumentNotFound(document_id)
        return _as_document(row[:-1]), str(row[-1])

    def outline(self, document_id: str) -> Outline:
        """Its pages and headings; none for an unknown document."""
        with self._reading() as db:
            return outlines.read(db, document_id)

    def location(self, document: Document, offset: int) -> Location:
        """Where a character of ``document`` is; unknown once another text has taken its place."""
        with self._reading() as db:
            return outlines.location(db, document, offset)

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Those passages among ``keys`` that are there, by key."""
        with self._reading() as db:
            rows = db.execute(_PASSAGES, (json.dumps(list(keys)),)).fetchall()
        return {
            key: Passage(key, document_id, start, end, text, Location(page, heading))
            for key, document_id, start, end, text, page, heading in rows
        }

    def keys_of(self, document_ids: Sequence[str]) -> Keys:
        """The keys of these documents' passages; an unknown document has none."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT key FROM passages WHERE document_id IN (SELECT value FROM json_each(?)) ORDER BY key",
                (json.dumps(list(document_ids)),),
            ).fetchall()
        return np.array([row[0] for row in rows], dtype=np.int64)

    def search_words(self, words: Sequence[str], limit: int, among: Keys | None = None) -> list[tuple[int, float]]:
        """Passages that hold any of ``words``, by BM25, as (key, score), best first; higher is better."""
        if not words:
            return []
        query = " OR ".join('"' + word.replace('"', '""') + '"' for word in words)
        allowed = None if among is None else json.dumps(among.tolist())
        with self._reading() as db:
            rows = db.execute(
                # FTS5's bm25() is better the lower it is
                "SELECT rowid, -rank FROM passage_words WHERE passage_words MATCH ?1 "
                "AND (?2 IS NULL OR rowid IN (SELECT value FROM json_each(?2))) ORDER BY rank, rowid LIMIT ?3",
                (query, allowed, limit),
            ).fetchall()
        return [(int(key), float(score)) for key, score in rows]

    def changes_since(self, generation: int) -> Changes:
        """What a structure that was in step at ``generation`` has to catch up with."""
        with self._reading() as db:
            db.execute("BEGIN")  # one moment for the three reads
            try:
                now = _generation(db)
                added = db.execute(
                    "SELECT key, vector FROM passages WHERE generation > ? ORDER BY key", (generation,)
                ).fetchall()
                removed = db.execute("SELECT key FROM tombstones WHERE generation > ?", (generation,)).fetchall()
            finally:
                db.execute("COMMIT")
        return Changes(
            generation=now,
            added=np.array([row[0] for row in added], dtype=np.int64),
            vectors=np.frombuffer(b"".join(row[1] for row in added), dtype="<f4").reshape(-1, self._dimension),
            removed=np.array([row[0] for row in removed], dtype=np.int64),
        )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection()
        except sqlite3.Error as error:
            raise CatalogueUnusable(str(error)) from error

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it is on disk when the block ends, or none of it."""
        with self._writing, self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            # each thread uses its own; only `close` reaches across
            db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30)
            self._connections.append(db)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA recursive_triggers = ON")
            self._local.db = db
        return db


def _generation(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()[0])


def _next_generation(db: sqlite3.Connection) -> int:
    db.execute("UPDATE meta SET value = value + 1 WHERE name = 'generation'")
    return _generation(db)


def _insert(
    db: sqlite3.Connection, document: Document, text: str, passages: Sequence[NewPassage], outline: Outline
) -> None:
    generation = _next_generation(db)
    db.execute(
        "INSERT INTO documents (id, title, source, sha256, characters, passages, created_at, metadata, text) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            document.title,
            document.source,
            document.sha256,
            document.characters,
            document.passages,
            document.created_at.isoformat(),
            json.dumps(dict(document.metadata)),
            text,
        ),
    )
    db.executemany(
        "INSERT INTO passages (document_id, start, end, generation, vector, text) VALUES (?, ?, ?, ?, ?, ?)",
        (
            (document.id, p.start, p.end, generation, p.vector.astype("<f4").tobytes(), text[p.start : p.end])
            for p in passages
        ),
    )
    outlines.store(db, document.id, outline)


def _delete(db: sqlite3.Connection, document_id: str) -> None:
    _next_generation(db)
    if db.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount == 0:
        raise DocumentNotFound(document_id)


def _as_document(row: tuple[str, str, str, str, int, int, str, str]) -> Document:
    document_id, title, source, sha256, characters, passages, created_at, metadata = row
    return Document(
        id=document_id,
        title=title,
        source=source,
        sha256=sha256,
        characters=characters,
        passages=passages,
        created_at=datetime.fromisoformat(created_at),
        metadata=json.loads(metadata),
    )

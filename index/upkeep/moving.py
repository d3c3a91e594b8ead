"""Copies what one store holds into another, row by row, each document in one piece, and holds the copies to the rows.

It may be broken off and begun again: a document that is there as it is in the source is passed over. What is derived is
not copied; a start makes it anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from index.documents import DocumentDraft
from index.errors import CatalogueUnusable, WouldOverwrite
from index.interfaces import Progress
from index.store.catalogue.catalogue import CATALOGUE_FILE
from index.store.catalogue.history import next_generation
from index.store.databases.address import is_address
from index.store.databases.connection import Connection, Database, listed
from index.store.opening import opened
from index.store.originals.in_folder import Incoming, KeptFiles

_AT_ONCE = 50
_DOCUMENT = (
    "id, title, source, identity, characters, passages, created_at, metadata, notes, changed_at, original_sha256, "
    "original_name, original_type, original_bytes, parsed_by, text"
)
_PASSAGE = 'document_id, start, "end", text, path, headers, cells, vector'
# of each table what is copied of a document, by which of its columns it is found, and in which order
_TABLES = {
    "documents": (_DOCUMENT, "id", "id"),
    "passages": (_PASSAGE, "document_id", "key"),
    "pages": ("document_id, start, page, label", "document_id", "start, page"),
    "headings": ("document_id, start, number, level, text", "document_id", "start, number"),
    "blocks": ('document_id, start, "end", kind, level, columns', "document_id", "start"),
    "document_titles": ("document_id, alike", "document_id", "document_id"),
    "document_sources": ("document_id, source, file, file_sha256, alike", "document_id", "rowid"),
    "document_collections": ("document_id, collection", "document_id", "collection"),
}
Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Moved:
    """How many documents there are now, and how many of them were copied this time."""

    documents: int
    copied: int
    files_missing: int
    """Files that documents were read from which the source does not hold any more, or not as they were."""


@contextmanager
def store_at(place: str, *, is_there: bool = False) -> Iterator[tuple[Database, KeptFiles]]:
    """The store in a folder, or at the address of a PostgreSQL.

    Where none is in the folder it is made, unless it must be there already. Raises CatalogueError.
    """
    if is_there and not is_address(place) and not (Path(place) / CATALOGUE_FILE).exists():
        raise CatalogueUnusable(f"there is no index in the folder {place}")
    with TemporaryDirectory(prefix="sourcespan-move-") as folder:
        database, originals = opened(Path(folder), place) if is_address(place) else opened(Path(place))
        try:
            yield database, originals
        finally:
            database.close()


def move(
    source: tuple[Database, KeptFiles], target: tuple[Database, KeptFiles], progress: Progress | None = None
) -> Moved:
    """Copies all documents; ``progress`` hears of them. Nothing is removed from the source.

    Raises WouldOverwrite where the target holds others; CatalogueUnusable where a copy is not what was copied.
    """
    _prepare(source[0], target[0])
    with source[0].reading() as db:
        ids = [str(row[0]) for row in db.execute("SELECT id FROM documents ORDER BY created_at, id")]
        names = db.execute("SELECT name FROM collections").fetchall()
        deleted = db.execute("SELECT id, deleted_at FROM deleted_documents").fetchall()
    with target[0].reading() as db:
        others = {str(row[0]) for row in db.execute("SELECT id FROM documents")} - set(ids)
    if others:
        raise WouldOverwrite(f"there are {len(others):,} documents that the source does not hold", "move into another")
    with target[0].change() as db:
        db.executemany("INSERT INTO collections VALUES (?) ON CONFLICT DO NOTHING", names)
        db.executemany("INSERT INTO deleted_documents VALUES (?, ?) ON CONFLICT DO NOTHING", deleted)
    copied = missing = done = 0
    rest = iter(ids)
    while group := list(islice(rest, _AT_ONCE)):
        with source[0].moment() as db:
            there = {document_id: _rows(db, document_id) for document_id in group}
        with target[0].moment() as db:
            lacking = [each for each in group if _digest(_rows(db, each)) != _digest(there[each])]
        with target[1].incoming() as incoming:
            drafts = [_original(source[1], incoming, there[each]["documents"][0]) for each in lacking]
            missing += drafts.count(None)
            _copy({each: there[each] for each in lacking}, [draft for draft in drafts if draft], target)
        copied += len(lacking)
        done += len(group)
        if progress is not None:
            progress(done, len(ids))
    return Moved(len(ids), copied, missing)


def _prepare(source: Database, target: Database) -> None:
    """Makes the target's tables, for the source's embedder. Raises EmbedderMismatch where it has another."""
    with source.reading() as db:
        row = db.execute("SELECT value FROM meta WHERE name = 'embedder'").fetchone()
        vector = db.execute("SELECT vector FROM passages LIMIT 1").fetchone()
    if row is None or vector is None:
        raise CatalogueUnusable("the source holds no documents")
    dimension = len(vector[0]) // 4
    source.prepare(row[0], dimension)
    target.prepare(row[0], dimension)


def _rows(db: Connection, document_id: str) -> Rows:
    """What there is of a document, of each table."""
    return {
        table: db.execute(
            f"SELECT {columns} FROM {table} WHERE {found_by} = ? ORDER BY {order}",  # noqa: S608
            (document_id,),
        ).fetchall()
        for table, (columns, found_by, order) in _TABLES.items()
    }


def _digest(rows: Rows) -> bytes:
    return hashlib.sha256(repr(rows).encode(errors="surrogatepass")).digest()


def _original(files: KeptFiles, incoming: Incoming, document: Sequence[Any]) -> DocumentDraft | None:
    """A draft whose file waits for the target; without one, where the document has none; None where it is missing."""
    sha256, name = document[10:12]
    draft = DocumentDraft("", "file", str(name))
    if sha256 is None:
        return draft
    path = files.path(sha256)
    kept = incoming.keep(draft, path.read_bytes()) if path.is_file() else None
    # a damaged one would lie there under another name, which no document refers to
    return kept if kept and kept.original and kept.original.sha256 == sha256 else None


def _copy(documents: dict[str, Rows], drafts: Sequence[DocumentDraft], target: tuple[Database, KeptFiles]) -> None:
    with target[0].change() as db:
        generation = next_generation(db)
        ids = listed(documents)
        db.execute("DELETE FROM documents WHERE id IN (SELECT value FROM json_each(?))", (ids,))
        for document_id, rows in documents.items():
            _insert(db, rows, generation)
            if _digest(_rows(db, document_id)) != _digest(rows):
                raise CatalogueUnusable(f"document {document_id!r} did not arrive as it is: nothing of it was kept")
        target[1].settle(db, drafts)


def _insert(db: Connection, rows: Rows, generation: int) -> None:
    for table, (columns, _, _) in _TABLES.items():
        given: Iterator[Sequence[Any]] = iter(rows[table])
        if table == "passages":
            columns += ", generation"
            given = ((*row[:-1], np.frombuffer(row[-1], "<f4"), generation) for row in rows[table])
        marks = ", ".join("?" * len(columns.split(", ")))
        db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", given)  # noqa: S608

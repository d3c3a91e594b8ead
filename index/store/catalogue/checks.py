"""What can be wrong with a catalogue, looked for in the open file: nothing is changed, and damage is told, not raised.

Each function gives what is wrong in words, and raises CatalogueError only where the file cannot be read on.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from index.documents import DocumentDraft
from index.errors import CatalogueUnusable, DocumentError
from index.interfaces import Vectors
from index.store.catalogue.history import generation_of
from index.store.databases.connection import Connection

_ROWS_AT_ONCE = 10_000
_TABLES = frozenset({"meta", "documents", "passages", "tombstones"})
"""What every version of the schema has."""
TEXT_BYTES = "SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) FROM documents"
_UNIT = 1e-3
"""How far from 1 the length of a stored vector may be."""


def missing_tables(db: sqlite3.Connection) -> list[str]:
    """The tables of a catalogue that are not there; all of them in an empty file."""
    there = {str(row[0]) for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return sorted(_TABLES - there)


def damage(db: sqlite3.Connection, at_most: int) -> list[str]:
    """What SQLite finds wrong with the file, up to ``at_most`` things of each kind."""
    problems = [str(row[0]) for row in db.execute(f"PRAGMA integrity_check({at_most:d})")]
    lost = db.execute("PRAGMA foreign_key_check")
    problems += [f"{table} row {row} refers to nothing" for table, row, *_ in lost.fetchmany(at_most)]
    return [problem for problem in problems if problem != "ok"]


def broken_state(db: sqlite3.Connection) -> list[str]:
    """What is wrong with what a catalogue of the present schema says of itself."""
    meta = dict(db.execute("SELECT name, value FROM meta"))
    wrong = [] if isinstance(meta.get("embedder"), str) else ["it does not say which embedder made it"]
    try:
        if str(generation_of(db).number) != str(meta.get("generation")):
            wrong.append("its generation is no number")
    except CatalogueUnusable as error:
        wrong.append(error.reason)
    return wrong


def text_bytes_agree(db: sqlite3.Connection) -> bool:
    """Whether the total that quotas go by is that of the texts."""
    (kept,) = db.execute("SELECT (SELECT value FROM meta WHERE name = 'text_bytes')").fetchone()
    return str(kept) == str(db.execute(TEXT_BYTES).fetchone()[0])


def broken_documents(db: sqlite3.Connection) -> tuple[int, list[str]]:
    """How many documents there are, and what is wrong with those whose text, passages and numbers do not agree."""
    rows = [int(row[0]) for row in db.execute("SELECT rowid FROM documents ORDER BY rowid")]
    wrong = []
    for row in rows:
        try:
            reason = _document(db, row)
        except (sqlite3.Error, DocumentError, TypeError, ValueError) as error:
            reason = f"it cannot be read ({error})"  # of a damaged row, anything may have become of anything
        if reason:
            wrong.append(f"document {_name(db, row)}: {reason}")
    return len(rows), wrong


def broken_vectors(db: Connection, dimension: int) -> list[int]:
    """The keys of the passages whose vectors are no vectors of ``dimension`` finite numbers and unit length."""
    return [
        key
        for keys, blobs in _vectors(db)
        for key, sound in zip(keys, read_vectors(blobs, dimension)[1].tolist(), strict=True)
        if not sound
    ]


def read_vectors(stored: Sequence[object], dimension: int) -> tuple[Vectors, NDArray[np.bool_]]:
    """Vectors (stored, dimension) as they were written, and which of them are sound; the others may hold anything."""
    size = 4 * dimension
    rows = [value if isinstance(value, bytes) and len(value) == size else bytes(size) for value in stored]
    vectors: Vectors = np.frombuffer(b"".join(rows), dtype="<f4").reshape(-1, dimension)
    with np.errstate(all="ignore"):  # of damaged numbers
        lengths = np.linalg.norm(vectors, axis=1)
        return vectors, np.abs(lengths - 1) <= _UNIT


def _vectors(db: Connection) -> Iterator[tuple[list[int], list[object]]]:
    """Keys and vectors, in blocks."""
    last = 0
    while rows := db.execute(
        "SELECT key, vector FROM passages WHERE key > ? ORDER BY key LIMIT ?", (last, _ROWS_AT_ONCE)
    ).fetchall():
        last = rows[-1][0]
        yield [row[0] for row in rows], [row[1] for row in rows]


def _name(db: sqlite3.Connection, row: int) -> str:
    """Its id, which may be damaged too."""
    (name,) = db.execute("SELECT CAST(id AS BLOB) FROM documents WHERE rowid = ?", (row,)).fetchone()
    return name.decode(errors="replace") if isinstance(name, bytes) else f"in row {row}"


def _document(db: sqlite3.Connection, row: int) -> str:
    """What is wrong with a document; empty if nothing is. Raises what a damaged row makes Python raise."""
    document_id, title, source, text, sha256, characters, count, created_at, metadata = db.execute(
        "SELECT id, title, source, text, sha256, characters, passages, created_at, metadata FROM documents "
        "WHERE rowid = ?",
        (row,),
    ).fetchone()
    if not all(isinstance(value, str) for value in (document_id, title, source, text)):
        return "what should be text is none"
    if DocumentDraft("", text).sha256 != sha256 or len(text) != characters:
        return "its text is not the one that was stored"
    datetime.fromisoformat(created_at)
    if not isinstance(json.loads(metadata), dict):
        return "its metadata are not what was stored"
    passages = db.execute(
        "SELECT start, end, text FROM passages WHERE document_id = ? ORDER BY start", (document_id,)
    ).fetchall()
    if len(passages) != count:
        return f"it has {len(passages):,} passages instead of {count:,}"
    return _passages(text, passages) or _places(db, document_id, len(text))


def _passages(text: str, passages: Sequence[tuple[int, int, str]]) -> str:
    covered = 0
    for start, end, passage in passages:
        if text[start:end] != passage:
            return f"its passage {start}-{end} is not that range of the text"
        if text[covered:start].strip():
            return f"no passage holds its characters {covered}-{start}"
        covered = max(covered, end)
    return f"no passage holds its characters from {covered}" if text[covered:].strip() else ""


def _places(db: sqlite3.Connection, document_id: str, characters: int) -> str:
    """What is wrong with its pages, headings and blocks."""
    pages = db.execute("SELECT start, page FROM pages WHERE document_id = ?", (document_id,)).fetchall()
    headings = db.execute("SELECT start, level, text FROM headings WHERE document_id = ?", (document_id,)).fetchall()
    if any(not (0 <= start <= characters and page > 0) for start, page in pages):
        return "a page of it begins nowhere in the text"
    if any(not (0 <= start <= characters and level > 0 and isinstance(name, str)) for start, level, name in headings):
        return "a heading of it stands nowhere in the text"
    blocks = db.execute("SELECT start, end, level FROM blocks WHERE document_id = ? ORDER BY start", (document_id,))
    before = 0
    for start, end, level in blocks:
        if not (before <= start <= end <= characters and level >= 0):
            return "a block of it stands nowhere in the text"
        before = end
    return ""

"""The tables of the catalogue, and how those of an older version become the present ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from index.errors import CatalogueTooNew, CatalogueUnusable, EmbedderMismatch
from index.store.names import alike

# each makes the next version out of the one before it; the first out of nothing
_STEPS = (
    "schema.sql",
    "schema_2.sql",
    "schema_3.sql",
    "schema_4.sql",
    "schema_5.sql",
    "schema_6.sql",
    "schema_7.sql",
    "schema_8.sql",
    "schema_9.sql",
    "schema_10.sql",
)
_STEP_FILES = Path(__file__).parent / "steps"

SCHEMA_VERSION = len(_STEPS)

_HISTORY_BEGINS = """
INSERT INTO history SELECT CAST(value AS INTEGER), lower(hex(randomblob(16))) FROM meta WHERE name = 'generation'
"""


def version_of(db: sqlite3.Connection) -> int:
    """The version that the file is of; 0 for a new one."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def prepare(db: sqlite3.Connection, embedder: str) -> None:
    """Brings the tables up to date, inside the caller's transaction.

    Raises CatalogueTooNew, CatalogueUnusable, EmbedderMismatch.
    """
    version = version_of(db)
    if version > SCHEMA_VERSION:
        raise CatalogueTooNew(version, SCHEMA_VERSION)
    for step in _STEPS[version:]:
        for statement in _statements((_STEP_FILES / step).read_text(encoding="utf-8")):
            db.execute(statement)
    if version == 0:
        db.execute("INSERT INTO meta VALUES ('generation', '0'), ('embedder', ?)", (embedder,))
    if version < 3:
        db.execute(_HISTORY_BEGINS)
    if version < 10:
        _note_what_is_alike(db)
    if version != SCHEMA_VERSION:  # one that may only be read is up to date
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    row = db.execute("SELECT value FROM meta WHERE name = 'embedder'").fetchone()
    if row is None:
        raise CatalogueUnusable("it does not say which embedder made it")
    if row[0] != embedder:
        raise EmbedderMismatch(str(row[0]), embedder)


def _note_what_is_alike(db: sqlite3.Connection) -> None:
    """As bytes, so that a damaged title keeps no catalogue from being opened."""
    titles = db.execute("SELECT id, CAST(title AS BLOB) FROM documents").fetchall()
    noted = ((document_id, alike(title.decode(errors="replace"))) for document_id, title in titles)
    db.executemany("INSERT INTO document_titles VALUES (?, ?)", noted)
    names = db.execute("SELECT DISTINCT source, CAST(source AS BLOB) FROM document_sources").fetchall()
    changed = ((alike(as_bytes.decode(errors="replace")), source) for source, as_bytes in names)
    db.executemany("UPDATE document_sources SET alike = ? WHERE source = ?", changed)


def _statements(script: str) -> Iterator[str]:
    """executescript() would commit the transaction that the schema is made in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""

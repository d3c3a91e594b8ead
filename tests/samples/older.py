"""Catalogues as older versions left them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

# what each version added, undone
_BACK_TO = {
    9: "DROP TABLE document_titles; DROP INDEX documents_by_kind; ALTER TABLE document_sources DROP COLUMN alike",
    8: "DROP TABLE document_sources; DROP TABLE document_collections; DROP TABLE collections;"
    "DROP TABLE deleted_documents; DROP INDEX documents_by_sha256; DROP INDEX documents_by_change;"
    "ALTER TABLE documents DROP COLUMN sha256; ALTER TABLE documents DROP COLUMN kind;"
    "ALTER TABLE documents DROP COLUMN changed_at; ALTER TABLE documents RENAME COLUMN identity TO sha256",
    7: "ALTER TABLE passages DROP COLUMN path; ALTER TABLE passages DROP COLUMN headers;"
    "ALTER TABLE passages DROP COLUMN cells; ALTER TABLE blocks DROP COLUMN columns",
    6: """CREATE VIRTUAL TABLE passage_words USING fts5 (
        text, content = 'passages', content_rowid = 'key', tokenize = "porter unicode61 remove_diacritics 2"
    );
    INSERT INTO passage_words (passage_words) VALUES ('rebuild');
    CREATE TRIGGER passage_added AFTER INSERT ON passages BEGIN
        INSERT INTO passage_words (rowid, text) VALUES (new.key, new.text);
    END;
    DROP TRIGGER passage_removed;
    CREATE TRIGGER passage_removed AFTER DELETE ON passages BEGIN
        INSERT INTO passage_words (passage_words, rowid, text) VALUES ('delete', old.key, old.text);
        INSERT INTO tombstones SELECT old.key, value FROM meta WHERE name = 'generation';
    END""",
    5: "DROP TRIGGER original_gone; DROP TABLE originals_gone; DROP INDEX documents_by_original;"
    "DROP INDEX documents_by_parser; ALTER TABLE documents DROP COLUMN original_sha256;"
    "ALTER TABLE documents DROP COLUMN original_name; ALTER TABLE documents DROP COLUMN original_type;"
    "ALTER TABLE documents DROP COLUMN original_bytes; ALTER TABLE documents DROP COLUMN parsed_by;"
    "ALTER TABLE pages DROP COLUMN label",
    4: "ALTER TABLE documents DROP COLUMN notes; DROP TABLE blocks",
    3: "DROP TRIGGER document_added; DROP TRIGGER document_removed; DELETE FROM meta WHERE name = 'text_bytes'",
    2: "DROP TRIGGER generation_moved_on; DROP TABLE history;"
    "CREATE INDEX passages_by_generation ON passages (generation)",
    1: "DROP TABLE pages; DROP TABLE headings",
}


def make_older(folder: Path, version: int) -> None:
    """Makes the catalogue in ``folder`` one of that schema version."""
    with closing(sqlite3.connect(folder / "catalogue.sqlite3")) as db:
        db.executescript(";".join(undo for earlier, undo in _BACK_TO.items() if earlier >= version))
        db.execute(f"PRAGMA user_version = {version}")

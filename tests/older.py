"""Catalogues as older versions left them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

# what each version added, undone
_BACK_TO = {
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

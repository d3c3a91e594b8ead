"""Originals kept in the database itself, for those who share it; the last ones looked at lie in the data directory."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from index.documents import DocumentDraft
from index.store.databases.connection import Connection, Database
from index.store.databases.sqlite import storage_error
from index.store.originals.in_folder import Incoming, Originals

_KEPT = "INSERT INTO originals VALUES (?, ?) ON CONFLICT DO NOTHING"
_IS_KEPT = "SELECT count(*) FROM originals WHERE sha256 = ?"
_DATA = "SELECT data FROM originals WHERE sha256 = ?"
_FILES_AT_MOST = 64


class OriginalsWithin:
    """As `index.store.originals.in_folder.KeptFiles` has it."""

    def __init__(self, database: Database, folder: Path) -> None:
        """``folder`` is the data directory, where those lie that come in, and that were looked at last."""
        self._db = database
        self._files = Originals(folder)

    def incoming(self) -> Incoming:
        """Where files wait until their documents are stored."""
        return self._files.incoming()

    def path(self, sha256: str) -> Path:
        """Where it can be read now; where no file is, none is kept. Raises CatalogueError."""
        path = self._files.path(sha256)
        with self._db.reading() as db:
            is_kept = bool(db.execute(_IS_KEPT, (sha256,)).fetchone()[0])
        try:
            if not is_kept:
                path.unlink(missing_ok=True)
            elif self._files.is_whole(sha256):
                os.utime(path)
            else:
                self._fetch(sha256, path)
        except OSError as error:
            raise storage_error(error) from error
        return path

    def settle(self, db: Connection, drafts: Iterable[DocumentDraft]) -> None:
        """Keeps what came in, in the transaction that stores the documents. Raises CatalogueError."""
        try:
            for draft in drafts:
                if draft.original and draft.incoming:
                    db.execute(_KEPT, (draft.original.sha256, draft.incoming.read_bytes()))
        except OSError as error:
            raise storage_error(error) from error

    def forget(self, db: Connection, hashes: Sequence[str]) -> None:
        """Removes those with these hashes, and what was fetched of them, in a transaction. Raises CatalogueError."""
        db.executemany("DELETE FROM originals WHERE sha256 = ?", ((sha256,) for sha256 in hashes))
        self._files.remove(hashes)

    def is_whole(self, sha256: str) -> bool:
        """Whether one is there and holds what its name says."""
        with self._db.reading() as db:
            row = db.execute(_DATA, (sha256,)).fetchone()
        return row is not None and hashlib.sha256(row[0]).hexdigest() == sha256

    def _fetch(self, sha256: str, path: Path) -> None:
        """Whole or not at all, in place of the one that was looked at longest ago. Raises OSError, CatalogueError."""
        with self._db.reading() as db:
            row = db.execute(_DATA, (sha256,)).fetchone()
        if row is None:  # it went a moment ago
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_name(f"{secrets.token_hex(8)}.unfinished")
        written.write_bytes(row[0])
        written.replace(path)
        there = sorted(self._files.folder.glob("??/*"), key=_looked_at)
        for old in there[:-_FILES_AT_MOST]:
            old.unlink(missing_ok=True)


def _looked_at(path: Path) -> float:
    """When; long ago for one that another thread has just removed or renamed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0

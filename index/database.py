"""One SQLite file: a connection for each thread, all-or-nothing changes, and SQLite's errors in our words."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from index.errors import CatalogueError, CatalogueFull, CatalogueReadOnly, CatalogueUnusable

# how long a writer waits for another thread's or process's transaction to end
_PATIENCE_SECONDS = 120

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


class Database:
    """Safe to share between threads, and between processes on one machine.

    A file that may only be read is opened for reading, and every change is refused.
    """

    def __init__(self, path: Path) -> None:
        """Opens or makes it. Raises CatalogueUnusable, CatalogueReadOnly."""
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._writing = threading.Lock()
        self._mode = "mode=rwc"
        try:
            self._connection()
        except sqlite3.Error as error:
            if _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise storage_error(error) from error
            if not path.exists():
                raise CatalogueUnusable("there is none, and it cannot be made in the data directory") from error
            self._mode = self._reading_mode()
            with self.reading():  # so that whatever still stands in the way is told now
                pass

    def close(self) -> None:
        """Closes every thread's connection."""
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()

    @property
    def read_only(self) -> bool:
        """Whether changes are refused."""
        return self._mode != "mode=rwc"

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with. Raises CatalogueError."""
        try:
            yield self._connection()
        except sqlite3.Error as error:
            raise storage_error(error) from error

    @contextmanager
    def moment(self) -> Iterator[sqlite3.Connection]:
        """All that is read in the block is of one moment."""
        with self.reading() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it is on disk when the block ends, or none of it."""
        with self._writing, self.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _reading_mode(self) -> str:
        """How to open a file in a folder where SQLite may not make its two helper files."""
        log = self._path.with_name(self._path.name + "-wal")
        # without a log nobody is writing, and nobody who must obey the folder's permissions can begin to
        return "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(
                f"file:{quote(str(self._path.absolute()))}?{self._mode}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,  # each thread uses its own; only `close` reaches across
                timeout=_PATIENCE_SECONDS,
            )
            self._connections.append(db)
            if not self.read_only:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA recursive_triggers = ON")
            db.execute("SELECT count(*) FROM sqlite_master")  # opening reads nothing; this does
            self._local.db = db
        return db


def storage_error(error: sqlite3.Error | OSError) -> CatalogueError:
    """What went wrong on disk, in our words."""
    if isinstance(error, OSError):
        if error.errno in _FULL:
            return CatalogueFull()
        return CatalogueReadOnly() if error.errno in _FORBIDDEN else CatalogueUnusable(error.strerror or str(error))
    code = _code(error)
    if code == sqlite3.SQLITE_FULL or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_WRITE:
        return CatalogueFull()
    if code == sqlite3.SQLITE_READONLY:
        return CatalogueReadOnly()
    if code == sqlite3.SQLITE_BUSY:
        return CatalogueUnusable(f"another process has been writing for {_PATIENCE_SECONDS} seconds: try again")
    return CatalogueUnusable(str(error))


def _code(error: sqlite3.Error) -> int:
    # the low byte is the primary code, the rest says more
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF

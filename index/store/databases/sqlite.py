"""One SQLite file: a connection for each thread, all-or-nothing changes, and SQLite's errors in our words.

The file that was opened is known by its device and inode. Where another file, or none, has taken its place, changes are
refused: what would be written to a file that has no name any more is lost, and a file that somebody restored is not
ours to go on writing to.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from index.errors import (
    CatalogueBusy,
    CatalogueError,
    CatalogueFull,
    CatalogueGone,
    CatalogueReadOnly,
    CatalogueUnusable,
)
from index.store.databases.connection import TookTooLong
from index.store.databases.schema import SCHEMA_VERSION, prepare, version_of

# how long a writer waits for another thread's or process's transaction to end
_PATIENCE_SECONDS = 120

# how long `erase` waits for those who still read from the log
_ERASING_SECONDS = 2

_STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's machine: a millisecond, mostly

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
# the file itself, its log of changes, and the index of that log: all stay the same while any connection is open
_PARTS = ("", "-wal", "-shm")

_Identity = tuple[tuple[int, int] | None, ...]
"""Device and inode of each part; None for one that is not there."""


class SqliteDatabase:
    """Safe to share between threads, and between processes on one machine.

    A file that may only be read is opened for reading, and every change is refused.
    """

    def __init__(self, path: Path) -> None:
        """Opens or makes it. Raises CatalogueUnusable, CatalogueReadOnly, CatalogueFull."""
        self._path = path
        self._identity: _Identity | None = None
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

    def prepare(self, embedder: str, dimension: int) -> None:
        """Makes the tables of a catalogue, or brings them up to date; vectors of any dimension are bytes here.

        Raises CatalogueTooNew, CatalogueUnusable, EmbedderMismatch.
        """
        with self.reading() as db:
            version = version_of(db)
        # one that is up to date needs no write, and so opens where nothing may be written
        with self.reading() if version == SCHEMA_VERSION else self.change() as db:
            prepare(db, embedder)

    def close(self) -> None:
        """Closes every thread's connection. Whoever asks for one later opens the file anew."""
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()
        self._identity = None

    @property
    def read_only(self) -> bool:
        """Whether the file may only be read, so that changes are refused."""
        return "mode=ro" in self._mode

    @property
    def passed_over(self) -> int:
        """None: there is no standby."""
        return 0

    @contextmanager
    def reading(self, within: float | None = None) -> Iterator[sqlite3.Connection]:
        """A connection to read with. Raises CatalogueError; TookTooLong after ``within`` seconds."""
        try:
            db = self._connection()
            if within is None:
                yield db
                return
            ends = monotonic() + within
            db.set_progress_handler(lambda: monotonic() > ends, _STEPS_BETWEEN_LOOKS)
            try:
                yield db
            finally:
                db.set_progress_handler(None, 0)
        except sqlite3.Error as error:
            if within is not None and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                raise TookTooLong from error
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
    def change(self, *, patient: bool = True) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it is on disk when the block ends, or none of it.

        Raises CatalogueFull, CatalogueReadOnly, CatalogueUnusable; CatalogueGone where the file is not in its place
        any more; CatalogueBusy where another thread or process has been writing for too long or, unless ``patient``,
        is writing just now.
        """
        with self._turn_to_write(patient), self.reading() as db:
            _begin(db, patient)
            try:
                yield db
                self._check_in_place()
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            # it may have gone while it was written to
            self._check_in_place()

    def aside(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection for what is done outside of transactions: any is."""
        return self.reading()

    @property
    def is_in_place(self) -> bool:
        """Whether the file that was opened is the one at its path."""
        try:
            self._check_in_place()
        except CatalogueGone:
            return False
        return True

    def erase(self) -> bool:
        """Empties the log of changes, which still holds what was deleted; gives whether that could be done.

        Waits a little for those who read from the log, and keeps nobody from reading. Call it outside of a change.
        """
        if self.read_only:
            return False
        with self._writing, self.reading() as db:
            db.execute(f"PRAGMA busy_timeout = {_ERASING_SECONDS * 1_000}")
            try:
                busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                db.execute(f"PRAGMA busy_timeout = {_PATIENCE_SECONDS * 1_000}")
        return not busy

    @contextmanager
    def _turn_to_write(self, patient: bool) -> Iterator[None]:
        """Among the threads of this process."""
        if not self._writing.acquire(timeout=_PATIENCE_SECONDS if patient else 0):
            raise CatalogueBusy
        try:
            yield
        finally:
            self._writing.release()

    def _reading_mode(self) -> str:
        """How to open a file in a folder where SQLite may not make its two helper files."""
        log = self._path.with_name(self._path.name + "-wal")
        # without a log nobody is writing, and nobody who must obey the folder's permissions can begin to
        return "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = self._opened()
            self._connections.append(db)
            self._local.db = db
        return db

    def _opened(self) -> sqlite3.Connection:
        """A new connection, to the file that was opened first. Raises sqlite3.Error, CatalogueGone."""
        mode = self._mode
        if self._identity is not None:
            self._check_in_place()
            mode = mode.replace("mode=rwc", "mode=rw")  # only the first may make the file
        before = self._in_place()[0]
        db = sqlite3.connect(
            f"file:{quote(str(self._path.absolute()))}?{mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # each thread uses its own; only `close` reaches across
            timeout=_PATIENCE_SECONDS,
        )
        try:
            if not self.read_only:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
                db.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA recursive_triggers = ON")
            db.execute("SELECT count(*) FROM sqlite_master")  # opening reads nothing; this does
            now = self._in_place()
            if before not in (None, now[0]):
                raise CatalogueGone(self._path.name)  # exchanged while it was opened: which one this is, is not known
            self._identity = self._identity or now
            self._check_in_place()
        except BaseException:
            db.close()
            raise
        return db

    def _in_place(self) -> _Identity:
        """What lies at the path at present."""
        parts = [self._path.with_name(self._path.name + part) for part in _PARTS]
        return tuple(_device_and_inode(part) for part in parts)

    def _check_in_place(self) -> None:
        """Raises CatalogueGone. Where nothing is written, its helper files may come and go."""
        now = self._in_place()
        if now != self._identity if not self.read_only else now[:1] != (self._identity or now)[:1]:
            raise CatalogueGone(self._path.name)


def _device_and_inode(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _begin(db: sqlite3.Connection, patient: bool) -> None:
    """A transaction that may write."""
    if patient:
        db.execute("BEGIN IMMEDIATE")
        return
    db.execute("PRAGMA busy_timeout = 0")
    try:
        db.execute("BEGIN IMMEDIATE")
    finally:
        db.execute(f"PRAGMA busy_timeout = {_PATIENCE_SECONDS * 1_000}")


def storage_error(error: sqlite3.Error | OSError) -> CatalogueError:
    """What an error of the operating system or of SQLite means for the data directory, as an error of ours."""
    if isinstance(error, OSError):
        if error.errno in _FULL:
            return CatalogueFull()
        return CatalogueReadOnly() if error.errno in _FORBIDDEN else CatalogueUnusable(error.strerror or str(error))
    code = _code(error)
    if code == sqlite3.SQLITE_FULL or getattr(error, "sqlite_errorcode", 0) in _NO_ROOM:
        return CatalogueFull()
    if code == sqlite3.SQLITE_READONLY:
        return CatalogueReadOnly()
    if code == sqlite3.SQLITE_BUSY:
        return CatalogueBusy()
    return CatalogueUnusable(str(error))


def _code(error: sqlite3.Error) -> int:
    # the low byte is the primary code, the rest says more
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF

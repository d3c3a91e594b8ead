"""PostgreSQL as `index.store.connection` has it, with vectors by pgvector. The only module that knows its driver.

Any number of processes share one database. Changes are made one after the other, whoever makes them: so keys and
generations become visible in order, which what follows the catalogue relies on. Where the connection breaks while a
change is being committed, its token says whether it was made.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, Self

import numpy as np
import psycopg
from pgvector.psycopg import register_vector
from psycopg import errors
from psycopg.adapt import Buffer, Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Format, TransactionStatus
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from index.errors import (
    CatalogueBusy,
    CatalogueFull,
    CatalogueReadOnly,
    CatalogueTooNew,
    CatalogueUnreachable,
    CatalogueUnusable,
    EmbedderMismatch,
)
from index.store.connection import TookTooLong

_STEPS = ("postgres_1.sql",)
_STEP_FILES = Path(__file__).parent / "steps"
POSTGRES_VERSION = len(_STEPS)

_LEAST_SERVER = 160_000
_PATIENCE_SECONDS = 120
"""How long a writer waits for another one."""
_RECONNECTING_SECONDS = 5
_DECIDING_SECONDS = 60
"""How long a change whose commit was not acknowledged is looked for."""
_MOST_CONNECTIONS = 16
_CATALOGUE, _FEEDBACK = 0x50AC, 0x50AD
# whoever is cut off must not hold the turn to write for ever; what hnsw says is for searches with a filter
_SESSION = (
    "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4 "
    "-c idle_in_transaction_session_timeout=300s -c hnsw.iterative_scan=strict_order -c hnsw.ef_search=200 "
    "-c hnsw.max_scan_tuples=1000000 -c hnsw.scan_mem_multiplier=8"
)
_UNREACHABLE = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed)
_BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)

logger = logging.getLogger("sourcespan")


class _Stored(Loader):
    """Vectors as SQLite keeps them: bytes of 32-bit numbers, the smallest byte first."""

    format = Format.BINARY

    def load(self, data: Buffer) -> bytes:
        return np.frombuffer(bytes(data), dtype=">f4", offset=4).astype("<f4").tobytes()


class PostgresConnection:
    """A connection that takes the store's SQL."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[Any]:
        """Runs a statement; U+0000, which is in no text that is stored, is looked for as another character."""
        return self._connection.cursor(binary=True).execute(_translated(sql), _given(values))

    def executemany(self, sql: str, values: Iterable[Sequence[Any]], /) -> None:
        """Runs it with each of several rows of values."""
        self._connection.cursor().executemany(_translated(sql), values)


class PostgresDatabase:
    """Safe to share between threads; any number of processes, on any machines, may have the same one open."""

    def __init__(self, url: str, *, turn: int = _CATALOGUE) -> None:
        """``turn`` names what is written to one after the other. Raises CatalogueUnreachable, CatalogueUnusable."""
        self._url = url
        self._turn = turn
        self._pool: ConnectionPool[psycopg.Connection[Any]] | None = None
        self._opening = Lock()
        with _our_errors(), self._connected() as db:
            encoding = db.info.parameter_status("server_encoding")  # psycopg's own `encoding` is the client's
            if db.info.server_version < _LEAST_SERVER or encoding != "UTF8":
                raise CatalogueUnusable("it must be PostgreSQL 16 or later, with the encoding UTF8")
            self._is_standby = bool(_one(db, "SELECT pg_is_in_recovery()"))

    @classmethod
    def for_feedback(cls, url: str) -> Self:
        """The same database, for what need not wait for documents that are put in."""
        return cls(url, turn=_FEEDBACK)

    @property
    def read_only(self) -> bool:
        """Whether it was a standby when it was opened."""
        return self._is_standby

    @property
    def is_in_place(self) -> bool:
        """Always: a database is where its address says."""
        return True

    def prepare(self, embedder: str, dimension: int) -> None:
        """Makes or updates the tables; one process does, others wait for it.

        Raises CatalogueTooNew, EmbedderMismatch, CatalogueUnusable, CatalogueUnreachable.
        """
        with _our_errors(), self._connected() as db:
            version = _version_of(db)
            if version > POSTGRES_VERSION:
                raise CatalogueTooNew(version, POSTGRES_VERSION)
            if version < POSTGRES_VERSION:
                self._bring_up_to_date(db, embedder, dimension)
            indexed_with = _one(db, "SELECT value FROM meta WHERE name = 'embedder'")
        if indexed_with != embedder:
            raise EmbedderMismatch(str(indexed_with), embedder)

    def close(self) -> None:
        """Closes all connections."""
        if self._pool is not None:
            self._pool.close()

    @contextmanager
    def reading(self, within: float | None = None) -> Iterator[PostgresConnection]:
        """Each statement reads what is committed when it begins."""
        try:
            with _our_errors(), self._pooled() as connection:
                if within is None:
                    yield PostgresConnection(connection)
                    return
                with connection.transaction():
                    connection.execute(f"SET LOCAL statement_timeout = {max(1, int(within * 1_000))}")
                    yield PostgresConnection(connection)
        except CatalogueBusy as error:
            if within is not None and isinstance(error.__cause__, errors.QueryCanceled):
                raise TookTooLong from error
            raise

    @contextmanager
    def moment(self) -> Iterator[PostgresConnection]:
        """All that is read in the block is of one moment."""
        with _our_errors(), self._pooled() as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield PostgresConnection(connection)
            finally:
                _roll_back(connection)

    @contextmanager
    def change(self, *, patient: bool = True) -> Iterator[PostgresConnection]:
        """As `Database` has it. Raises CatalogueUnreachable, too."""
        token = secrets.token_hex(16)
        with _our_errors():
            with self._pooled() as connection:
                connection.execute("BEGIN")
                try:
                    self._take_turn(connection, patient)
                    yield PostgresConnection(connection)
                    connection.execute("DELETE FROM commits WHERE made_at < now() - interval '1 hour'")
                    connection.execute("INSERT INTO commits VALUES (%s)", (token,))
                except BaseException:
                    _roll_back(connection)
                    raise
                lost = _lost_in_commit(connection)
            if lost is not None and not self._was_made(token):
                raise lost

    def erase(self) -> bool:
        """PostgreSQL removes what was deleted by itself, some time later (autovacuum)."""
        return True

    @contextmanager
    def aside(self) -> Iterator[PostgresConnection]:
        """A connection for what is done outside of transactions, as long as it may take."""
        with _our_errors(), self._connected() as connection:
            yield PostgresConnection(connection)

    def _take_turn(self, connection: psycopg.Connection[Any], patient: bool) -> None:
        """Until the transaction ends, whichever way."""
        if patient:
            connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE_SECONDS}s'")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._turn,))
        elif not _one(connection, f"SELECT pg_try_advisory_xact_lock({self._turn})"):
            raise CatalogueBusy

    def _was_made(self, token: str) -> bool:
        """Whether a change was made whose connection broke in the commit. Raises CatalogueUnreachable."""
        ends = monotonic() + _DECIDING_SECONDS
        while True:
            try:
                # whoever gets the turn knows that the other has ended
                with self._connected() as db, db.transaction():
                    self._take_turn(db, patient=True)
                    return db.execute("SELECT 1 FROM commits WHERE token = %s", (token,)).fetchone() is not None
            except psycopg.OperationalError as error:
                if monotonic() > ends:
                    raise CatalogueUnreachable(
                        "whether what was put in last is stored is not known; to put it in again does no harm"
                    ) from error
                sleep(0.2)

    def _bring_up_to_date(self, db: psycopg.Connection[Any], embedder: str, dimension: int) -> None:
        with db.transaction():
            if not _one(db, f"SELECT pg_try_advisory_xact_lock({_CATALOGUE})"):
                logger.warning("Another process is changing the database, which is to be brought up to date: waiting")
                db.execute(f"SELECT pg_advisory_xact_lock({_CATALOGUE})")
            version = _version_of(db)
            if version == 0:
                db.execute("CREATE EXTENSION IF NOT EXISTS vector")
            for step in _STEPS[version:]:
                db.execute((_STEP_FILES / step).read_text(encoding="utf-8").replace("{dimension}", str(dimension)))
            if version == 0:
                db.execute("INSERT INTO meta VALUES ('embedder', %s)", (embedder,))
            db.execute(
                "INSERT INTO meta VALUES ('schema', %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (str(POSTGRES_VERSION),),
            )

    def _connected(self) -> psycopg.Connection[Any]:
        """A connection of its own. Raises psycopg.OperationalError."""
        return psycopg.connect(self._url, **self._how)

    @property
    def _how(self) -> dict[str, Any]:
        """The arguments of a connection, whatever its address and the environment say of the encoding."""
        options = f"{conninfo_to_dict(self._url).get('options') or ''} {_SESSION}".strip()
        return {"autocommit": True, "connect_timeout": 10, "client_encoding": "UTF8", "options": options}

    @contextmanager
    def _pooled(self) -> Iterator[psycopg.Connection[Any]]:
        with self._opening:
            if self._pool is None:
                self._pool = ConnectionPool(
                    self._url,
                    kwargs=self._how,
                    min_size=1,
                    max_size=_MOST_CONNECTIONS,
                    timeout=_RECONNECTING_SECONDS,
                    configure=_configure,
                    check=ConnectionPool.check_connection,
                    open=True,
                )
        with self._pool.connection() as connection:
            yield connection


def _configure(connection: psycopg.Connection[Any]) -> None:
    register_vector(connection)
    oid = connection.adapters.types["vector"].oid
    connection.adapters.register_loader(oid, _Stored)


@lru_cache(maxsize=1_000)
def _translated(sql: str) -> bytes:
    """With the driver's placeholders."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


def _given(values: Sequence[Any]) -> list[Any]:
    return [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in values]


def _one(db: psycopg.Connection[Any], sql: str) -> object:
    row = db.execute(sql.encode()).fetchone()
    return None if row is None else row[0]


def _version_of(db: psycopg.Connection[Any]) -> int:
    """Of the tables; 0 where there are none."""
    if _one(db, "SELECT to_regclass('meta')") is None:
        return 0
    return int(str(_one(db, "SELECT value FROM meta WHERE name = 'schema'")))


def _roll_back(connection: psycopg.Connection[Any]) -> None:
    if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
        with suppress(psycopg.Error):
            connection.execute("ROLLBACK")


def _lost_in_commit(connection: psycopg.Connection[Any]) -> psycopg.Error | None:
    """Commits; gives the error where nobody knows whether that was done."""
    try:
        connection.execute("COMMIT")
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if not connection.closed:
            raise
        return error
    return None


@contextmanager
def _our_errors() -> Iterator[None]:
    """What an error of the driver means, as an error of ours."""
    try:
        yield
    except errors.DiskFull as error:
        raise CatalogueFull from error
    except (errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege) as error:
        raise CatalogueReadOnly from error
    except (*_BUSY, errors.QueryCanceled) as error:
        raise CatalogueBusy from error
    except _UNREACHABLE as error:
        raise CatalogueUnreachable(_first_line(error)) from error
    except psycopg.Error as error:
        raise CatalogueUnusable(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

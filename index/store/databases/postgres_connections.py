"""Connections to a PostgreSQL: how they are made, kept and lent, and what an error of their driver means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
import psycopg
from pgvector.psycopg import register_vector
from psycopg import errors
from psycopg.adapt import Buffer, Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Format, TransactionStatus
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from index.errors import CatalogueBusy, CatalogueFull, CatalogueReadOnly, CatalogueUnreachable, CatalogueUnusable

MOST_CONNECTIONS = 16
RECONNECTING_SECONDS = 5
UNREACHABLE = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed)
_BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)

# a network that is cut says nothing: who waits for the other side must not do so for ever. An address may say otherwise
_OURS: Mapping[str, object] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
# of the server, which gives up the turn to write of whoever is cut off; what hnsw says is for recall, and for searches
# with a filter; to compile a query takes longer than to run one that takes milliseconds
_SESSION = (
    "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4 -c tcp_user_timeout=40000 "
    "-c idle_in_transaction_session_timeout=300s -c hnsw.iterative_scan=strict_order -c hnsw.ef_search=400 "
    "-c hnsw.max_scan_tuples=1000000 -c hnsw.scan_mem_multiplier=8 -c jit=off"
)


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

    def interrupt(self) -> None:
        """Breaks off the statement that another thread runs."""
        with suppress(*UNREACHABLE):
            self._connection.cancel_safe(timeout=RECONNECTING_SECONDS)


class Connections:
    """To one address; safe to share between threads. Everything raises psycopg.Error, PoolTimeout or PoolClosed."""

    def __init__(self, url: str, *, patience: float = RECONNECTING_SECONDS) -> None:
        """Connects to nothing yet. ``patience``: seconds that one is waited for."""
        self._url = url
        self._patience = patience
        self._pool: ConnectionPool[psycopg.Connection[Any]] | None = None
        self._opening = Lock()

    def one(self) -> psycopg.Connection[Any]:
        """A connection of its own."""
        return psycopg.connect(self._url, **self._how)

    @contextmanager
    def lent(self) -> Iterator[psycopg.Connection[Any]]:
        """One of those that are kept, which answered a moment ago."""
        with self._opening:
            if self._pool is None:
                self._pool = ConnectionPool(
                    self._url,
                    kwargs=self._how,
                    min_size=1,
                    max_size=MOST_CONNECTIONS,
                    timeout=self._patience,
                    # no longer: after each attempt it waits twice as long, and would after the outage
                    reconnect_timeout=RECONNECTING_SECONDS,
                    configure=_configure,
                    check=ConnectionPool.check_connection,
                    open=True,
                )
        with self._pool.connection() as connection:
            yield connection

    def close(self) -> None:
        """Closes those that are kept."""
        if self._pool is not None:
            self._pool.close()

    @property
    def _how(self) -> dict[str, Any]:
        """The arguments of a connection, whatever its address and the environment say of the encoding."""
        given = conninfo_to_dict(self._url)
        ours = {name: value for name, value in _OURS.items() if name not in given}
        options = f"{_SESSION} {given.get('options') or ''}".strip()
        return {**ours, "autocommit": True, "client_encoding": "UTF8", "options": options}


class _Stored(Loader):
    """Vectors as SQLite keeps them: bytes of 32-bit numbers, the smallest byte first."""

    format = Format.BINARY

    def load(self, data: Buffer) -> bytes:
        return np.frombuffer(bytes(data), dtype=">f4", offset=4).astype("<f4").tobytes()


def one(db: psycopg.Connection[Any], sql: str, values: Sequence[Any] = ()) -> object:
    """The first value of the first row; None where there is no row."""
    row = db.execute(sql.encode(), values or None).fetchone()
    return None if row is None else row[0]


def roll_back(connection: psycopg.Connection[Any]) -> None:
    """Ends a transaction, if one is open."""
    if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
        with suppress(psycopg.Error):
            connection.execute("ROLLBACK")


@contextmanager
def our_errors() -> Iterator[None]:
    """What an error of the driver means, as an error of ours."""
    try:
        yield
    except errors.DiskFull as error:
        raise CatalogueFull from error
    except (errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege) as error:
        raise CatalogueReadOnly from error
    except (*_BUSY, errors.QueryCanceled) as error:
        raise CatalogueBusy from error
    except UNREACHABLE as error:
        raise CatalogueUnreachable(first_line(error)) from error
    except psycopg.Error as error:
        raise CatalogueUnusable(first_line(error)) from error


def first_line(error: Exception) -> str:
    """What it says, in a line."""
    return (str(error).splitlines() or [type(error).__name__])[0]


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

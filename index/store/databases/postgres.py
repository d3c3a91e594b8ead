"""PostgreSQL as `index.store.databases.connection` has it, with vectors by pgvector.

Any number of processes share one database. Changes are made one after the other, whoever makes them: so keys and
generations become visible in order, which what follows the catalogue relies on. Where the connection breaks while a
change is being committed, its token says whether it was made.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg import errors

from index.errors import (
    CatalogueBusy,
    CatalogueError,
    CatalogueTooNew,
    CatalogueUnreachable,
    CatalogueUnusable,
    EmbedderMismatch,
)
from index.store.databases.connection import TookTooLong
from index.store.databases.postgres_connections import Connections, PostgresConnection, one, our_errors, roll_back
from index.store.databases.read_replica import ReadReplica

_STEPS = ("postgres_1.sql",)
_STEP_FILES = Path(__file__).parent / "steps"
POSTGRES_VERSION = len(_STEPS)

_LEAST_SERVER = 160_000
_LEAST_EXTENSION = (0, 8)
_PATIENCE_SECONDS = 120
"""How long a writer waits for another one."""
_DECIDING_SECONDS = 60
"""How long a change whose commit was not acknowledged is looked for."""
_CATALOGUE, _FEEDBACK = 0x50AC, 0x50AD
_IS_STANDBY = "SELECT pg_is_in_recovery()"

logger = logging.getLogger("sourcespan")


class PostgresDatabase:
    """Safe to share between threads; any number of processes, on any machines, may have the same one open."""

    def __init__(self, url: str, read_url: str = "", *, turn: int = _CATALOGUE) -> None:
        """``read_url`` is the address of a hot standby to read from; ``turn`` is the same for all who take turns.

        Raises CatalogueUnreachable, CatalogueUnusable.
        """
        self._connections = Connections(url)
        self._replica = ReadReplica(read_url, self._connections) if read_url else None
        self._turn = turn
        with our_errors(), self._connections.one() as db:
            encoding = db.info.parameter_status("server_encoding")  # psycopg's own `encoding` is the client's
            if db.info.server_version < _LEAST_SERVER or encoding != "UTF8":
                raise CatalogueUnusable("it must be PostgreSQL 16 or later, with the encoding UTF8")
            self._was_standby = bool(one(db, _IS_STANDBY))

    @classmethod
    def for_feedback(cls, url: str) -> PostgresDatabase:
        """The same database, for what need not wait for documents that are put in."""
        return cls(url, turn=_FEEDBACK)

    @property
    def read_only(self) -> bool:
        """Whether it is a standby; one that was may have been promoted since."""
        if self._was_standby:
            with suppress(CatalogueError), our_errors(), self._connections.lent() as db:
                self._was_standby = bool(one(db, _IS_STANDBY))
        return self._was_standby

    @property
    def passed_over(self) -> int:
        """How many reads went to the primary because the standby was behind, or did not answer."""
        return 0 if self._replica is None else self._replica.passed_over

    @property
    def is_in_place(self) -> bool:
        """Always: a database is where its address says."""
        return True

    def prepare(self, embedder: str, dimension: int) -> None:
        """Makes or updates the tables; one process does, others wait for it.

        Raises CatalogueTooNew, EmbedderMismatch, CatalogueUnusable, CatalogueUnreachable.
        """
        with our_errors(), self._connections.one() as db:
            version = _version_of(db)
            if version > POSTGRES_VERSION:
                raise CatalogueTooNew(version, POSTGRES_VERSION)
            if version < POSTGRES_VERSION:
                self._bring_up_to_date(db, embedder, dimension)
            _check_extension(db)
            indexed_with = one(db, "SELECT value FROM meta WHERE name = 'embedder'")
        if indexed_with != embedder:
            raise EmbedderMismatch(str(indexed_with), embedder)

    def close(self) -> None:
        """Closes all connections."""
        self._connections.close()
        if self._replica is not None:
            self._replica.close()

    @contextmanager
    def reading(self, within: float | None = None) -> Iterator[PostgresConnection]:
        """Each statement reads what is committed when it begins."""

        def limit(connection: psycopg.Connection[Any], stack: ExitStack) -> None:
            if within is not None:
                stack.enter_context(connection.transaction())
                connection.execute(f"SET LOCAL statement_timeout = {max(1, int(within * 1_000))}")

        try:
            with our_errors():
                if self._replica is not None:
                    with self._replica.reading(limit) as db:
                        yield db
                    return
                with ExitStack() as stack:
                    connection = stack.enter_context(self._connections.lent())
                    limit(connection, stack)
                    yield PostgresConnection(connection)
        except CatalogueBusy as error:
            if within is not None and isinstance(error.__cause__, errors.QueryCanceled):
                raise TookTooLong from error
            raise

    @contextmanager
    def moment(self) -> Iterator[PostgresConnection]:
        """All that is read in the block is of one moment, of the primary."""
        lent = self._connections.lent if self._replica is None else self._replica.primary
        with our_errors(), lent() as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield PostgresConnection(connection)
            finally:
                roll_back(connection)

    @contextmanager
    def change(self, *, patient: bool = True) -> Iterator[PostgresConnection]:
        """As `Database` has it. Raises CatalogueUnreachable, too."""
        token = secrets.token_hex(16)
        with our_errors():
            with self._connections.lent() as connection:
                connection.execute("BEGIN")
                try:
                    self._take_turn(connection, patient)
                    yield PostgresConnection(connection)
                    connection.execute("DELETE FROM commits WHERE made_at < now() - interval '1 hour'")
                    connection.execute("INSERT INTO commits VALUES (%s)", (token,))
                except BaseException:
                    roll_back(connection)
                    raise
                lost = _lost_in_commit(connection)
            if lost is not None and not self._was_made(token):
                raise lost
            if self._replica is not None:
                self._replica.changed()

    def erase(self) -> bool:
        """PostgreSQL removes what was deleted by itself, some time later (autovacuum)."""
        return True

    @contextmanager
    def aside(self) -> Iterator[PostgresConnection]:
        """A connection for what is done outside of transactions, as long as it may take."""
        with our_errors(), self._connections.one() as connection:
            yield PostgresConnection(connection)

    def _take_turn(self, connection: psycopg.Connection[Any], patient: bool) -> None:
        """Until the transaction ends, whichever way."""
        if patient:
            connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE_SECONDS}s'")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._turn,))
        elif not one(connection, f"SELECT pg_try_advisory_xact_lock({self._turn})"):
            raise CatalogueBusy

    def _was_made(self, token: str) -> bool:
        """Whether a change was made whose connection broke in the commit. Raises CatalogueUnreachable."""
        ends = monotonic() + _DECIDING_SECONDS
        while True:
            try:
                # whoever gets the turn knows that the other has ended
                with self._connections.one() as db, db.transaction():
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
            if not one(db, f"SELECT pg_try_advisory_xact_lock({_CATALOGUE})"):
                logger.warning("Another process is changing the database, which is to be brought up to date: waiting")
                db.execute(f"SELECT pg_advisory_xact_lock({_CATALOGUE})")
            version = _version_of(db)
            if version == 0:
                _make_extension(db)
            for step in _STEPS[version:]:
                db.execute((_STEP_FILES / step).read_text(encoding="utf-8").replace("{dimension}", str(dimension)))
            if version == 0:
                db.execute("INSERT INTO meta VALUES ('embedder', %s)", (embedder,))
            db.execute(
                "INSERT INTO meta VALUES ('schema', %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (str(POSTGRES_VERSION),),
            )


def _version_of(db: psycopg.Connection[Any]) -> int:
    """Of the tables; 0 where there are none."""
    if one(db, "SELECT to_regclass('meta')") is None:
        return 0
    return int(str(one(db, "SELECT value FROM meta WHERE name = 'schema'")))


def _make_extension(db: psycopg.Connection[Any]) -> None:
    """Raises CatalogueUnusable, which says what to do."""
    try:
        db.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except errors.InsufficientPrivilege as error:
        raise CatalogueUnusable(
            "its user may not make the extension: let an administrator run `CREATE EXTENSION vector` in this database"
        ) from error
    except (errors.FeatureNotSupported, errors.UndefinedFile) as error:
        raise CatalogueUnusable("pgvector must be installed on its server") from error
    _check_extension(db)


def _check_extension(db: psycopg.Connection[Any]) -> None:
    """Raises CatalogueUnusable."""
    version = str(one(db, "SELECT extversion FROM pg_extension WHERE extname = 'vector'"))
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _LEAST_EXTENSION:
        raise CatalogueUnusable(
            f"pgvector must be 0.8 or later, and is {version}: install it, then `ALTER EXTENSION vector UPDATE`"
        )


def _lost_in_commit(connection: psycopg.Connection[Any]) -> psycopg.Error | None:
    """Commits; gives the error where nobody knows whether that was done."""
    try:
        connection.execute("COMMIT")
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if not connection.closed:
            raise
        return error
    return None

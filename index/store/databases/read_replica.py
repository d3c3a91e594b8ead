"""A hot standby of the PostgreSQL, which questions are read from while it has all that this process knows of.

Nothing is read from a standby that is behind what this process wrote, or has seen elsewhere: what follows the catalogue
would take that for another history. So after each change the next read goes to the primary, and notes how far the log
and the catalogue's history are there; the standby must have that much, and may have more. With ``synchronous_commit =
remote_apply`` it has, some milliseconds later. Where it does not answer, the primary does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock
from time import monotonic
from typing import Any

import psycopg
from psycopg.errors import QueryCanceled
from psycopg_pool import PoolClosed, PoolTimeout

from index.store.databases.postgres_connections import Connections, PostgresConnection, first_line, one

_PATIENCE_SECONDS = 1
_RESTS_SECONDS = 5
"""How long a standby that did not answer is not asked."""
_HOW_FAR = (
    "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, generation, token FROM history "
    "WHERE generation = (SELECT value::bigint FROM meta WHERE name = 'generation')"
)
# one that was promoted replays nothing any more
_HAS = (
    "SELECT (NOT pg_is_in_recovery() OR pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') >= %s) "
    "AND EXISTS (SELECT 1 FROM history WHERE generation = %s AND token = %s)"
)

logger = logging.getLogger("sourcespan")


class ReadReplica:
    """Safe to share between threads."""

    def __init__(self, url: str, primary: Connections) -> None:
        """Connects to nothing yet."""
        self.passed_over = 0
        """How many reads went to the primary because it was behind or did not answer."""
        self._standby = Connections(url, patience=_PATIENCE_SECONDS)
        self._primary = primary
        self._noting = Lock()
        self._changes, self._noted = 1, 0
        self._wanted: tuple[int, int, str] = (0, -1, "")
        self._asked_again = 0.0
        self._is_away = False

    def close(self) -> None:
        """Closes its connections."""
        self._standby.close()

    def changed(self) -> None:
        """This process made a change, which it must find from now on."""
        with self._noting:
            self._changes += 1

    @contextmanager
    def reading(self, prepared: Callable[[psycopg.Connection[Any], ExitStack], None]) -> Iterator[PostgresConnection]:
        """Something to read with; each statement reads what is committed when it begins.

        ``prepared`` is called with each connection that is used, and with what ends its use.
        """
        with ExitStack() as of_primary, ExitStack() as of_standby:

            def instead() -> psycopg.Connection[Any]:
                connection = of_primary.enter_context(self.primary())
                prepared(connection, of_primary)
                return connection

            standby = self._lent(of_standby, prepared)
            yield PostgresConnection(instead()) if standby is None else _Standby(standby, self._failed, instead)
            with suppress(psycopg.Error):  # all that was wanted has been read
                of_standby.close()

    @contextmanager
    def primary(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection to the primary, to read with."""
        with self._primary.lent() as connection:
            try:
                yield connection
            finally:
                self._note(connection)

    def _lent(
        self, stack: ExitStack, prepared: Callable[[psycopg.Connection[Any], ExitStack], None]
    ) -> psycopg.Connection[Any] | None:
        """A connection to the standby; None where the primary is to be read."""
        if self._noted == self._changes and monotonic() >= self._asked_again:
            try:
                connection = stack.enter_context(self._standby.lent())
                if one(connection, _HAS, self._wanted):
                    prepared(connection, stack)
                    self._is_away = False
                    return connection
                stack.close()
            except (psycopg.Error, PoolTimeout, PoolClosed) as error:
                self._failed(error)
        self.passed_over += 1
        return None

    def _note(self, primary: psycopg.Connection[Any]) -> None:
        """What the primary has now, the standby must have from now on."""
        changes = self._changes
        try:
            log, generation, token = primary.execute(_HOW_FAR).fetchone() or self._wanted
        except psycopg.Error:
            self.changed()  # so that the next read asks again
            return
        with self._noting:
            # where nothing was changed here, the log counts for nothing: others write to it without pause
            log = max(self._wanted[0], log if changes > self._noted else 0)
            self._wanted = (log, *max(self._wanted[1:], (generation, token)))
            self._noted = max(self._noted, changes)

    def _failed(self, error: Exception) -> None:
        """It did not answer, or not as it should."""
        self._asked_again = monotonic() + _RESTS_SECONDS
        if not self._is_away:
            logger.warning("The read replica does not answer; the primary is read instead (%s)", first_line(error))
        self._is_away = True


class _Standby(PostgresConnection):
    """What the standby does not answer, the primary is asked, and from then on all else."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        failed: Callable[[Exception], None],
        primary: Callable[[], psycopg.Connection[Any]],
    ) -> None:
        super().__init__(connection)
        self._failed = failed
        self._instead: Callable[[], psycopg.Connection[Any]] | None = primary

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[Any]:
        """Runs a statement."""
        if self._instead is not None:
            try:
                return super().execute(sql, values)
            except QueryCanceled:  # it took too long, and would again
                raise
            except psycopg.Error as error:
                self._failed(error)
                self._connection, self._instead = self._instead(), None
        return super().execute(sql, values)

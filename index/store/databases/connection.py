"""What the store needs of a database: it is written once, in SQL that SQLite and PostgreSQL read alike.

Parameters are question marks. What only one of the two has, the other has as functions of the same names
(`index/store/databases/steps/postgres_1.sql`); lists come in as JSON, which ``json_each`` opens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from index.documents import unstorable

ALL_ROWS = 2**63 - 1
"""Of rows, for a query with LIMIT that is to give all."""


class TookTooLong(Exception):
    """A query that was to end within a time did not."""


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:  # noqa: ANN401
        """The next row, a tuple; None where there is none."""

    def fetchall(self) -> list[Any]:
        """The rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection of one thread."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Rows:
        """Runs a statement with these values in the places of its question marks."""

    def executemany(self, sql: str, values: Iterable[Sequence[Any]], /) -> object:
        """Runs it with each of several rows of values."""

    def interrupt(self) -> None:
        """Breaks off the statement that another thread runs, which raises an error then."""


class Database(Protocol):
    """Safe to share between threads. Everything raises CatalogueError where the database cannot do what is asked."""

    @property
    def read_only(self) -> bool:
        """Whether it may only be read, so that changes are refused."""

    @property
    def passed_over(self) -> int:
        """How many reads that were meant for a standby went to the primary; 0 where there is none."""

    @property
    def is_in_place(self) -> bool:
        """Whether it still is what was opened."""

    def prepare(self, embedder: str, dimension: int) -> None:
        """Makes the tables of a catalogue, or brings them up to date, for vectors of this embedder.

        Raises CatalogueTooNew, CatalogueUnusable, EmbedderMismatch.
        """

    def close(self) -> None:
        """Lets go of all connections."""

    def reading(self, within: float | None = None) -> AbstractContextManager[Connection]:
        """A connection to read with. Raises TookTooLong where what is read takes more than ``within`` seconds."""

    def moment(self) -> AbstractContextManager[Connection]:
        """All that is read in the block is of one moment."""

    def change(self, *, patient: bool = True) -> AbstractContextManager[Connection]:
        """A write transaction: all of it is durable when the block ends, or none of it. One at a time.

        Raises CatalogueFull, CatalogueReadOnly, CatalogueGone, CatalogueUnusable; CatalogueBusy where somebody else has
        been writing for too long or, unless ``patient``, is writing just now.
        """

    def aside(self) -> AbstractContextManager[Connection]:
        """A connection for what is done outside of transactions, however long it takes."""

    def erase(self) -> bool:
        """Removes traces of what was deleted, as far as this database does so when told; gives whether that was done.

        Call it outside of a change.
        """


def listed(values: Iterable[object]) -> str:
    """A list as a parameter, which ``json_each`` opens. Texts that no database holds are left out: they match none."""
    return json.dumps([v for v in values if not (isinstance(v, str) and unstorable(v) is not None)])

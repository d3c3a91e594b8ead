"""What a PostgreSQL on this machine costs: processor time of all its processes, and bytes on disk."""

from __future__ import annotations

import os
from pathlib import Path

from eval.errors import ServerUnusable
from index.store.databases.connection import Database

_TICKS = os.sysconf("SC_CLK_TCK")


class PostgresCost:
    """Of one server, found by a connection to it."""

    def __init__(self, database: Database) -> None:
        """Raises ServerUnusable where it does not run on this machine, and CatalogueError."""
        with database.reading() as db:
            backend = int(db.execute("SELECT pg_backend_pid()").fetchone()[0])
        try:
            name, fields = _stat(backend)
        except FileNotFoundError:
            name, fields = "", []
        if not name.startswith("postgres"):
            raise ServerUnusable("the address of the database", "its processor time is read where it runs: here")
        self._first = int(fields[1])
        self._database = database

    def cpu_seconds(self) -> float:
        """Of all processes that it has and had."""
        children = Path(f"/proc/{self._first}/task/{self._first}/children").read_text(encoding="ascii").split()
        ticks = sum(int(ticks) for ticks in _stat(self._first)[1][11:15])  # its own, and of those that ended
        for child in children:
            try:
                ticks += sum(int(ticks) for ticks in _stat(int(child))[1][11:13])
            except FileNotFoundError:  # it ended just now
                continue
        return ticks / _TICKS

    def bytes_of(self, relation: str = "") -> int:
        """On disk, of a table or an index, by default of everything in the database that is not in an empty one."""
        size = "pg_database_size(current_database()) - pg_database_size('template0')"
        if relation:
            size = "pg_relation_size(CAST(? AS regclass))"
        with self._database.reading() as db:
            return int(db.execute(f"SELECT {size}", (relation,) if relation else ()).fetchone()[0])


def _stat(pid: int) -> tuple[str, list[str]]:
    """The name of a process and what Linux says of it, from its state on."""
    name, _, rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").partition("(")[2].rpartition(")")
    return name, rest.split()

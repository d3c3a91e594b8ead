"""Where a catalogue is: in a folder on this machine, or in a database that several share."""

from __future__ import annotations

from pathlib import Path

from index.errors import CatalogueUnusable
from index.store.catalogue.catalogue import CATALOGUE_FILE
from index.store.databases.connection import Database
from index.store.databases.sqlite import SqliteDatabase
from index.store.originals.in_database import OriginalsWithin
from index.store.originals.in_folder import KeptFiles, Originals


def opened(folder: Path, database: str = "", read: str = "") -> tuple[Database, KeptFiles]:
    """What a `Catalogue` is made of, from the data directory ``folder``, which is made if it is not there.

    Where ``database`` is the address of one (postgresql://…), the folder holds only what is derived from that; ``read``
    may be the address of a hot standby to read from.

    Raises CatalogueError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogueUnusable(f"the data directory {folder} cannot be made: {error.strerror}") from error
    if database:
        shared = at(database, read)
        return shared, OriginalsWithin(shared, folder)
    return SqliteDatabase(folder / CATALOGUE_FILE), Originals(folder)


def at(database: str, read: str = "", *, feedback: bool = False) -> Database:
    """The PostgreSQL at this address, with a standby to read from; for ``feedback``, which waits for no documents.

    Raises CatalogueUnusable, where its driver is not installed too, and CatalogueUnreachable.
    """
    try:
        from index.store.databases.postgres import PostgresDatabase  # not imported where nobody uses it
    except ImportError as error:
        raise CatalogueUnusable('its driver is missing: run `pip install "sourcespan[postgres]"`') from error
    return PostgresDatabase.for_feedback(database) if feedback else PostgresDatabase(database, read)

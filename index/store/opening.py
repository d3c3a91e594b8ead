"""Where a catalogue is: in a folder on this machine."""

from __future__ import annotations

from pathlib import Path

from index.errors import CatalogueUnusable
from index.store.catalogue import CATALOGUE_FILE
from index.store.connection import Database
from index.store.database import SqliteDatabase
from index.store.originals import KeptFiles, Originals


def opened(folder: Path) -> tuple[Database, KeptFiles]:
    """What a `Catalogue` is made of, from the data directory ``folder``, which is made if it is not there.

    Raises CatalogueError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogueUnusable(f"the data directory {folder} cannot be made: {error.strerror}") from error
    return SqliteDatabase(folder / CATALOGUE_FILE), Originals(folder)

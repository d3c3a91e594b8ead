"""What was deleted goes from the files as well.

SQLite overwrites deleted rows (`secure_delete`). The log of changes still holds them then, until it is emptied, which
is seen to after each change that takes something away. The word index sees to itself (`index.words.in_step`).
"""

from __future__ import annotations

import logging

from index.errors import CatalogueError
from index.store.databases.connection import Connection, Database

_MARK = "INSERT INTO meta VALUES ('erasing', '1') ON CONFLICT DO NOTHING"
_UNMARK = "DELETE FROM meta WHERE name = 'erasing'"
_IS_MARKED = "SELECT count(*) FROM meta WHERE name = 'erasing'"

logger = logging.getLogger("sourcespan")


def mark(db: Connection) -> None:
    """Notes, in the transaction that deletes something, that traces of it are left."""
    db.execute(_MARK)


def is_marked(db: Connection) -> bool:
    """Whether traces of what was deleted may be left."""
    return bool(db.execute(_IS_MARKED).fetchone()[0])


def erase(database: Database) -> None:
    """Removes traces of what was deleted, if there are any.

    What goes wrong is logged, as what was to be deleted is deleted all the same.
    """
    with database.reading() as db:
        if not is_marked(db):
            return
    try:
        if database.erase():
            with database.change() as db:
                db.execute(_UNMARK)
    except CatalogueError as error:
        logger.warning("Traces of what was deleted are left until the next change: %s", error)

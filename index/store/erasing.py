"""What was deleted goes from the files as well.

SQLite overwrites deleted rows (`secure_delete`). Two places still hold them then: the word index, which only notes that
a passage is gone, and the log of changes, until it is emptied. Both are seen to after each change that takes something
away. A large word index is not made anew then: `doctor --mend` does it.
"""

from __future__ import annotations

import logging
import sqlite3

from index.errors import CatalogueError
from index.store.database import Database

_MOST_PASSAGES = 20_000
"""A word index of more is not made anew after a change, which would take over a second: `doctor --mend` does it."""

_MARK = "INSERT OR REPLACE INTO meta VALUES ('erasing', '1')"
_UNMARK = "DELETE FROM meta WHERE name = 'erasing'"
_IS_MARKED = "SELECT count(*) FROM meta WHERE name = 'erasing'"

logger = logging.getLogger("sourcespan")


def mark(db: sqlite3.Connection) -> None:
    """Notes, in the transaction that deletes something, that traces of it are left."""
    db.execute(_MARK)


def is_marked(db: sqlite3.Connection) -> bool:
    """Whether traces of what was deleted may be left."""
    return bool(db.execute(_IS_MARKED).fetchone()[0])


def rebuild_words(db: sqlite3.Connection) -> None:
    """Makes the word index anew from the passages, in the caller's transaction."""
    # not by merging in steps: SQLite 3.40 damages the word index so, where documents come and go at once
    db.execute("INSERT INTO passage_words (passage_words) VALUES ('rebuild')")


def erase(database: Database) -> None:
    """Removes traces of what was deleted, if there are any; a large word index is left to `doctor --mend`.

    What goes wrong is logged, as what was to be deleted is deleted all the same.
    """
    with database.reading() as db:
        if not is_marked(db):
            return
        is_large = int(db.execute("SELECT count(*) FROM passages").fetchone()[0]) > _MOST_PASSAGES
    try:
        if not is_large:
            with database.change() as db:
                rebuild_words(db)
        if database.erase():
            with database.change() as db:
                db.execute(_UNMARK)
    except CatalogueError as error:
        logger.warning("Traces of what was deleted are left until the next change: %s", error)

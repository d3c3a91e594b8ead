"""What was deleted goes from the files as well.

SQLite overwrites deleted rows (`secure_delete`). Two places still hold them then: the word index, which only notes that
a passage is gone until it is merged, and the log of changes, until it is emptied. Both are seen to after each change
that takes something away, in steps short enough for nobody to wait long. A large word index takes more of them than one
change should: what is left is noted in the catalogue, and each following change goes on with it.
"""

from __future__ import annotations

import logging
import sqlite3

from index.errors import CatalogueError
from index.store.database import Database

_PAGES_AT_ONCE = 500
"""Of the word index, 4 kB each: some 60 ms."""
_STEPS = 10
"""After one change: enough for the word index of 50,000 passages."""

_MARK = "INSERT OR REPLACE INTO meta VALUES ('erasing', '1')"
_UNMARK = "DELETE FROM meta WHERE name = 'erasing'"
_IS_MARKED = "SELECT count(*) FROM meta WHERE name = 'erasing'"
# a negative number of pages begins to merge all that there is, a positive one goes on with that
_MERGE = "INSERT INTO passage_words (passage_words, rank) VALUES ('merge', ?)"

logger = logging.getLogger("sourcespan")


def mark(db: sqlite3.Connection) -> None:
    """Notes, in the transaction that deletes something, that traces of it are left."""
    db.execute(_MARK)


def is_marked(db: sqlite3.Connection) -> bool:
    """Whether traces of what was deleted may be left."""
    return bool(db.execute(_IS_MARKED).fetchone()[0])


def erase(database: Database) -> None:
    """Removes traces of what was deleted, if there are any, or some of them: the next call goes on.

    What goes wrong is logged, as what was to be deleted is deleted all the same.
    """
    with database.reading() as db:
        if not is_marked(db):
            return
    try:
        if _merged(database) and database.erase():
            with database.change() as db:
                db.execute(_UNMARK)
    except CatalogueError as error:
        logger.warning("Traces of what was deleted are left until the next change: %s", error)


def _merged(database: Database) -> bool:
    """Whether the word index holds nothing any more that was deleted."""
    for step in range(_STEPS):
        with database.change() as db:
            before = db.total_changes
            db.execute(_MERGE, (_PAGES_AT_ONCE if step else -_PAGES_AT_ONCE,))
            if db.total_changes - before < 2:  # SQLite's own sign that nothing was left to merge
                return True
    return False

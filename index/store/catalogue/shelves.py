"""What documents are sorted by: lists of them, filtered and in an order; collections, titles and metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from index.documents import Document
from index.errors import CollectionNotFound, InvalidFilter
from index.store.catalogue import sources, stored
from index.store.catalogue.filters import CHANGED, Condition, compiled, owned, visible
from index.store.databases.connection import ALL_ROWS, Connection, Database, TookTooLong, listed
from index.store.names import Within, alike, collection_name, collection_names

Sort = Literal["oldest", "newest", "title", "size"]
_ORDERS: Mapping[Sort, str] = {
    "oldest": "d.created_at, d.id",
    "newest": f"{CHANGED} DESC, d.id",
    "title": "(SELECT alike FROM document_titles WHERE document_id = d.id), d.id",
    "size": "d.characters DESC, d.id",
}
_HAS_WORD = (
    "d.id IN (SELECT document_id FROM document_titles WHERE instr(alike, ?) > 0 "
    "UNION SELECT document_id FROM document_sources WHERE instr(alike, ?) > 0)"
)
_ONE_OF = "d.id IN (SELECT value FROM json_each(?))"
_MOST_WORDS = 20
MOST_SECONDS = 10
"""That a filter may take."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents are meant: those that a filter allows, among some, with these words in title or source."""

    filter: Mapping[str, Any] | None = None
    document_ids: Sequence[str] | None = None
    words: str = ""
    within: Within = None
    alone: bool = False
    """Whether only what is in no other collections is meant, so that nobody else knows of it."""

    def condition(self) -> Condition:
        """As SQL. Raises InvalidFilter."""
        condition = owned(self.within) if self.alone else visible(self.within)
        if self.filter is not None:
            condition &= compiled(self.filter, self.within)
        if self.document_ids is not None:
            condition &= Condition(_ONE_OF, (listed(self.document_ids),))
        for word in self.words.split()[:_MOST_WORDS]:
            condition &= Condition(_HAS_WORD, (alike(word), alike(word)))
        return condition


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection, and how many documents are in it."""

    name: str
    documents: int


class Shelves:
    """The documents of a catalogue, looked at as a list. Safe to share between threads."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def ids(self, wanted: Wanted) -> list[str]:
        """The ids of these documents, the oldest first. Raises InvalidFilter."""
        with self._in_time() as db:
            return _ids(db, wanted.condition(), "oldest")

    def page(
        self, wanted: Wanted, *, sort: Sort = "oldest", limit: int | None = None, offset: int = 0
    ) -> tuple[list[Document], int]:
        """These documents after the first ``offset``, at most ``limit``, and how many there are in all."""
        condition = wanted.condition()
        count = f"SELECT count(*) FROM documents AS d WHERE {condition.sql}"  # noqa: S608
        with self._in_time() as db:
            total = int(db.execute(count, condition.values).fetchone()[0])
            # what they are listed by is read of all, the rest, which may lie behind their texts, of those on the page
            ids = _ids(db, condition, sort, limit, offset)
            rows = db.execute(f"{stored.DOCUMENT} WHERE {_ONE_OF}", (listed(ids),)).fetchall()
        found = {document.id: document for document in map(stored.as_document, rows)}
        return [found[document_id] for document_id in ids if document_id in found], total

    def kinds(self, within: Within = None) -> dict[str, int]:
        """How many documents there are of each kind of file."""
        condition = visible(within)
        query = f"SELECT d.kind, count(*) FROM documents AS d WHERE {condition.sql} GROUP BY 1 ORDER BY 1"  # noqa: S608
        with self._db.reading() as db:
            return dict(db.execute(query, condition.values).fetchall())

    def is_visible(self, document_id: str, within: Within) -> bool:
        """Whether somebody may know of a document. One that is not there is seen by nobody."""
        return self._is(visible(within), document_id)

    def is_owned(self, document_id: str, within: Within) -> bool:
        """Whether nobody else knows of a document."""
        return self._is(owned(within), document_id)

    def files_in(self, paths: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The files at and below these paths of this machine, each with its document and the hash of its bytes."""
        query = "SELECT file, document_id, file_sha256 FROM document_sources WHERE file = ? OR (file > ? AND file < ?)"
        found: dict[str, tuple[str, str]] = {}
        with self._db.reading() as db:
            for path in paths:
                below = path.rstrip("/") + "/"
                rows = db.execute(query, (path, below, below[:-1] + chr(ord("/") + 1)))
                found |= {str(file): (str(document_id), str(sha256)) for file, document_id, sha256 in rows}
        return found

    def collections(self, within: Within = None) -> list[Collection]:
        """All of them, in alphabetical order, the empty ones too."""
        query = (
            "SELECT name, (SELECT count(*) FROM document_collections WHERE collection = name) FROM collections "
            "ORDER BY name"
        )
        with self._db.reading() as db:
            every = [Collection(*row) for row in db.execute(query)]
        return [each for each in every if within is None or each.name in within]

    def add_collection(self, name: str) -> bool:
        """Makes one; gives whether it is new. Raises InvalidCollection."""
        with self._db.change() as db:
            added = db.execute("INSERT INTO collections VALUES (?) ON CONFLICT DO NOTHING", (collection_name(name),))
            return added.rowcount > 0

    def remove_collection(self, name: str) -> None:
        """Removes one; its documents stay. Raises CollectionNotFound."""
        with self._db.change() as db:
            if db.execute("DELETE FROM collections WHERE name = ?", (name,)).rowcount == 0:
                raise CollectionNotFound(name)

    def change(
        self, document_id: str, collections: Iterable[str] | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Document:
        """Puts other collections, and other metadata, in the place of a document's own, where they are given.

        Raises DocumentNotFound, InvalidCollection.
        """
        with self._db.change() as db:
            stored.document(db, document_id)
            if collections is not None:
                db.execute("DELETE FROM document_collections WHERE document_id = ?", (document_id,))
                sources.put_in(db, document_id, sorted(collection_names(collections)))
            if metadata is not None:
                db.execute("UPDATE documents SET metadata = ? WHERE id = ?", (json.dumps(dict(metadata)), document_id))
            return stored.document(db, document_id)

    def _is(self, condition: Condition, document_id: str) -> bool:
        query = f"SELECT count(*) FROM documents AS d WHERE d.id = ? AND {condition.sql}"  # noqa: S608
        with self._db.reading() as db:
            return bool(db.execute(query, (document_id, *condition.values)).fetchone()[0])

    @contextmanager
    def _in_time(self) -> Iterator[Connection]:
        """For what may take too long: a thousand patterns held against as many sources would keep a thread for minutes.

        Raises InvalidFilter.
        """
        try:
            with self._db.reading(within=MOST_SECONDS) as db:
                yield db
        except TookTooLong as error:
            raise InvalidFilter("", f"takes longer than {MOST_SECONDS} seconds: say it with fewer patterns") from error


def _ids(db: Connection, condition: Condition, sort: Sort, limit: int | None = None, offset: int = 0) -> list[str]:
    query = f"SELECT d.id FROM documents AS d WHERE {condition.sql} ORDER BY {_ORDERS[sort]} LIMIT ? OFFSET ?"  # noqa: S608
    rows = db.execute(query, (*condition.values, ALL_ROWS if limit is None else limit, offset))
    return [str(row[0]) for row in rows]

"""The catalogue: documents, passages and their vectors. The source of truth.

Every change is one transaction that also moves the generation on (`index.store.catalogue.history`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from index.documents import READING, Document, DocumentDraft, Location, Outline, Passage
from index.errors import DuplicateDocument
from index.interfaces import Keys, Vectors
from index.store.catalogue import outlines, sources, stored
from index.store.catalogue.arrivals import Arrivals, Putting, Stored
from index.store.catalogue.checks import broken_vectors, read_vectors
from index.store.catalogue.filters import Condition, owned
from index.store.catalogue.history import (
    Changes,
    Generation,
    Position,
    WordChanges,
    following,
    generation_of,
    is_past,
    next_generation,
)
from index.store.catalogue.quota import NO_LIMIT, Quota, Usage, usage
from index.store.catalogue.shelves import Shelves
from index.store.catalogue.stored import NewDocument
from index.store.databases import erasing
from index.store.databases.connection import ALL_ROWS, Database, listed
from index.store.names import Within
from index.store.originals.in_folder import KeptFiles, erase_gone

T = TypeVar("T")

logger = logging.getLogger("sourcespan")

CATALOGUE_FILE = "catalogue.sqlite3"

_COUNT = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)"
_PASSAGE_ANEW = (
    'INSERT INTO passages (document_id, start, "end", generation, vector, text, path, headers, cells) '
    'SELECT document_id, start, "end", ?, ?, text, path, headers, cells FROM passages WHERE key = ?'
)


@dataclass(frozen=True, slots=True)
class Put:
    """What became of documents that were put in, in order."""

    outcomes: Sequence[Stored]
    gone: Sequence[str]
    """What the passages that went away were read as."""
    dropped: bool
    """Whether anything was taken away."""


class Catalogue:
    """Documents and passages in a database. Safe to share between threads, and between processes."""

    def __init__(
        self, database: Database, originals: KeptFiles, *, embedder: str, dimension: int, quota: Quota = NO_LIMIT
    ) -> None:
        """Brings the database up to date; see `index.store.opening`. Raises what `Database.prepare` does."""
        self._dimension = dimension
        self.quota = quota
        self._db = database
        self.originals = originals
        """The files that documents were read from."""
        database.prepare(embedder, dimension)
        self.shelves = Shelves(self._db)
        """What documents are sorted by."""
        self._counted: tuple[Generation, int, int] | None = None

    def close(self) -> None:
        """Closes the database."""
        self._db.close()

    @property
    def read_only(self) -> bool:
        """Whether it may only be read, so that changes are refused."""
        return self._db.read_only

    @property
    def passed_over(self) -> int:
        """How many reads that were meant for a standby went to the primary."""
        return self._db.passed_over

    @property
    def generation(self) -> Generation:
        """The present one: another with every change, whichever process made it."""
        with self._db.reading() as db:
            return generation_of(db)

    def has_been(self, generation: Generation) -> bool:
        """Whether ``generation`` is one of this catalogue's history, as far back as that is known."""
        with self._db.reading() as db:
            return is_past(db, generation)

    def known(self, draft: DocumentDraft, within: Within) -> tuple[Document | None, bool]:
        """The document that holds the text of a draft, and whether putting it in again would change nothing."""
        with self._db.moment() as db:
            known = stored.document_with(db, draft.sha256, owned(within))
            if known is None:
                return None, False
            is_kept = known.original is not None or draft.original is None
            return known, is_kept and sources.is_attached(db, known.id, draft)

    def put(self, arrivals: Sequence[tuple[DocumentDraft, NewDocument | None]], putting: Putting) -> Put:
        """Puts all of them in, or none. Raises QuotaExceeded, NameTaken; PassagesWanted where one's are missing."""
        with self._arriving(putting) as arriving:
            outcomes = [arriving.put(draft, new) for draft, new in arrivals]
        return Put(outcomes, arriving.gone, arriving.dropped)

    def replace(self, new: NewDocument, *, same_source: bool = False, within: Within = None) -> list[str]:
        """Puts it in the place of the document with its id; gives what the passages that went were read as.

        Raises DocumentNotFound; DuplicateDocument where another document holds the text already, and this one has
        another; QuotaExceeded.
        """
        sha256, document_id = new.document.sha256, new.document.id
        with self._arriving() as arriving:
            other = stored.document_with(arriving.db, sha256, owned(within) & _not(document_id))
            # its own text it keeps, though another group has that too
            if other is not None and stored.document(arriving.db, document_id).sha256 != sha256:
                raise DuplicateDocument(other.id)
            arriving.replace(new, same_source=same_source)
        return arriving.gone

    def remove(self, removing: Callable[[Arrivals], T]) -> tuple[T, list[str]]:
        """What ``removing`` gives, in one change, and what the passages that went were read as."""
        with self._arriving() as arriving:
            given = removing(arriving)
        return given, arriving.gone

    @contextmanager
    def _arriving(self, putting: Putting | None = None) -> Iterator[Arrivals]:
        with self._db.change() as db:
            arriving = Arrivals(db, next_generation(db), self.quota, putting)
            yield arriving
            self.originals.settle(db, arriving.kept)
        self._erase()

    def of_older_readings(self) -> list[str]:
        """The ids of the documents that an older version read, the oldest first."""
        query = "SELECT id FROM documents WHERE parsed_by < ? ORDER BY created_at, id"
        with self._db.reading() as db:
            return [str(row[0]) for row in db.execute(query, (READING,))]

    def usage(self) -> Usage:
        """How many documents and bytes of text are stored."""
        with self._db.reading() as db:
            return usage(db)

    def broken_vectors(self) -> list[int]:
        """The keys of the passages whose stored vectors are damaged."""
        with self._db.moment() as db:
            return broken_vectors(db, self._dimension)

    def put_vectors(self, vectors: Mapping[int, Vectors]) -> None:
        """Gives passages other vectors, and with them new keys: what follows the catalogue takes them for others."""
        with self._db.change() as db:
            generation = next_generation(db)
            for key, vector in vectors.items():
                db.execute(_PASSAGE_ANEW, (generation, np.ascontiguousarray(vector, "<f4"), key))
                db.execute("DELETE FROM passages WHERE key = ?", (key,))

    def document(self, document_id: str) -> Document:
        """The document with this id, without its text. Raises DocumentNotFound."""
        with self._db.reading() as db:
            return stored.document(db, document_id)

    def documents(self, *, limit: int | None = None, offset: int = 0) -> list[Document]:
        """The documents after the first ``offset``, the oldest first; at most ``limit`` if it is given."""
        page = ALL_ROWS if limit is None else limit, offset
        with self._db.reading() as db:
            rows = db.execute(f"{stored.DOCUMENT} ORDER BY created_at, id LIMIT ? OFFSET ?", page).fetchall()
        return [stored.as_document(row) for row in rows]

    def count(self) -> tuple[int, int]:
        """How many documents and passages there are; they are counted once for each generation."""
        with self._db.moment() as db:
            generation = generation_of(db)
            counted = self._counted
            if counted is None or counted[0] != generation:
                counted = self._counted = generation, *db.execute(_COUNT).fetchone()
        return counted[1:]

    def with_text(self, document_id: str) -> tuple[Document, str]:
        """A document and its stored text, of one moment. Raises DocumentNotFound."""
        with self._db.reading() as db:
            row = db.execute(f"{stored.DOCUMENT_AND_TEXT} WHERE id = ?", (document_id,)).fetchone()
            if row is None:
                raise stored.not_found(db, document_id)
        return stored.as_document(row[:-1]), str(row[-1])

    def outline(self, document_id: str) -> Outline:
        """The pages and headings of a document; none for an unknown document."""
        with self._db.reading() as db:
            return outlines.read(db, document_id)

    def location(self, document: Document, offset: int) -> Location:
        """Where a character of ``document`` is; unknown once another text has taken its place."""
        with self._db.reading() as db:
            return outlines.location(db, document, offset)

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """The passages among ``keys`` that are there, by key."""
        with self._db.reading() as db:
            rows = db.execute(stored.PASSAGES, (listed(keys),)).fetchall()
        return {passage.key: passage for passage in map(stored.as_passage, rows)}

    def keys_of(self, document_ids: Sequence[str]) -> Keys:
        """The keys of these documents' passages; an unknown document has none."""
        with self._db.reading() as db:
            rows = db.execute(
                "SELECT key FROM passages WHERE document_id IN (SELECT value FROM json_each(?)) ORDER BY key",
                (listed(document_ids),),
            )
            return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def vectors(self, keys: Keys) -> Vectors:
        """(found, dimension): the stored vectors of these passages, if they are sound, in the order of their keys."""
        with self._db.reading() as db:
            rows = db.execute(
                "SELECT key, vector FROM passages WHERE key IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) "
                "ORDER BY key",
                (listed(keys.tolist()),),
            ).fetchall()
        return self._sound(rows)[1]

    def keys(self) -> Keys:
        """The keys of all passages, in order."""
        with self._db.reading() as db:
            return np.fromiter((row[0] for row in db.execute("SELECT key FROM passages ORDER BY key")), dtype=np.int64)

    def changes_after(self, position: Position, limit: int) -> Changes | None:
        """The next changes, at most ``limit`` passages added; None where ``position`` is of another history."""
        with self._db.moment() as db:
            changes = following(db, position, limit)
        if changes is None:
            return None
        removed, rows, reached = changes
        return Changes(removed, *self._sound(rows), reached)

    def word_changes_after(self, position: Position, limit: int) -> WordChanges | None:
        """The next changes for a word index, at most ``limit`` passages added; None as `changes_after` has it."""
        with self._db.moment() as db:
            changes = following(db, position, limit, stored.WORDS)
        if changes is None:
            return None
        removed, rows, reached = changes
        return WordChanges(removed, [stored.as_words(row) for row in rows], reached)

    def _erase(self) -> None:
        erasing.erase(self._db)
        erase_gone(self._db, self.originals)

    def _sound(self, rows: Sequence[tuple[int, object]]) -> tuple[Keys, Vectors]:
        """The keys and the vectors of these rows, without those whose vectors are damaged."""
        keys = np.array([row[0] for row in rows], dtype=np.int64)
        vectors, sound = read_vectors([row[1] for row in rows], self._dimension)
        if sound.all():
            return keys, vectors
        logger.warning("%d stored vectors are damaged: run `sourcespan doctor --mend`", len(keys) - sound.sum())
        return keys[sound], vectors[sound]


def _not(document_id: str) -> Condition:
    return Condition("d.id <> ?", (document_id,))

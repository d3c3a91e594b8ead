"""The façade of this layer: put documents in, find passages.

A change is one transaction of the catalogue. It is acknowledged when the vector index has followed it, and a search
sees to it that the word index has, so whoever made it finds it; searches go on meanwhile (`index.vectors.in_step`,
`index.words.in_step`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from index.documents import Document, Location, Original, Outline, Passage
from index.errors import OriginalNotKept
from index.interfaces import DenseSearch, Embedder, Keys, Preparation, Vectors
from index.passages.splitting import PassageSize
from index.store.catalogue.catalogue import Catalogue
from index.store.catalogue.quota import NO_LIMIT, Quota, Usage
from index.store.catalogue.shelves import Shelves
from index.store.intake import Intake
from index.store.opening import opened
from index.store.originals.in_folder import Incoming
from index.vectors.in_step import VectorsInStep
from index.vectors.shared import SharedVectors
from index.vectors.snapshots import Snapshots
from index.vectors.vector_rule import VectorPlan, VectorRule
from index.words.clauses import WantedWord
from index.words.in_step import WordsInStep
from index.writer import IndexWriter


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found, by its key. ``score`` is the cosine of a dense search, BM25 of a lexical one."""

    key: int
    score: float


class PassageIndex(IndexWriter):
    """Documents in, passages out. Safe to share between threads and processes."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        *,
        size: PassageSize | None = None,
        rule: VectorRule | None = None,
        preparation: Preparation | None = None,
        quota: Quota = NO_LIMIT,
        database: str = "",
        database_read: str = "",
    ) -> None:
        """Opens the index in ``folder``, or makes it there; for reading only where nothing may be written.

        With ``database``, the address of a PostgreSQL that others may share, it lies there, and in ``folder`` what is
        derived from it; ``database_read`` may be the address of a hot standby of it to read from.

        Raises EmbedderMismatch where it was made with another embedder, CatalogueError where the folder cannot be
        used.
        """
        self.folder = folder
        """Where everything that is stored lies."""
        self.database = database
        """The address of the database that is shared with others; empty where all is in the folder."""
        self.preparation = preparation
        """What else is computed of passages when they come in, if anything."""
        self.passage_size = (size or PassageSize()).within(embedder.max_tokens)
        """How long passages are that come in."""
        self._dimension = embedder.dimension
        self._intake = Intake(embedder, self.passage_size, preparation)
        kept = opened(folder, database, database_read)
        self._catalogue = Catalogue(*kept, embedder=embedder.fingerprint, dimension=embedder.dimension, quota=quota)
        self._vectors: DenseSearch
        if database:
            self._vectors = SharedVectors(kept[0], self._catalogue, embedder.dimension)
        else:
            snapshots = Snapshots(folder)
            self._vectors = VectorsInStep(self._catalogue, snapshots, rule or VectorRule(), embedder.dimension)
        self._words = WordsInStep(self._catalogue, folder)

    def __enter__(self) -> PassageIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Keeps a snapshot of what changed, if there is room for it, and lets go of the files."""
        self._vectors.close()
        self._words.close()
        self._catalogue.close()
        if self.preparation is not None:
            self.preparation.close()

    @property
    def vector_plan(self) -> VectorPlan:
        """Which kind of vector index is used at present, and how many of its lists a search looks into."""
        return self._vectors.plan

    def vector_keys(self) -> Keys:
        """The keys of all vectors that a search can find, in order."""
        return self._vectors.keys()

    def incoming(self) -> Incoming:
        """Where the files that documents are read from wait until the documents are stored."""
        return self._catalogue.originals.incoming()

    def original(self, document_id: str) -> tuple[Original, Path]:
        """The file that a document was read from, and where it lies. Raises DocumentNotFound, OriginalNotKept."""
        original = self._catalogue.document(document_id).original
        if original is not None:
            path = self._catalogue.originals.path(original.sha256)
            if path.is_file():  # somebody may have removed it
                return original, path
        raise OriginalNotKept(document_id)

    def search_dense(self, query: Vectors, limit: int, document_ids: Sequence[str] | None = None) -> list[Hit]:
        """The passages, of these documents if given, whose vectors are nearest to ``query`` (dimension,)."""
        return [Hit(key, score) for key, score in self._vectors.search(query, limit, document_ids)]

    def search_lexical(self, query: str, limit: int, document_ids: Sequence[str] | None = None) -> list[Hit]:
        """The passages, of these documents if given, that share words with ``query``, best first."""
        return [Hit(key, score) for key, score in self._words.search(query, limit, document_ids)]

    def coverage(self, words: str, keys: Sequence[int]) -> dict[int, float]:
        """Which share of the words, counted by how rare they are, each of these passages has: text, title or context.

        A passage that has none of them is left out; all of them are 1.
        """
        return self._words.coverage(words, keys)

    def looks_for(self, query: str) -> list[WantedWord]:
        """What `search_lexical` looks for in passages, each word in one form."""
        return self._words.looks_for(query)

    def of_older_readings(self) -> list[str]:
        """The ids of the documents that an older version read, the oldest first: see `index.upkeep.reindex`."""
        return self._catalogue.of_older_readings()

    def document(self, document_id: str) -> Document:
        """The document with this id, without its text. Raises DocumentNotFound."""
        return self._catalogue.document(document_id)

    @property
    def shelves(self) -> Shelves:
        """What documents are sorted by: lists, collections, metadata."""
        return self._catalogue.shelves

    def documents(self, *, limit: int | None = None, offset: int = 0) -> list[Document]:
        """The stored documents without their texts, the oldest first; at most ``limit`` of them after ``offset``."""
        return self._catalogue.documents(limit=limit, offset=offset)

    def with_text(self, document_id: str) -> tuple[Document, str]:
        """A document and its stored text, both of one moment. Raises DocumentNotFound."""
        return self._catalogue.with_text(document_id)

    def outline(self, document_id: str) -> Outline:
        """The pages, headings and blocks of a document; none of an unknown one."""
        return self._catalogue.outline(document_id)

    def location(self, document: Document, offset: int) -> Location:
        """The page and the heading of the character at ``offset``; unknown once another text is in its place."""
        return self._catalogue.location(document, offset)

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        """The passages with these keys, by key, without those that are gone."""
        return self._catalogue.passages(keys)

    def keys_of(self, document_ids: Sequence[str]) -> Keys:
        """The keys of the passages of these documents, in order; an unknown document has none."""
        return self._catalogue.keys_of(document_ids)

    def word_keys(self) -> Keys:
        """The keys of all passages that a search for words can find, in order."""
        return self._words.keys()

    @property
    def words_behind(self) -> int:
        """How many changes the index of words has not followed yet: those since the last search, of other processes."""
        return self._words.behind

    @property
    def passed_over(self) -> int:
        """How many reads that were meant for a standby went to the primary."""
        return self._catalogue.passed_over

    def count(self) -> tuple[int, int]:
        """How many documents and how many passages are stored."""
        return self._catalogue.count()

    @property
    def usage(self) -> Usage:
        """How many documents, and how many bytes of their texts in UTF-8, are stored."""
        return self._catalogue.usage()

    @property
    def quota(self) -> Quota:
        """How many documents, and how many bytes of their texts in UTF-8, may be stored."""
        return self._catalogue.quota

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was ever put in: an index that was emptied again is not untouched."""
        return self._catalogue.generation.number == 0

    def save_snapshot(self) -> None:
        """Keeps the vector index on disk, so that the next start need not make it anew from the catalogue.

        Raises CatalogueFull, CatalogueReadOnly, CatalogueUnusable; the snapshot before is kept then.
        """
        self._vectors.save_snapshot()

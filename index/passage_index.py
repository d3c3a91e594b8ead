"""The façade of this layer: put documents in, find passages.

FAISS follows the catalogue by one road only, `_catch_up`, after opening, after every change of our own and before
every search that finds another process's change. So there is no second truth to repair after a crash.
"""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from index.catalogue import Catalogue, NewPassage
from index.documents import Document, DocumentDraft, Passage
from index.errors import CatalogueUnusable, DuplicateDocument
from index.faiss_index import FaissIndex
from index.interfaces import Embedder, Keys, Progress, VectorIndex, Vectors
from index.splitting import PassageSize, split

_WORD = re.compile(r"\w+")
_EMBED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found. ``score`` is the cosine of a dense search, BM25 of a lexical one."""

    passage: Passage
    score: float


class PassageIndex:
    """Documents in, passages out. Safe to share between threads and processes."""

    def __init__(self, folder: Path, embedder: Embedder, *, size: PassageSize | None = None) -> None:
        """Opens the index in ``folder``, or makes it there.

        Raises EmbedderMismatch where it was made with another embedder, CatalogueUnusable where the folder cannot be
        used.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatalogueUnusable(f"the data directory {folder} cannot be made: {error.strerror}") from error
        self._embedder = embedder
        self._size = (size or PassageSize()).within(embedder.max_tokens)
        self.catalogue = Catalogue(
            folder / "catalogue.sqlite3", embedder=embedder.fingerprint, dimension=embedder.dimension
        )
        self._folder = folder
        self._lock = threading.RLock()
        self._vectors, self._generation = self._load_snapshot()
        self._saved = self._generation
        self._catch_up()

    def __enter__(self) -> PassageIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Keeps a snapshot of what changed and lets go of the files."""
        if self._saved != self._generation:
            self.save_snapshot()
        self.catalogue.close()

    def add(self, draft: DocumentDraft, progress: Progress | None = None) -> tuple[Document, bool]:
        """The stored document, and whether it is new: the same text again is the document that is already there."""
        known = self.catalogue.document_with(draft.sha256)
        if known is not None:
            return known, False
        passages = self._embed(draft, progress)
        document = _document(secrets.token_hex(8), draft, len(passages))
        with self._lock:
            # another thread may have put the same text in while this one was embedding
            known = self.catalogue.document_with(draft.sha256)
            if known is not None:
                return known, False
            self.catalogue.insert(document, draft.text, passages, draft.outline)
            self._catch_up()
        return document, True

    def replace(self, document_id: str, draft: DocumentDraft, progress: Progress | None = None) -> Document:
        """Puts another text in a document's place: a search sees the old one or the new one, never both or neither.

        Raises DocumentNotFound; DuplicateDocument where another document already holds the text.
        """
        self.catalogue.document(document_id)
        passages = self._embed(draft, progress)
        document = _document(document_id, draft, len(passages))
        with self._lock:
            other = self.catalogue.document_with(draft.sha256)
            if other is not None and other.id != document_id:
                raise DuplicateDocument(other.id)
            self.catalogue.replace(document, draft.text, passages, draft.outline)
            self._catch_up()
        return document

    def delete(self, document_id: str) -> None:
        """Raises DocumentNotFound."""
        with self._lock:
            self.catalogue.delete(document_id)
            self._catch_up()

    def search_dense(self, query: Vectors, limit: int, among: Keys | None = None) -> list[Hit]:
        """The passages whose vectors are nearest to ``query`` (dimension,), best first."""
        with self._lock:
            self._catch_up()
            return self._hits(self._vectors.search(query, limit, among))

    def search_lexical(self, query: str, limit: int, among: Keys | None = None) -> list[Hit]:
        """The passages that share words with ``query``, best first."""
        words = list(dict.fromkeys(word.lower() for word in _WORD.findall(query)))
        return self._hits(self.catalogue.search_words(words, limit, among))

    def save_snapshot(self) -> None:
        """Keeps the vector index on disk, so that the next start need not make it anew from the catalogue."""
        with self._lock:
            self._catch_up()
            self._vectors.save(self._snapshot(self._generation))
            self._saved = self._generation
            for old in self._snapshots():
                if old != self._snapshot(self._saved):
                    old.unlink(missing_ok=True)

    def _embed(self, draft: DocumentDraft, progress: Progress | None) -> list[NewPassage]:
        ranges = split(draft.text, self._embedder.count_tokens, self._size)
        passages: list[NewPassage] = []
        for at in range(0, len(ranges), _EMBED_AT_ONCE):
            block = ranges[at : at + _EMBED_AT_ONCE]
            vectors = self._embedder.embed_passages([draft.text[s:e] for s, e in block])
            passages += [NewPassage(s, e, vector) for (s, e), vector in zip(block, vectors, strict=True)]
            if progress is not None:
                progress(len(passages), len(ranges))
        return passages

    def _hits(self, found: list[tuple[int, float]]) -> list[Hit]:
        passages = self.catalogue.passages([key for key, _ in found])
        return [Hit(passages[key], score) for key, score in found if key in passages]

    def _catch_up(self) -> None:
        if self.catalogue.generation == self._generation:
            return
        changes = self.catalogue.changes_since(self._generation)
        self._vectors.remove(changes.removed)
        self._vectors.add(changes.added, changes.vectors)
        self._generation = changes.generation

    def _load_snapshot(self) -> tuple[VectorIndex, int]:
        """The newest usable snapshot and its generation; an empty index at generation 0 where there is none."""
        newest_first = sorted(self._snapshots(), key=_generation_of, reverse=True)
        for path in newest_first:
            vectors = FaissIndex.load(path, self._embedder.dimension)
            if vectors is not None and _generation_of(path) <= self.catalogue.generation:
                return vectors, _generation_of(path)
        return FaissIndex(self._embedder.dimension), 0

    def _snapshot(self, generation: int) -> Path:
        # the catalogue's own identity: the snapshot of a catalogue that was thrown away fits no other
        return self._folder / f"vectors-{self.catalogue.identity}-{generation}.faiss"

    def _snapshots(self) -> list[Path]:
        return list(self._folder.glob(f"vectors-{self.catalogue.identity}-*.faiss"))


def _generation_of(snapshot: Path) -> int:
    return int(snapshot.stem.rsplit("-", 1)[1])


def _document(document_id: str, draft: DocumentDraft, passages: int) -> Document:
    return Document(
        id=document_id,
        title=draft.title,
        source=draft.source,
        sha256=draft.sha256,
        characters=len(draft.text),
        passages=passages,
        created_at=datetime.now(UTC),
        metadata=draft.metadata,
    )

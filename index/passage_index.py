"""The façade of this layer: put documents in, find passages.

FAISS follows the catalogue by one road only, `_catch_up`, after opening, after every change of our own and before
every search that finds another process's change. So there is no second truth to repair after a crash. Where the
vectors have outgrown the way they are searched, the next opening or snapshot makes their index anew.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import numpy as np

from index.catalogue import CATALOGUE_FILE, Catalogue, NewDocument, NewPassage
from index.documents import Document, DocumentDraft
from index.errors import CatalogueError, CatalogueUnusable
from index.faiss_index import TRAINING_VECTORS_PER_LIST, FaissIndex
from index.interfaces import Embedder, Keys, Preparation, Progress, VectorIndex, Vectors
from index.snapshots import Snapshots
from index.splitting import PassageSize, split
from index.vector_rule import VectorPlan, VectorRule

logger = logging.getLogger("sourcespan")

_EMBED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found, by its key. ``score`` is the cosine of a dense search, BM25 of a lexical one."""

    key: int
    score: float


class PassageIndex:
    """Documents in, passages out. Safe to share between threads and processes."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        *,
        size: PassageSize | None = None,
        rule: VectorRule | None = None,
        preparation: Preparation | None = None,
    ) -> None:
        """Opens the index in ``folder``, or makes it there; for reading only where nothing may be written.

        Raises EmbedderMismatch where it was made with another embedder, CatalogueError where the folder cannot be
        used.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatalogueUnusable(f"the data directory {folder} cannot be made: {error.strerror}") from error
        self._embedder = embedder
        self._preparation = preparation
        self._size = (size or PassageSize()).within(embedder.max_tokens)
        self._rule = rule or VectorRule()
        self.catalogue = Catalogue(folder / CATALOGUE_FILE, embedder=embedder.fingerprint, dimension=embedder.dimension)
        self._snapshots = Snapshots(folder, self.catalogue.identity)
        self._lock = threading.RLock()
        self._vectors, self._generation = self._load_snapshot()
        self._saved = self._generation
        self._settle()

    def __enter__(self) -> PassageIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Keeps a snapshot of what changed, if there is room for it, and lets go of the files."""
        if self._saved != self._generation:
            try:
                self.save_snapshot()
            except CatalogueError as error:
                logger.warning("The next start will take longer: no snapshot was kept (%s)", error)
        self.catalogue.close()
        if self._preparation is not None:
            self._preparation.close()

    @property
    def vector_plan(self) -> VectorPlan:
        """How vectors are searched at present."""
        return self._vectors.plan

    def vector_keys(self) -> Keys:
        """The keys of all vectors that a search can find, in order."""
        with self._lock:
            self._catch_up()
            return self._vectors.keys()

    def add(self, draft: DocumentDraft, progress: Progress | None = None) -> tuple[Document, bool]:
        """The stored document, and whether it is new: the same text again is the document that is already there."""
        return self.add_all([draft], progress)[0]

    def add_all(self, drafts: Sequence[DocumentDraft], progress: Progress | None = None) -> list[tuple[Document, bool]]:
        """Adds them in one transaction, all or none; gives what `add` would for each, in order.

        Their passages are embedded together, and ``progress`` hears of these. For more than memory holds at once, see
        `index.build.add_many`.
        """
        hashes = [draft.sha256 for draft in drafts]
        stored = {sha256: known for sha256 in hashes if (known := self.catalogue.document_with(sha256))}
        unknown = {sha256: draft for sha256, draft in zip(hashes, drafts, strict=True) if sha256 not in stored}
        arrivals = [
            NewDocument(_document(secrets.token_hex(8), draft, len(passages)), draft, passages)
            for draft, passages in zip(unknown.values(), self._embed(list(unknown.values()), progress), strict=True)
        ]
        new = {arrival.document.id for arrival in arrivals}
        if arrivals:
            with self._lock:
                stored |= dict(zip(unknown, self.catalogue.insert(arrivals), strict=True))
                self._catch_up()
        outcomes = []
        for sha256 in hashes:
            outcomes.append((stored[sha256], stored[sha256].id in new))
            new.discard(stored[sha256].id)  # the same text a second time
        return outcomes

    def replace(self, document_id: str, draft: DocumentDraft, progress: Progress | None = None) -> Document:
        """Puts another text in a document's place: a search sees the old one or the new one, never both or neither.

        Raises DocumentNotFound; DuplicateDocument where another document already holds the text.
        """
        self.catalogue.document(document_id)
        (passages,) = self._embed([draft], progress)
        document = _document(document_id, draft, len(passages))
        with self._lock:
            before = self._prepared(document_id)
            self.catalogue.replace(NewDocument(document, draft, passages))
            self._catch_up()
        self._forget(before - {draft.text[passage.start : passage.end] for passage in passages})
        return document

    def delete(self, document_id: str) -> None:
        """Raises DocumentNotFound."""
        with self._lock:
            before = self._prepared(document_id)
            self.catalogue.delete(document_id)
            self._catch_up()
        self._forget(before)

    def search_dense(self, query: Vectors, limit: int, among: Keys | None = None) -> list[Hit]:
        """The passages whose vectors are nearest to ``query`` (dimension,), best first."""
        with self._lock:
            self._catch_up()
            return [Hit(key, score) for key, score in self._vectors.search(query, limit, among)]

    def search_lexical(self, query: str, limit: int, among: Keys | None = None) -> list[Hit]:
        """The passages that share words with ``query``, best first."""
        return [Hit(key, score) for key, score in self.catalogue.search_words(query, limit, among)]

    def save_snapshot(self) -> None:
        """Keeps the vector index on disk, so that the next start need not make it anew from the catalogue.

        Raises CatalogueFull, CatalogueReadOnly, CatalogueUnusable; the snapshot before is kept then.
        """
        with self._lock:
            self._settle()
            self._snapshots.save(self._vectors, self._generation)
            self._saved = self._generation

    def _embed(self, drafts: Sequence[DocumentDraft], progress: Progress | None) -> list[list[NewPassage]]:
        """The passages of each, all embedded together: texts of like length share a batch, so little is padding."""
        ranges = [split(draft.text, self._embedder.count_tokens, self._size) for draft in drafts]
        texts = [draft.text[s:e] for draft, of_draft in zip(drafts, ranges, strict=True) for s, e in of_draft]
        longest_first = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        vectors = np.empty((len(texts), self._embedder.dimension), np.float32)
        for at in range(0, len(texts), _EMBED_AT_ONCE):
            block = longest_first[at : at + _EMBED_AT_ONCE]
            together = [texts[i] for i in block]
            vectors[block] = self._embedder.embed_passages(together)
            if self._preparation is not None:
                self._preparation.prepare(together)
            if progress is not None:
                progress(at + len(block), len(texts))
        in_order = iter(vectors)
        return [[NewPassage(s, e, next(in_order)) for s, e in of_draft] for of_draft in ranges]

    def _prepared(self, document_id: str) -> set[str]:
        """The texts of a document's passages, where more than vectors is computed of them."""
        if self._preparation is None:
            return set()
        keys = self.catalogue.keys_of([document_id]).tolist()
        return {passage.text for passage in self.catalogue.passages(keys).values()}

    def _forget(self, passages: set[str]) -> None:
        if self._preparation is None or not passages:
            return
        try:
            self._preparation.forget(list(passages))
        except CatalogueError as error:
            logger.warning("What was computed of a document that is gone could not be removed: %s", error)

    def _catch_up(self) -> None:
        if self.catalogue.generation == self._generation:
            return
        try:
            self._generation = self._bring_up(self._vectors, self._generation)
        except BaseException:
            # broken off half way: it would be brought the same vectors again
            self._vectors, self._generation = FaissIndex(self._embedder.dimension), 0
            raise

    def _bring_up(self, vectors: VectorIndex, generation: int) -> int:
        """Brings ``vectors``, in step at ``generation``, in step with the catalogue; gives its generation."""
        with self.catalogue.changes_since(generation) as changes:
            vectors.remove(changes.removed)
            for keys, block in changes.added:
                vectors.add(keys, block)
            return changes.generation

    def _settle(self) -> None:
        """Catches up, and makes the vector index anew where it has outgrown its plan."""
        count = self.catalogue.count()[1]
        if self._rule.still_fits(self._vectors.plan, count):
            self._catch_up()
            return
        plan = self._rule.plan(count)
        vectors = FaissIndex(self._embedder.dimension, plan, self._sample(plan))
        self._generation = self._bring_up(vectors, 0)
        self._vectors = vectors

    def _sample(self, plan: VectorPlan) -> Vectors:
        """Stored vectors, drawn at random, from which the centres of ``plan`` can be learnt."""
        keys = self.catalogue.keys()
        wanted = min(len(keys), plan.lists * TRAINING_VECTORS_PER_LIST)
        drawn = np.random.default_rng(0).choice(keys, wanted, replace=False)
        return self.catalogue.vectors(drawn)

    def _load_snapshot(self) -> tuple[VectorIndex, int]:
        """The newest usable snapshot and its generation; an empty index at generation 0 where there is none."""
        now = self.catalogue.generation
        for manifest in self._snapshots.newest_first():
            if manifest.generation <= now and manifest.is_whole():
                vectors = FaissIndex.load(manifest.path, self._embedder.dimension, manifest.plan)
                if vectors is not None:
                    return vectors, manifest.generation
        return FaissIndex(self._embedder.dimension), 0


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

"""The vector index, kept in step with the catalogue, while searches go on.

It follows by one road only: what changed since the position that it is at, in steps of a bounded number of passages.
A search is held up by no more than one such step: the lock of a vector index is held for one search, or to put what
one step has read from the catalogue into it, and never while something is read, learnt, or waited for. So a search
finds what is there, and what another process has changed a moment ago may be missing from it, if that was much.

A vector index of another history of the catalogue, as there is after a backup was restored, is never searched, but made
anew from nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from index.errors import CatalogueError
from index.interfaces import Keys, VectorIndex, Vectors
from index.store.catalogue.catalogue import Catalogue
from index.store.catalogue.history import Changes, Generation, Position
from index.vectors.faiss_index import TRAINING_VECTORS_PER_LIST, FaissIndex
from index.vectors.snapshots import Snapshots
from index.vectors.vector_rule import VectorPlan, VectorRule

logger = logging.getLogger("sourcespan")

_ADDED_IN_STEP = 2_000
# How long a search waits for the step that is under way, which is some milliseconds; so that what a replaced document
# says is found before or after the change, and not neither.
_PATIENCE_SECONDS = 0.1
_WITHOUT_END = -1


class _Follower:
    """A vector index and how far it has followed the catalogue. Only one thread at a time may bring it on."""

    def __init__(self, vectors: VectorIndex, position: Position) -> None:
        self.vectors = vectors
        self.position = position
        self._lock = threading.Lock()

    def search(self, query: Vectors, limit: int, among: Keys | None) -> list[tuple[int, float]]:
        with self._lock:
            return self.vectors.search(query, limit, among)

    def follow(self, changes: Changes) -> None:
        with self._lock:
            self.vectors.remove(changes.removed)
            self.vectors.add(changes.added, changes.vectors)
            self.position = changes.position


class VectorsInStep:
    """Finds the nearest vectors of the catalogue's passages. Any thread may ask."""

    def __init__(self, catalogue: Catalogue, snapshots: Snapshots, rule: VectorRule, dimension: int) -> None:
        """Goes on from the newest snapshot that is of the catalogue's history; all others are thrown away."""
        self._catalogue = catalogue
        self._snapshots = snapshots
        self._rule = rule
        self._dimension = dimension
        self._turn = threading.Lock()
        """Of whoever brings the index on; it may be held for long."""
        self._held_for_long = False
        self._closing = False
        self._background = ThreadPoolExecutor(1, "catch-up")
        snapshots.keep_only(catalogue.has_been)
        self._follower, self._saved = self._loaded()
        with self._long_turn():
            self._settle()

    def close(self) -> None:
        """Keeps a snapshot of what changed, if there is room for it."""
        self._closing = True
        self._background.shutdown()
        seen = self._follower.position.seen
        if seen.number and seen != self._saved:
            try:
                self.save_snapshot()
            except CatalogueError as error:
                logger.warning("The next start will take longer: no snapshot was kept (%s)", error)

    @property
    def plan(self) -> VectorPlan:
        """Which kind of vector index is used at present, and how many of its lists a search looks into."""
        return self._follower.vectors.plan

    def keys(self) -> Keys:
        """The keys of all vectors that there are now, in order."""
        with self._long_turn():
            self._finish()
            return self._follower.vectors.keys()

    def search(self, query: Vectors, limit: int, documents: Sequence[str] | None = None) -> list[tuple[int, float]]:
        """The up to ``limit`` nearest as (key, cosine), best first: all changes considered if they are few."""
        among = None if documents is None else self._catalogue.keys_of(documents)
        self._catch_up_a_step()
        return self._follower.search(query, limit, among)

    def catch_up(self) -> None:
        """Returns when every change that was made before the call can be found, which may take a while."""
        with self._turn:
            self._finish()

    def save_snapshot(self) -> None:
        """Makes the index anew where it has outgrown its plan, and keeps it on disk.

        Raises CatalogueFull, CatalogueReadOnly, CatalogueUnusable; the snapshot before is kept then.
        """
        with self._long_turn():
            self._settle()
            # searches may read it meanwhile, and whoever would change it waits for the turn
            generation = self._follower.position.seen
            self._snapshots.save(self._follower.vectors, generation)
            self._saved = generation

    def _catch_up_a_step(self) -> None:
        """Makes one step, if there is something to follow and nobody else is at it; the rest is left to a thread."""
        position = self._follower.position
        if position.complete and position.seen == self._catalogue.generation:
            return
        patience = _PATIENCE_SECONDS if position.complete and not self._held_for_long else 0
        if not self._catalogue.has_been(position.seen):
            patience = _WITHOUT_END  # what is here must not be searched
        if not self._turn.acquire(timeout=patience):
            return
        try:
            self._step()
            # a search waits for one step at most: whatever a large ingestion left is followed behind its back
            if not self._follower.position.complete and not self._closing:
                self._background.submit(self._go_on)
        finally:
            self._turn.release()

    def _go_on(self) -> None:
        """Makes all the steps that are left."""
        try:
            with self._turn:
                while not self._closing and not self._follower.position.complete:
                    self._step()
        except Exception:
            logger.exception("The vector index could not be brought in step; the next search tries again")

    @contextmanager
    def _long_turn(self) -> Iterator[None]:
        """A turn that searches don't wait for."""
        with self._turn:
            self._held_for_long = True
            try:
                yield
            finally:
                self._held_for_long = False

    def _finish(self) -> None:
        self._step()
        while not self._follower.position.complete:
            self._step()

    def _step(self) -> None:
        while not self._brought_on(self._follower):
            logger.warning("The catalogue has another history than the vector index, which is made anew")
            self._follower = self._empty(VectorPlan("flat", 0))

    def _brought_on(self, follower: _Follower) -> bool:
        """Makes a step; False where ``follower`` has followed another history."""
        changes = self._catalogue.changes_after(follower.position, _ADDED_IN_STEP)
        if changes is not None:
            follower.follow(changes)
        return changes is not None

    def _settle(self) -> None:
        """Catches up; where the index has outgrown its plan, makes another beside it, which then takes its place."""
        count = self._catalogue.count()[1]
        if self._rule.still_fits(self.plan, count):
            self._finish()
            return
        plan = self._rule.plan(count)
        # beside the old one, which goes on answering searches until the new one has caught up
        follower = self._empty(plan, self._sample(plan))
        while not follower.position.complete:
            if not self._brought_on(follower):
                follower = self._empty(plan, self._sample(plan))
        self._follower = follower

    def _empty(self, plan: VectorPlan, sample: Vectors | None = None) -> _Follower:
        """One that has nothing in it yet."""
        position = Position.of(self._catalogue.generation, np.empty(0, np.int64))
        return _Follower(FaissIndex(self._dimension, plan, sample), position)

    def _sample(self, plan: VectorPlan) -> Vectors:
        """Stored vectors, drawn at random, from which the centres of ``plan`` can be learnt."""
        keys = self._catalogue.keys()
        wanted = min(len(keys), plan.lists * TRAINING_VECTORS_PER_LIST)
        drawn = np.random.default_rng(0).choice(keys, wanted, replace=False)
        return self._catalogue.vectors(drawn)

    def _loaded(self) -> tuple[_Follower, Generation | None]:
        """The newest usable snapshot, and its generation; an empty index where there is none."""
        for manifest in self._snapshots.newest_first():
            # one of another history may hold other passages under the same keys
            if self._catalogue.has_been(manifest.generation) and manifest.is_whole():
                vectors = FaissIndex.load(manifest.path, self._dimension, manifest.plan)
                if vectors is not None:
                    return _Follower(vectors, Position.of(manifest.generation, vectors.keys())), manifest.generation
        return self._empty(VectorPlan("flat", 0)), None

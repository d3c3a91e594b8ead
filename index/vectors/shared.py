"""The vectors of a catalogue in PostgreSQL, searched where they are, by pgvector: what is committed is found at once.

Few vectors, or those of few documents, are compared with the question one by one, in 32 bits. Many are searched by a
graph (HNSW: Malkov and Yashunin, 2020) of 16-bit vectors, made when it is first wanted, and what it finds is compared
in 32 bits again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from time import monotonic

import numpy as np

from index.errors import CatalogueError
from index.interfaces import Keys, Vectors
from index.store.catalogue.catalogue import Catalogue
from index.store.databases.connection import Connection, Database, listed
from index.vectors.vector_rule import VectorPlan

logger = logging.getLogger("sourcespan")

EXACT_UP_TO = 20_000
"""Vectors that are compared one by one, of 384 numbers in some 10 ms of one core."""
_AGAIN = 3
"""Times as many as are wanted are looked for in 16 bits."""
_LOOKS_AGAIN_SECONDS = 10
_TRIES_AGAIN_SECONDS = 600
"""After a graph could not be made."""
GRAPH = "passages_nearest"
"""The index, by name."""
_BUILDING = 0x50AE
# ids and not the filter's condition: words lie in the replica and need them, so they are there, and of one moment
_AMONG = "WHERE document_id IN (SELECT value FROM json_each(?))"
# as a list, of which no planner thinks that it may be most documents: each is looked up
_OF_THESE = "WHERE document_id = ANY(ARRAY(SELECT value FROM json_each(?)))"
_EXACT = (
    "SELECT key, -(vector <#> CAST(? AS vector)) FROM passages {where} "
    "ORDER BY vector <#> CAST(? AS vector), key LIMIT ?"
)
_NEAR = (
    "SELECT key, -(vector <#> CAST(? AS vector)) FROM (SELECT key, vector FROM passages {where} "
    "ORDER BY CAST(vector AS halfvec({n})) <#> CAST(CAST(? AS vector) AS halfvec({n})) LIMIT ?) AS near "
    "ORDER BY vector <#> CAST(? AS vector), key LIMIT ?"
)
_MAKE_GRAPH = (
    f"CREATE INDEX CONCURRENTLY {GRAPH} ON passages USING hnsw ((CAST(vector AS halfvec({{n}}))) halfvec_ip_ops) "
    # three times the time of pgvector's own 16 and 64, with which a tenth more was missed among a million
    "WITH (m = 24, ef_construction = 200)"
)
_IS_THERE = f"SELECT i.indisvalid FROM pg_index AS i WHERE i.indexrelid = to_regclass('{GRAPH}')"  # noqa: S608


class SharedVectors:
    """As `index.interfaces.DenseSearch` has it. Any thread may ask."""

    def __init__(
        self, database: Database, catalogue: Catalogue, dimension: int, *, exact_up_to: int = EXACT_UP_TO
    ) -> None:
        self._db = database
        self._catalogue = catalogue
        self._dimension = dimension
        self._exact_up_to = exact_up_to
        self._has_graph = False
        self._looked = -float("inf")
        self._background = ThreadPoolExecutor(1, "graph")
        self._making: Future[None] | None = None
        self._wanted_again = -float("inf")
        self._builds: Connection | None = None

    def close(self) -> None:
        """Breaks off the making of a graph: the next one who wants it makes it anew."""
        while self._making is not None and not wait([self._making], timeout=0.1).done:
            if self._builds is not None:
                self._builds.interrupt()
        self._background.shutdown()

    @property
    def plan(self) -> VectorPlan:
        """A graph, or every vector."""
        return VectorPlan("hnsw" if self._is_graph_there() else "flat", self._catalogue.count()[1])

    def keys(self) -> Keys:
        """The keys of all vectors, in order."""
        return self._catalogue.keys()

    def search(self, query: Vectors, limit: int, documents: Sequence[str] | None = None) -> list[tuple[int, float]]:
        """The up to ``limit`` nearest as (key, cosine), best first."""
        if limit < 1 or (documents is not None and not documents):
            return []
        vector = np.ascontiguousarray(query.reshape(-1), np.float32)
        among = () if documents is None else (listed(documents),)
        if self._is_exact(among):
            sql, values = _EXACT.format(where=_OF_THESE if among else ""), (vector, *among, vector, limit)
        else:
            sql = _NEAR.format(where=_AMONG if among else "", n=self._dimension)
            values = (vector, *among, vector, _AGAIN * limit, vector, limit)
        with self._db.reading() as db:
            return [(int(key), float(score)) for key, score in db.execute(sql, values)]

    def catch_up(self) -> None:
        """There is nothing to follow."""

    def save_snapshot(self) -> None:
        """Makes the graph, where there are vectors enough and it is not there. Raises CatalogueError."""
        if self._catalogue.count()[1] > self._exact_up_to and not self._is_graph_there():
            self._make_graph()

    def _is_exact(self, among: Sequence[str]) -> bool:
        if among:
            query = "SELECT coalesce(sum(passages), 0) FROM documents WHERE id IN (SELECT value FROM json_each(?))"
            with self._db.reading() as db:
                if int(db.execute(query, among).fetchone()[0]) <= self._exact_up_to:
                    return True
        if self._is_graph_there():
            return False
        self._want_graph()
        return True

    def _is_graph_there(self) -> bool:
        """Looked for now and then, until it is: another process may make it."""
        if not self._has_graph and monotonic() - self._looked > _LOOKS_AGAIN_SECONDS:
            with self._db.reading() as db:
                row = db.execute(_IS_THERE).fetchone()
            self._has_graph, self._looked = bool(row and row[0]), monotonic()
        return self._has_graph

    def _want_graph(self) -> None:
        """Has it made where there are vectors enough, which no search waits for."""
        if monotonic() < self._wanted_again or (self._making is not None and not self._making.done()):
            return
        self._wanted_again = monotonic() + _LOOKS_AGAIN_SECONDS
        self._making = self._background.submit(self._make_in_background)

    def _make_in_background(self) -> None:
        try:
            if not self._db.read_only and self._catalogue.count()[1] > self._exact_up_to:
                self._make_graph()
        except CatalogueError as error:
            self._wanted_again = monotonic() + _TRIES_AGAIN_SECONDS
            logger.warning(
                "The graph of vectors could not be made: searches go on without, and take longer (%s)", error
            )

    def _make_graph(self) -> None:
        """Nobody waits for it; a broken-off one is made anew. Where another process makes it, it is left to that."""
        with self._db.aside() as db:
            if not db.execute("SELECT pg_try_advisory_lock(?)", (_BUILDING,)).fetchone()[0]:
                return
            row = db.execute(_IS_THERE).fetchone()
            if row is None or not row[0]:
                logger.info("The graph of vectors is made, which may take minutes")
                self._builds = db
                try:
                    db.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {GRAPH}")
                    db.execute(_MAKE_GRAPH.format(n=self._dimension))
                finally:
                    self._builds = None
        self._looked = -float("inf")

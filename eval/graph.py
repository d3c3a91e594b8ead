"""A graph of near vectors (HNSW: Malkov and Yashunin, 2020), to be measured beside the ways that the rule chooses from.

Not offered: FAISS's cannot remove a vector. What it would give stands in `index.vector_rule`.
"""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np

from index.interfaces import Keys, Vectors

LINKS = 32
BUILD_WIDTH = 40
SEARCH_WIDTH = 256
"""Where 100,000 passages first reach a recall@10 of 0.95, in steps of two."""


class GraphIndex:
    """Inner-product search over unit vectors, addressed by keys."""

    def __init__(self, dimension: int) -> None:
        graph = faiss.IndexHNSWFlat(dimension, LINKS, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = BUILD_WIDTH
        self._index = faiss.IndexIDMap2(graph)

    def add(self, keys: Keys, vectors: Vectors) -> None:
        """Keys must be new."""
        self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), keys)

    def search(self, query: Vectors, limit: int) -> list[tuple[int, float]]:
        """The up to ``limit`` nearest as (key, cosine), best first."""
        width = faiss.SearchParametersHNSW(efSearch=SEARCH_WIDTH)
        scores, keys = self._index.search(query.reshape(1, -1), limit, params=width)
        return [(int(key), float(score)) for key, score in zip(keys[0], scores[0], strict=True) if key >= 0]

    def save(self, path: Path) -> None:
        """Writes it to ``path``."""
        faiss.write_index(self._index, str(path))

"""Vectors and nearest neighbours by FAISS. The only module that imports it."""

from __future__ import annotations

import os
from pathlib import Path

import faiss
import numpy as np

from index.errors import CatalogueUnusable
from index.interfaces import Keys, Vectors


class FaissIndex:
    """Exact inner-product search over unit vectors, addressed by the catalogue's keys."""

    def __init__(self, dimension: int) -> None:
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, keys: Keys, vectors: Vectors) -> None:
        """Keys must be new; vectors (keys, dimension) of unit length, or ValueError."""
        if vectors.shape != (len(keys), self._index.d):
            raise ValueError(f"vectors are {vectors.shape}, expected {(len(keys), self._index.d)}")
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3):
            raise ValueError("vectors must have unit length: the inner product is meant to be the cosine")
        self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), keys.astype(np.int64))

    def remove(self, keys: Keys) -> None:
        """Unknown keys are passed over."""
        if len(keys):
            self._index.remove_ids(faiss.IDSelectorBatch(keys.astype(np.int64)))

    def search(self, query: Vectors, limit: int, among: Keys | None = None) -> list[tuple[int, float]]:
        """The up to ``limit`` nearest as (key, cosine), best first, equal scores by key."""
        limit = min(limit, len(self) if among is None else len(among))
        if limit < 1:
            return []
        selector = None
        if among is not None:
            selector = faiss.SearchParameters()
            selector.sel = faiss.IDSelectorBatch(among.astype(np.int64))
        scores, keys = self._index.search(query.reshape(1, -1).astype(np.float32), limit, params=selector)
        found = [(int(k), float(s)) for k, s in zip(keys[0], scores[0], strict=True) if k >= 0]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def save(self, path: Path) -> None:
        """Writes a snapshot: complete under its name, or not there. Raises CatalogueUnusable."""
        unfinished = path.with_suffix(".unfinished")
        try:
            unfinished.write_bytes(faiss.serialize_index(self._index).tobytes())
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            raise CatalogueUnusable(f"the vector snapshot could not be written: {error.strerror}") from error

    @classmethod
    def load(cls, path: Path, dimension: int) -> FaissIndex | None:
        """The snapshot at ``path``; None where there is none that can be used, since it can always be made anew."""
        try:
            index = faiss.deserialize_index(np.frombuffer(path.read_bytes(), dtype=np.uint8))
        except (OSError, RuntimeError):
            return None
        if not isinstance(index, faiss.IndexIDMap2) or index.d != dimension:
            return None
        loaded = cls(dimension)
        loaded._index = index
        return loaded

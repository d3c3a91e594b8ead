"""Vectors and nearest neighbours by FAISS. The only module that imports it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import faiss
import numpy as np

from index.interfaces import Keys, Vectors
from index.vectors.vector_rule import VectorPlan

TRAINING_VECTORS_PER_LIST = 40
"""What FAISS asks for to learn a centre well, and no more than it would use."""

_BYTES_AT_ONCE = 1 << 20


class FaissIndex:
    """Inner-product search over unit vectors, addressed by the catalogue's keys, in the way that a plan says.

    Whatever the plan, a vector that was removed is never found, and a search among given keys is a search of all of
    them.
    """

    def __init__(self, dimension: int, plan: VectorPlan | None = None, sample: Vectors | None = None) -> None:
        """Empty. A plan with lists learns their centres from ``sample`` (vectors, dimension)."""
        self.plan = plan or VectorPlan("flat", 0)
        self._index = _empty(dimension, self.plan)
        if sample is not None and self.plan.kind != "flat":
            self._index.train(np.ascontiguousarray(sample, dtype=np.float32))

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
        """Removes the vectors of these keys; unknown keys are passed over."""
        if len(keys):
            self._index.remove_ids(faiss.IDSelectorBatch(keys.astype(np.int64)))

    def search(self, query: Vectors, limit: int, among: Keys | None = None) -> list[tuple[int, float]]:
        """The up to ``limit`` nearest as (key, cosine), best first, equal scores by key."""
        limit = min(limit, len(self) if among is None else len(among))
        if limit < 1:
            return []
        if among is None:
            hits = self._search(query, limit, self.plan.probes)
            # the lists nearest to it may hold fewer
            return hits if len(hits) == limit else self._search(query, limit, self.plan.lists)
        # a filter's few passages may lie in any list
        return self._search(query, limit, self.plan.lists, faiss.IDSelectorBatch(among.astype(np.int64)))

    def keys(self) -> Keys:
        """Every key that is there, in order."""
        if self.plan.kind == "flat":
            return np.sort(faiss.vector_to_array(self._index.id_map))
        lists = self._index.invlists
        ids = [
            faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
            for number in range(lists.nlist)
            if (size := lists.list_size(number))
        ]
        return np.sort(np.concatenate(ids)) if ids else np.empty(0, dtype=np.int64)

    def save(self, path: Path) -> str:
        """Writes it to ``path``; gives the sha256 of what was written. Raises OSError."""
        digest = hashlib.sha256()
        failed: list[OSError] = []
        with path.open("wb") as file:

            def write(block: bytes) -> None:
                digest.update(block)
                try:
                    file.write(block)
                except OSError as error:
                    failed.append(error)
                    raise

            try:
                faiss.write_index(self._index, faiss.PyCallbackIOWriter(write, _BYTES_AT_ONCE))
            except RuntimeError:
                raise failed[0] from None  # what FAISS raises says only that something was
        return digest.hexdigest()

    @classmethod
    def load(cls, path: Path, dimension: int, plan: VectorPlan) -> FaissIndex | None:
        """The index that was saved at ``path``; None where it is not what ``plan`` says."""
        try:
            with path.open("rb") as file:  # what FAISS opens itself must have an ASCII name on Windows
                index = faiss.read_index(faiss.PyCallbackIOReader(file.read, _BYTES_AT_ONCE))
        except (OSError, RuntimeError):
            return None
        loaded = cls(dimension, plan)
        if type(index) is not type(loaded._index) or index.d != dimension:
            return None
        loaded._index = index
        return loaded

    def _search(
        self, query: Vectors, limit: int, probes: int, among: faiss.IDSelector | None = None
    ) -> list[tuple[int, float]]:
        if self.plan.kind == "flat":
            how = faiss.SearchParameters(sel=among)
        else:
            how = faiss.SearchParametersIVF(sel=among, nprobe=probes)
        scores, keys = self._index.search(query.reshape(1, -1).astype(np.float32), limit, params=how)
        hits = [(int(k), float(s)) for k, s in zip(keys[0], scores[0], strict=True) if k >= 0]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))


def _empty(dimension: int, plan: VectorPlan) -> faiss.Index:
    centres = faiss.IndexFlatIP(dimension)
    if plan.kind == "flat":
        return faiss.IndexIDMap2(centres)
    if plan.kind == "ivf":
        index = faiss.IndexIVFFlat(centres, dimension, plan.lists, faiss.METRIC_INNER_PRODUCT)
    else:
        index = faiss.IndexIVFScalarQuantizer(
            centres, dimension, plan.lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
        )
    index.cp.spherical = True  # the centres of unit vectors are compared by their direction
    index.cp.min_points_per_centroid = 1
    index.cp.max_points_per_centroid = TRAINING_VECTORS_PER_LIST
    return index

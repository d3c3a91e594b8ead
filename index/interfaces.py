"""What the index needs from an embedder and a vector index.

One score convention everywhere: **higher is better**. Vectors are float32, of unit length, so that the inner product
is the cosine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.vectors.vector_rule import VectorPlan

Vectors = NDArray[np.float32]
Keys = NDArray[np.int64]

Progress = Callable[[int, int], None]
"""Called with (done, total) while long work goes on. Raising from it stops the work, with nothing half done."""


class Embedder(Protocol):
    """Turns texts into vectors of unit length."""

    @property
    def fingerprint(self) -> str:
        """Names the weights: equal fingerprints give equal vectors."""

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that count; the rest would be cut off."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the model's special ones."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, (texts, dimension), of texts that are to be found."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, (texts, dimension), of texts that passages are searched with."""


class Preparation(Protocol):
    """What else is computed of passages when they come in, and let go when they go."""

    def prepare(self, passages: Sequence[str]) -> None:
        """Computes it of passages that are about to be stored. Raises CatalogueError."""

    def forget(self, passages: Sequence[str]) -> None:
        """Removes what is kept of passages that are gone. Raises CatalogueError."""

    def close(self) -> None:
        """Closes the files that it is kept in."""


class DenseSearch(Protocol):
    """Finds the nearest of all vectors of a catalogue, and follows its changes. Any thread may ask."""

    @property
    def plan(self) -> VectorPlan:
        """How it searches at present."""

    def close(self) -> None:
        """Keeps what the next start would have to make anew."""

    def keys(self) -> Keys:
        """The keys of all vectors that there are now, in order."""

    def search(self, query: Vectors, limit: int, documents: Sequence[str] | None = None) -> list[tuple[int, float]]:
        """The up to ``limit`` nearest as (key, cosine), best first; only of these documents if they are given."""

    def catch_up(self) -> None:
        """Returns when every change that was made before the call can be found."""

    def save_snapshot(self) -> None:
        """Makes what searches the vectors anew where these have outgrown it, and keeps it. Raises CatalogueError."""


class VectorIndex(Protocol):
    """Keys and their vectors; finds the nearest."""

    @property
    def plan(self) -> VectorPlan:
        """Which kind of index it is, and how many lists a search looks into."""

    def __len__(self) -> int: ...

    def add(self, keys: Keys, vectors: Vectors) -> None:
        """Adds vectors, (keys, dimension), under keys that must be new."""

    def remove(self, keys: Keys) -> None:
        """Removes the vectors of these keys; unknown keys are passed over."""

    def search(self, query: Vectors, limit: int, among: Keys | None = None) -> list[tuple[int, float]]:
        """The up to ``limit`` nearest as (key, inner product), best first; only ``among`` those keys if given."""

    def keys(self) -> Keys:
        """Every key that is there, in order."""

    def save(self, path: Path) -> str:
        """Writes it to a file; gives the sha256 of what was written. Raises OSError."""

"""Numbers in 8 bits: an integer level for each, times a step that many of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_LARGEST_LEVEL = 127
"""Of an 8-bit integer, the largest whose negative is one too."""

_ROWS_AT_ONCE = 1_024
"""So many rows are divided at a time: all of a vocabulary's embeddings would take twice their own memory."""


@dataclass(frozen=True, eq=False, slots=True)
class Quantised:
    """An array (rows, columns) of numbers as ``levels * steps``; each is off by half a step at most."""

    levels: NDArray[np.int8]
    """(rows, columns), each from -127 to 127."""
    steps: Floats
    """Broadcasts to ``levels``: (rows, 1) for a step per row, (columns,) for one per column."""

    @classmethod
    def of(cls, numbers: Floats, steps: Floats) -> Quantised:
        """The nearest levels. ``steps`` must be large enough: see `steps_reaching`."""
        levels = np.empty(numbers.shape, np.int8)
        for start in range(0, len(numbers), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            levels[rows] = np.rint(numbers[rows] / (steps if steps.ndim == 1 else steps[rows]))
        return cls(levels, steps)

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """The rows of these numbers, (numbers, columns), where every row has a step of its own."""
        return Quantised(self.levels.take(numbers, axis=0), self.steps.take(numbers, axis=0)).values()

    def values(self) -> NDArray[np.float32]:
        """The numbers that it stands for, (rows, columns)."""
        made: NDArray[np.float32] = np.multiply(self.levels, self.steps, dtype=np.float32)
        return made


def steps_reaching(farthest: NDArray[np.float32]) -> NDArray[np.float32]:
    """The steps, of the same shape, with which numbers as far from 0 as ``farthest`` still have a level."""
    # all numbers may be zero, and a step may not
    return (np.maximum(farthest, np.finfo(np.float32).tiny) / _LARGEST_LEVEL).astype(np.float32, copy=False)

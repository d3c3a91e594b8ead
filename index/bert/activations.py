"""What goes into a model's matrix products: the least and the greatest value of every channel, measured beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from index.bert.bert_weights import Floats
from index.errors import ModelUnsuitable

_WEIGHTS = "weights_sha256"


@dataclass(frozen=True, slots=True)
class Activations:
    """The ranges of the activations of the model whose weights have the sha256 ``weights_sha256``."""

    weights_sha256: str
    bounds: Mapping[str, Floats]
    """By `product_name`: (2, channels), the least and the greatest value that each channel took."""

    def save(self, file: Path) -> None:
        """Writes the activations to a file, as 16-bit floats."""
        arrays: dict[str, Any] = {name: bounds.astype(np.float16) for name, bounds in self.bounds.items()}
        np.savez_compressed(file, **(arrays | {_WEIGHTS: self.weights_sha256}))

    @classmethod
    def load(cls, file: Path, model: str, weights_sha256: str) -> Activations:
        """Reads what `save` wrote.

        Raises ModelUnsuitable, of ``model``, for a file that cannot be read or was measured with other weights.
        """
        try:
            with file.open("rb") as stream, np.load(stream) as stored:
                arrays = dict(stored)
            measured_with = str(arrays.pop(_WEIGHTS))
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise ModelUnsuitable(model, f"{file} cannot be read: {error}") from error
        if measured_with != weights_sha256:
            reason = f"was measured with other weights, {measured_with[:16]}: measure anew, or take it away"
            raise ModelUnsuitable(model, f"{file} {reason}")
        return cls(measured_with, {name: bounds.astype(np.float32) for name, bounds in arrays.items()})


def product_name(layer: int, product: str) -> str:
    """What the inputs of a layer's product are kept under."""
    return f"{layer}.{product}"

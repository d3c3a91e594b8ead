"""What goes into a model's matrix products: the least and the greatest value of every channel, measured beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor
from torch.nn import Linear, Module
from transformers import BertModel
from transformers.models.bert.modeling_bert import BertLayer

from index.errors import ModelUnsuitable

_WEIGHTS = "weights_sha256"


@dataclass(frozen=True, slots=True)
class Activations:
    """Of the model whose weights have the sha256 ``weights_sha256``."""

    weights_sha256: str
    bounds: Mapping[str, Tensor]
    """By `product_name`: (2, channels), the least and the greatest value that each channel took."""

    def save(self, file: Path) -> None:
        """As 16-bit floats."""
        arrays: dict[str, Any] = {name: bounds.numpy().astype(np.float16) for name, bounds in self.bounds.items()}
        np.savez_compressed(file, **(arrays | {_WEIGHTS: self.weights_sha256}))

    @classmethod
    def load(cls, file: Path, model: str, weights_sha256: str) -> Activations:
        """Raises ModelUnsuitable, of ``model``, for a file that cannot be read or was measured with other weights."""
        try:
            with file.open("rb") as stream, np.load(stream) as stored:
                arrays = dict(stored)
            measured_with = str(arrays.pop(_WEIGHTS))
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise ModelUnsuitable(model, f"{file} cannot be read: {error}") from error
        if measured_with != weights_sha256:
            reason = f"was measured with other weights, {measured_with[:16]}: measure anew, or take it away"
            raise ModelUnsuitable(model, f"{file} {reason}")
        return cls(measured_with, {name: torch.from_numpy(bounds).float() for name, bounds in arrays.items()})


def product_name(layer: int, product: str) -> str:
    """What the inputs of a layer's product are kept under."""
    return f"{layer}.{product}"


def layers_of(bert: BertModel) -> Iterable[BertLayer]:
    """A BERT's encoder layers, from the first."""
    return cast(Iterable[BertLayer], bert.encoder.layer)


def products_of(layer: BertLayer) -> dict[str, list[Linear]]:
    """A layer's linear layers by the product that they are computed in; those of one share their input."""
    attention = layer.attention
    inner = attention.self
    return {
        "qkv": [inner.query, inner.key, inner.value],
        "out": [attention.output.dense],
        "up": [layer.intermediate.dense],
        "down": [layer.output.dense],
    }


@contextmanager
def observed(bert: BertModel, weights_sha256: str) -> Iterator[Activations]:
    """What goes into the products of ``bert`` meanwhile, padding included: run it on one text at a time."""
    bounds: dict[str, Tensor] = {}
    first = {
        product_name(number, name): layers[0]
        for number, layer in enumerate(layers_of(bert))
        for name, layers in products_of(layer).items()
    }
    hooks = [module.register_forward_pre_hook(_widens(bounds, name)) for name, module in first.items()]
    try:
        yield Activations(weights_sha256, bounds)
    finally:
        for hook in hooks:
            hook.remove()


def _widens(bounds: dict[str, Tensor], name: str) -> Callable[[Module, tuple[Tensor, ...]], None]:
    def widen(_: Module, inputs: tuple[Tensor, ...]) -> None:
        rows = inputs[0].detach().float().flatten(0, -2)
        now = torch.stack([rows.amin(0), rows.amax(0)])
        seen = bounds.get(name, now)
        bounds[name] = torch.stack([torch.minimum(seen[0], now[0]), torch.maximum(seen[1], now[1])])

    return widen

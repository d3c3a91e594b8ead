"""A BERT's weights, read from a model's folder without the libraries that models are made with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

Floats = NDArray[np.float32]

PRODUCTS = {
    "qkv": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "out": ("attention.output.dense",),
    "up": ("intermediate.dense",),
    "down": ("output.dense",),
}
"""A layer's linear layers by the product that they are computed in; those of one share their input."""

_HEAD = "qa_outputs"
_FILE = "model.safetensors"
_FORMATS = ("F16", "F32")
# what config.json says of a BERT as it was published, if it says anything of it
_PLAIN = {
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
    "quantization_config": None,
}


@dataclass(frozen=True, slots=True)
class BertShape:
    """How large a plain BERT is: the numbers of its config.json."""

    vocabulary: int
    positions: int
    types: int
    layers: int
    heads: int
    width: int
    inner: int
    epsilon: float
    """Of its norms."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self | None:
        """None for a model that is computed in another way than BERT as it was published, or is no encoder."""
        plain = all(config.get(name, value) == value for name, value in _PLAIN.items())
        if config.get("model_type") != "bert" or not plain or config["hidden_size"] % config["num_attention_heads"]:
            return None
        return cls(
            vocabulary=config["vocab_size"],
            positions=config["max_position_embeddings"],
            types=config["type_vocab_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            width=config["hidden_size"],
            inner=config["intermediate_size"],
            epsilon=config["layer_norm_eps"],
        )

    def arrays(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The weights that such a BERT has, by transformers' names, with their shapes."""
        tables = {"word": self.vocabulary, "position": self.positions, "token_type": self.types}
        yield from ((f"embeddings.{table}_embeddings.weight", (rows, self.width)) for table, rows in tables.items())
        yield from _affine("embeddings.LayerNorm", self.width)
        for number in range(self.layers):
            layer = layer_name(number)
            for name in (*PRODUCTS["qkv"], *PRODUCTS["out"]):
                yield from _affine(f"{layer}.{name}", self.width, self.width)
            yield from _affine(f"{layer}.attention.output.LayerNorm", self.width)
            yield from _affine(f"{layer}.intermediate.dense", self.inner, self.width)
            yield from _affine(f"{layer}.output.dense", self.width, self.inner)
            yield from _affine(f"{layer}.output.LayerNorm", self.width)


@dataclass(frozen=True, eq=False, slots=True)
class Affine:
    """A linear layer, (outputs, inputs) and (outputs,); or what a norm scales by and adds, (width,) each."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, eq=False, slots=True)
class BertWeights:
    """The weights of a plain BERT. Each is read anew when it is taken, so that none is held longer than needed."""

    shape: BertShape
    read: Callable[[str], NDArray[np.floating[Any]]]
    """By transformers' names of the weights of a BertModel."""
    head: Affine | None = None
    """What makes a start and an end logit of each token's state, if it ends in that."""

    def table(self, name: str) -> Floats:
        """The rows of the embedding, ``word``, ``position`` or ``token_type``."""
        return self.read(f"embeddings.{name}_embeddings.weight").astype(np.float32, copy=False)

    def affine(self, name: str) -> Affine:
        """The linear layer or the norm of that name."""
        return Affine(*(self.read(f"{name}.{part}").astype(np.float32, copy=False) for part in ("weight", "bias")))


def layer_name(number: int) -> str:
    """What the names of an encoder layer's weights begin with; layers count from 0."""
    return f"encoder.layer.{number}"


def stored_bert(folder: Path, *, head: bool = False) -> BertWeights | None:
    """The BERT in ``folder``, with its question-answering ``head`` if that is wanted.

    None where there is none, or it is no plain one, or not whole, or in several files: its library knows what to do.
    """
    try:
        shape = BertShape.of(json.loads((folder / "config.json").read_text(encoding="utf-8")))
        if shape is None or [file.name for file in folder.glob("*.safetensors")] != [_FILE]:
            return None
        file = _File(folder / _FILE)
        before = "bert." if head or file.has("bert.embeddings.LayerNorm.weight") else ""
        whole = all(file.has(before + name, size) for name, size in shape.arrays())
        if not whole or (head and not all(file.has(name, size) for name, size in _affine(_HEAD, 2, shape.width))):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError):
        return None
    read_head = BertWeights(shape, file.read).affine(_HEAD) if head else None
    return BertWeights(shape, lambda name: file.read(before + name), read_head)


class _File:
    """Weights in a file, which is open as long as this lives."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, SafetensorError."""
        self._stored = cast(Any, safe_open(path, framework="numpy"))  # its methods are without types
        self._names = frozenset(self._stored.keys())
        self.read: Callable[[str], NDArray[np.floating[Any]]] = self._stored.get_tensor

    def has(self, name: str, size: tuple[int, ...] | None = None) -> bool:
        """Whether there are floats of that name, and of that size if one is given."""
        if name not in self._names:
            return False
        values = self._stored.get_slice(name)
        return values.get_dtype() in _FORMATS and size in (None, tuple(values.get_shape()))


def _affine(name: str, *size: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", size
    yield f"{name}.bias", size[:1]

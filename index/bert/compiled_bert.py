"""A BERT compiled for the CPU by OpenVINO."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from openvino import Tensor

from index.bert.batching import padded_length, passes
from index.bert.bert_weights import BertWeights
from index.bert.graph.bert_graph import NOTHING, compiled
from index.bert.graph.products import Arithmetic
from index.bert.graph.quantised import Quantised, steps_reaching
from index.bert.precision import NumberFormat
from index.bert.processor import threads

States = NDArray[np.float32]
"""(tokens, width): what layers make of the tokens of a text, or what a head makes of that."""

Pass = tuple[list[int], NDArray[np.float32]]
"""Positions of the texts that were computed together, and (texts, tokens of the longest, width) what came of them.

Behind the tokens of a shorter text stand numbers that mean nothing.
"""

# some 3 MB each
_SHAPES_KEPT = 16


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text: vocabulary numbers, token types and positions, (tokens,) each."""

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    places: NDArray[np.int64]


@dataclass(slots=True)
class Work:
    """How many operations were computed so far, padding left out."""

    products: int = 0
    """Operations of matrix products with weights."""
    attention: int = 0
    """Operations of products between tokens."""


class CompiledLayers:
    """Some layers of a BERT, one above the other; the last of all ends in the head, if there is one.

    For inference only. Threads may share it.
    """

    def __init__(self, bert: BertWeights, arithmetic: Arithmetic, layers: range, work: Work) -> None:
        """``work`` is where it counts what it computes."""
        head = bert.head if layers.stop == bert.shape.layers else None
        model = compiled(bert, arithmetic, layers, head, threads=threads(), shapes_kept=_SHAPES_KEPT)
        self._request = model.create_infer_request()
        # two passes at once would only slow each other down, and there is one place for what comes out
        self._one_at_a_time = threading.Lock()
        self._work = work
        width, inner = bert.shape.width, bert.shape.inner
        self._products_per_token = 2 * len(layers) * (4 * width * width + 2 * width * inner)
        self._attention_per_pair = 4 * len(layers) * width

    def passes(self, texts: Sequence[States]) -> Iterator[Pass]:
        """What these layers make of the states of each text, one forward pass after the other."""
        for together in passes([len(text) for text in texts]):
            lengths = [len(texts[position]) for position in together]
            states, mask = _padded([texts[position] for position in together], padded_length(lengths[0]))
            with self._one_at_a_time:
                # not copied: the arrays outlive the pass
                self._request.set_input_tensor(0, Tensor(states, shared_memory=True))
                self._request.set_input_tensor(1, Tensor(mask, shared_memory=True))
                self._request.infer()
                # copied, since the next pass writes into the same memory
                out = self._request.get_output_tensor().data[:, : lengths[0]].copy()
                self._work.products += sum(lengths) * self._products_per_token
                self._work.attention += sum(length**2 for length in lengths) * self._attention_per_pair
            yield together, out


class CompiledBert:
    """The embeddings of a BERT and its lowest layers, or all of them. Threads may share it."""

    def __init__(
        self, bert: BertWeights, arithmetic: Arithmetic, *, layers: int | None = None, work: Work | None = None
    ) -> None:
        """``layers`` is how many it has, by default all, and then the head too where ``bert`` has one."""
        self.width = bert.shape.width
        self.work = work or Work()
        self._words = _Table(bert.table("word"), arithmetic.number_format)
        # every token type is added to every position beforehand: one look-up a token instead of two
        types, positions = bert.table("token_type"), bert.table("position")
        self._places = (types[:, np.newaxis] + positions).reshape(-1, self.width)
        self._positions = len(positions)
        lowest = range(bert.shape.layers)[:layers]
        self._layers = CompiledLayers(bert, arithmetic, lowest, self.work)

    def passes(self, texts: Sequence[Tokens]) -> Iterator[Pass]:
        """What is made of the tokens of each text, one forward pass after the other."""
        return self._layers.passes([self._embedded(text) for text in texts])

    def states(self, texts: Sequence[Tokens]) -> list[States]:
        """The states of each text, in order."""
        return in_order(self.passes(texts), [len(text.ids) for text in texts])

    def _embedded(self, text: Tokens) -> States:
        states = self._words.rows(text.ids)
        states += self._places.take(text.types * self._positions + text.places, axis=0)
        return states


def in_order(computed: Iterator[Pass], lengths: Sequence[int]) -> list[States]:
    """What was made of each text, in the order of the texts, whose ``lengths`` are in tokens."""
    by_position = {position: row for positions, rows in computed for position, row in zip(positions, rows, strict=True)}
    return [by_position[position][:length] for position, length in enumerate(lengths)]


def _padded(texts: Sequence[States], length: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """States (texts, length, width), and the mask (texts, 1, 1, length) that hides what they are filled up with."""
    states = np.zeros((len(texts), length, texts[0].shape[1]), np.float32)
    mask = np.full((len(texts), 1, 1, length), NOTHING)
    for row, text in enumerate(texts):
        states[row, : len(text)] = text
        mask[row, ..., : len(text)] = 0
    return states, mask


class _Table:
    """The embeddings of a vocabulary, kept in as few bits as the model is computed in."""

    def __init__(self, exact: NDArray[np.float32], number_format: NumberFormat) -> None:
        self._kept: NDArray[np.generic] | Quantised
        if number_format == "int8":
            farthest = np.maximum(exact.max(axis=1, keepdims=True), -exact.min(axis=1, keepdims=True))
            self._kept = Quantised.of(exact, steps_reaching(farthest))
        else:
            self._kept = exact.astype(np.float16) if number_format == "bf16" else exact

    def rows(self, numbers: NDArray[np.int64]) -> States:
        """The embeddings of these vocabulary numbers, (numbers, width)."""
        if isinstance(self._kept, Quantised):
            return self._kept.rows(numbers)
        return self._kept.take(numbers, axis=0).astype(np.float32, copy=False)

"""A BERT compiled for the CPU by OpenVINO.

Texts of like length are computed together, filled up to one of few lengths, since code is made for every shape that is
met.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from openvino import Tensor

from index.inference.bert_graph import NOTHING, compiled
from index.inference.bert_weights import Affine, BertWeights
from index.inference.precision import NumberFormat
from index.inference.processor import threads
from index.inference.products import Arithmetic

TokenVectors = NDArray[np.float32]
"""(tokens, width): what layers make of the tokens of a text, or what a head makes of that."""

# lengths are multiples of it, and no less than twice that, which holds most questions: a pass of another shape than the
# one before takes some milliseconds more
_LENGTHS = 16
# so many texts are computed together, or half as many, or one
_TOGETHER = 4
# so many tokens more, of padding, are computed sooner than one more pass is begun
_WORTH_A_PASS = 24
# of shapes: some 3 MB each
_SHAPES_KEPT = 16
# of a table: all at once would be as large again, twice
_ROWS_AT_ONCE = 1_024
# the largest level of an 8-bit integer that has its negative
_MOST = 127


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text: vocabulary numbers, token types and positions, (tokens,) each."""

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    places: NDArray[np.int64]


@dataclass(slots=True)
class Work:
    """What was computed so far, in operations, padding left out."""

    products: int = 0
    """Of matrix products with weights."""
    attention: int = 0
    """Of those between tokens."""


class CompiledBert:
    """For inference only. Threads may share it."""

    def __init__(self, bert: BertWeights, arithmetic: Arithmetic, *, ahead: int = 0) -> None:
        """With ``ahead``, the lower layers, of that number, are computed apart from the upper ones.

        Where ``bert`` has a head, what that makes of the states is given in their place.
        """
        self.width = bert.shape.width
        self.work = Work()
        self._words = _Table.of(bert.table("word"), arithmetic.number_format)
        types, positions = bert.table("token_type"), bert.table("position")
        self._places = _Table.of((types[:, np.newaxis] + positions).reshape(-1, self.width), "fp32")
        self._positions = len(positions)
        layers = range(bert.shape.layers)
        self._lower = _Layers(bert, arithmetic, layers[: ahead or None], None if ahead else bert.head, self.work)
        self._upper = _Layers(bert, arithmetic, layers[ahead:], bert.head, self.work) if ahead else None

    def lower(self, texts: Sequence[Tokens]) -> list[TokenVectors]:
        """What the lower layers make of each text, or all of them where none are apart."""
        return self._lower.through([self._embedded(text) for text in texts])

    def upper(self, states: Sequence[TokenVectors]) -> list[TokenVectors]:
        """What the layers above the lower ones make of each text, of which these are the states."""
        return list(states) if self._upper is None else self._upper.through(states)

    def whole(self, texts: Sequence[Tokens]) -> list[TokenVectors]:
        """What all layers make of each text."""
        return self.upper(self.lower(texts))

    def _embedded(self, text: Tokens) -> TokenVectors:
        states = self._words.rows(text.ids)
        states += self._places.rows(text.types * self._positions + text.places)
        return states


class _Layers:
    """Some layers, one above the other."""

    def __init__(
        self, bert: BertWeights, arithmetic: Arithmetic, layers: range, head: Affine | None, work: Work
    ) -> None:
        computed = compiled(bert, arithmetic, layers, head, threads=threads(), shapes_kept=_SHAPES_KEPT)
        self._request = computed.create_infer_request()
        # two passes at once would only slow each other down, and there is one place for what comes out
        self._one_at_a_time = threading.Lock()
        self._work = work
        width, inner = bert.shape.width, bert.shape.inner
        self._of_token = 2 * len(layers) * (4 * width * width + 2 * width * inner)
        self._of_pair = 4 * len(layers) * width

    def through(self, texts: Sequence[TokenVectors]) -> list[TokenVectors]:
        """What these layers make of the states of each text."""
        made: list[TokenVectors] = [*texts]
        with self._one_at_a_time:
            for together in passes([len(text) for text in texts]):
                for at, computed in zip(together, self._computed([texts[at] for at in together]), strict=True):
                    made[at] = computed
        return made

    def _computed(self, texts: Sequence[TokenVectors]) -> list[TokenVectors]:
        """In one pass."""
        lengths = [len(text) for text in texts]
        length = filled_up(max(lengths))
        states = np.zeros((len(texts), length, texts[0].shape[1]), np.float32)
        mask = np.full((len(texts), 1, 1, states.shape[1]), NOTHING)
        for row, text in enumerate(texts):
            states[row, : len(text)] = text
            mask[row, ..., : len(text)] = 0
        for number, given in enumerate((states, mask)):
            self._request.set_input_tensor(number, Tensor(given, shared_memory=True))
        self._request.infer()
        out = self._request.get_output_tensor().data
        self._work.products += sum(lengths) * self._of_token
        self._work.attention += sum(length**2 for length in lengths) * self._of_pair
        return [out[row, :length].copy() for row, length in enumerate(lengths)]


def passes(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Which texts are computed together, by position, the longest first."""
    rest = sorted(range(len(lengths)), key=lambda at: -lengths[at])
    while rest:
        count = _TOGETHER
        while count > 1 and not _is_worth_it([filled_up(lengths[at]) for at in rest[:count]], count):
            count //= 2
        yield rest[:count]
        rest = rest[count:]


def _is_worth_it(lengths: Sequence[int], count: int) -> bool:
    padding = count * lengths[0] - sum(lengths)
    return len(lengths) == count and padding <= (count - 1) * _WORTH_A_PASS


def filled_up(length: int) -> int:
    """The length that a text of so many tokens is computed with."""
    return max(-(-length // _LENGTHS), 2) * _LENGTHS


@dataclass(frozen=True, eq=False, slots=True)
class _Table:
    """The rows of an embedding."""

    values: NDArray[np.generic]
    """In fewer bits, if in int8 with a step for each row."""
    steps: NDArray[np.float32] | None = None
    """(rows, 1)"""

    @classmethod
    def of(cls, exact: NDArray[np.float32], number_format: NumberFormat) -> _Table:
        if number_format != "int8":
            return cls(exact.astype(np.float16) if number_format == "bf16" else exact)
        reach = np.maximum(exact.max(axis=1, keepdims=True), -exact.min(axis=1, keepdims=True))
        steps = np.maximum(reach, np.finfo(np.float32).tiny) / _MOST
        levels = np.empty(exact.shape, np.int8)
        for start in range(0, len(exact), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            levels[rows] = np.rint(exact[rows] / steps[rows])
        return cls(levels, steps)

    def rows(self, numbers: NDArray[np.int64]) -> TokenVectors:
        """(numbers, width)"""
        taken = self.values.take(numbers, axis=0)
        if self.steps is None:
            return taken.astype(np.float32, copy=False)
        stepped: TokenVectors = np.multiply(taken, self.steps.take(numbers, axis=0), dtype=np.float32)
        return stepped

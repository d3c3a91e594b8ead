"""What is made of states in either layout, against numpy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import openvino
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from openvino import opset13 as graph

from index.bert.bert_weights import Affine, Floats
from index.bert.graph.bert_graph import NOTHING, for_cpu
from index.bert.graph.graph_nodes import Node
from index.bert.graph.products import in_floats
from tests.samples.layouts import EitherLayout, in_each_layout

CHANNELS, OUTPUTS, HEADS, EPSILON = 16, 24, 4, 1e-3
DRAW = np.random.default_rng(0)
NORM = Affine(*DRAW.standard_normal((2, CHANNELS)).astype(np.float32))


def drawn_linear(outputs: int) -> Affine:
    weight, bias = (DRAW.standard_normal(size).astype(np.float32) for size in ((outputs, CHANNELS), (outputs,)))
    return Affine(weight, bias)


LINEAR, PROJECTIONS = drawn_linear(OUTPUTS), [drawn_linear(CHANNELS) for _ in range(3)]

texts_and_tokens = st.tuples(st.integers(1, 4), st.integers(1, 40))


def attended(layout: EitherLayout, states: Node, mask: Node) -> Node:
    return layout.attention([in_floats(states, layer, layout) for layer in layout.joined(PROJECTIONS)], mask, HEADS)


WORK: dict[str, Callable[[EitherLayout, Node, Node], Node]] = {
    "nothing": lambda _layout, states, _mask: states,
    "linear": lambda layout, states, _mask: in_floats(states, LINEAR, layout),
    "normed": lambda layout, states, _mask: layout.normed(states, NORM, EPSILON),
    "attended": attended,
}


@cache
def compiled(layout: EitherLayout, work: str) -> openvino.CompiledModel:
    states = graph.parameter([-1, -1, CHANNELS], np.float32)
    mask = graph.parameter([-1, 1, 1, -1], np.float32)
    made = layout.as_before(WORK[work](layout, layout.laid(states), mask))
    return for_cpu(openvino.Model([made], [states, mask]), bf16=False, threads=2, shapes_kept=4)


def made_of(states: Floats, layout: EitherLayout, work: str, lengths: NDArray[np.int64] | None = None) -> Floats:
    texts, tokens, _ = states.shape
    places = np.arange(tokens)[np.newaxis, np.newaxis, np.newaxis]
    inside = True if lengths is None else places < lengths[:, np.newaxis, np.newaxis, np.newaxis]
    mask = np.broadcast_to(np.where(inside, np.float32(0), NOTHING), (texts, 1, 1, tokens))
    made: Floats = compiled(layout, work)([states, np.ascontiguousarray(mask)])[0]
    return made


def drawn(size: tuple[int, int], seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((*size, CHANNELS), np.float32)


@in_each_layout
@given(size=texts_and_tokens, seed=st.integers(0, 1000))
def test_states_come_back_as_they_were(layout: EitherLayout, size: tuple[int, int], seed: int) -> None:
    states = drawn(size, seed)
    np.testing.assert_array_equal(made_of(states, layout, "nothing"), states)


@in_each_layout
@given(size=texts_and_tokens, seed=st.integers(0, 1000))
def test_a_linear_layer_sees_each_token_by_itself(layout: EitherLayout, size: tuple[int, int], seed: int) -> None:
    states = drawn(size, seed)
    right = states @ LINEAR.weight.T + LINEAR.bias
    np.testing.assert_allclose(made_of(states, layout, "linear"), right, atol=1e-4, rtol=1e-4)


@in_each_layout
@given(size=texts_and_tokens, seed=st.integers(0, 1000), spread=st.sampled_from([0.0, 0.01, 1.0, 30.0]))
def test_a_norm_is_of_the_channels_of_a_token(
    layout: EitherLayout, size: tuple[int, int], seed: int, spread: float
) -> None:
    states = drawn(size, seed) * np.float32(spread) + 2
    centred = states - states.mean(axis=-1, keepdims=True)
    right = centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + EPSILON) * NORM.weight + NORM.bias
    np.testing.assert_allclose(made_of(states, layout, "normed"), right, atol=1e-3, rtol=1e-3)


@in_each_layout
@given(size=texts_and_tokens, seed=st.integers(0, 1000))
def test_tokens_attend_to_those_of_their_text(layout: EitherLayout, size: tuple[int, int], seed: int) -> None:
    states, (texts, tokens) = drawn(size, seed), size
    lengths = np.random.default_rng(seed).integers(1, tokens + 1, texts)
    made = made_of(states, layout, "attended", lengths)
    for text, length in enumerate(lengths):
        np.testing.assert_allclose(made[text, :length], attention(states[text, :length]), atol=1e-3, rtol=1e-3)


def attention(states: Floats) -> Floats:
    """Of one text, (tokens, channels), head by head and token by token."""
    query, key, value = (states @ layer.weight.T + layer.bias for layer in PROJECTIONS)
    made, of_head = np.zeros_like(states), CHANNELS // HEADS
    for head in range(HEADS):
        channels = slice(head * of_head, (head + 1) * of_head)
        for token in range(len(states)):
            likeness = key[:, channels] @ query[token, channels] / np.sqrt(of_head)
            share = np.exp(likeness - likeness.max())
            made[token, channels] = share / share.sum() @ value[:, channels]
    return made

"""A BERT as an OpenVINO graph: states and a mask → states, through some of its layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import openvino
from openvino import opset13 as graph

from index.inference.activations import product_name
from index.inference.bert_weights import PRODUCTS, Affine, BertWeights, layer_name
from index.inference.graph_nodes import Node, constant, whole, width
from index.inference.products import Arithmetic, in_floats

_ANY = -1
# pieces of code that one shape takes: layers of the same shape share theirs
_KEPT_OF_A_SHAPE = 10

NOTHING = np.float32(-1e9)
"""Added to the attention that a filler gets; 0 is added to a token's."""


def compiled(
    bert: BertWeights,
    arithmetic: Arithmetic,
    layers: range,
    head: Affine | None,
    *,
    threads: int,
    shapes_kept: int,
) -> openvino.CompiledModel:
    """From states (texts, tokens, width) and a mask (texts, 1, 1, tokens) to states, or to what ``head`` makes of them.

    All are float32. Where ``layers`` begin with the first, what is taken are embeddings, not yet normed. The code that
    was made for the last ``shapes_kept`` shapes, or so, is kept.
    """
    states = graph.parameter([_ANY, _ANY, bert.shape.width], np.float32)
    mask = graph.parameter([_ANY, 1, 1, _ANY], np.float32)
    computed = states if layers.start else _normed(states, bert, "embeddings.LayerNorm")
    for number in layers:
        computed = _layer(computed, mask, bert, number, arithmetic)
    if head is not None:
        computed = in_floats(computed, head)
    graph_of_them = openvino.Model([computed], [states, mask])
    return for_cpu(graph_of_them, bf16=arithmetic.bf16, threads=threads, shapes_kept=shapes_kept)


def for_cpu(model: openvino.Model, *, bf16: bool, threads: int, shapes_kept: int) -> openvino.CompiledModel:
    """The graph compiled for so many of this machine's threads; what is not in int8 is in float32 or, if told, bf16."""
    settings = {
        # a single stream: one text is computed by all threads, and several are as fast as with a thread for each
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        # other programs have the cores too
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        "CPU_RUNTIME_CACHE_CAPACITY": shapes_kept * _KEPT_OF_A_SHAPE,
    }
    return openvino.Core().compile_model(model, "CPU", settings)


def _layer(states: Node, mask: Node, bert: BertWeights, number: int, arithmetic: Arithmetic) -> Node:
    """One encoder layer."""
    layer, heads = layer_name(number), bert.shape.heads

    def products(inputs: Node, name: str) -> list[Node]:
        linear = [bert.affine(f"{layer}.{each}") for each in PRODUCTS[name]]
        return arithmetic.products(inputs, linear, product_name(number, name))

    def after_attention(states: Node, attended: Node) -> list[Node]:
        (out,) = products(attended, "out")
        states = _normed(graph.add(states, out), bert, f"{layer}.attention.output.LayerNorm")
        (up,) = products(states, "up")
        (down,) = products(graph.gelu(up, "erf"), "down")
        return [_normed(graph.add(states, down), bert, f"{layer}.output.LayerNorm")]

    projected = arithmetic.by_tokens(lambda states: products(states, "qkv"), [states])
    (states,) = arithmetic.by_tokens(after_attention, [states, _attention(projected, mask, heads)])
    return states


def _attention(projected: Sequence[Node], mask: Node, heads: int) -> Node:
    """(texts, tokens, width) from queries, keys and values of that shape."""
    of_head = width(projected[0]) // heads
    query, key, value = (_swapped(_shaped(states, 0, 0, heads, of_head)) for states in projected)
    scores = graph.multiply(graph.matmul(query, key, transpose_a=False, transpose_b=True), np.float32(of_head**-0.5))
    shares = graph.softmax(graph.add(scores, mask), axis=-1)
    return _shaped(_swapped(graph.matmul(shares, value, transpose_a=False, transpose_b=False)), 0, 0, heads * of_head)


def _swapped(states: Node) -> Node:
    """Heads and tokens change places."""
    return graph.transpose(states, whole(0, 2, 1, 3))


def _shaped(states: Node, *shape: int) -> Node:
    """0 leaves a dimension as it is."""
    return graph.reshape(states, whole(*shape), special_zero=True)


def _normed(states: Node, bert: BertWeights, name: str) -> Node:
    norm, last = bert.affine(name), whole(-1)
    even = graph.mvn(states, last, normalize_variance=True, eps=bert.shape.epsilon, eps_mode="INSIDE_SQRT")
    return graph.add(graph.multiply(even, constant(norm.weight)), constant(norm.bias))

"""A BERT as an OpenVINO graph: states and a mask → states, through some of its layers."""

from __future__ import annotations

import numpy as np
import openvino
from openvino import opset13 as graph

from index.bert.activations import product_name
from index.bert.bert_weights import PRODUCTS, Affine, BertWeights, layer_name
from index.bert.graph.graph_nodes import Node
from index.bert.graph.products import Arithmetic, in_floats

_ANY = -1
# kernels that one shape takes: layers of the same shape share theirs
_KEPT_OF_A_SHAPE = 16

NOTHING = np.float32(-1e9)
"""What the mask adds to the attention scores of a filler; to those of a token it adds 0."""


def compiled(
    bert: BertWeights,
    arithmetic: Arithmetic,
    layers: range,
    head: Affine | None,
    *,
    threads: int,
    shapes_kept: int,
) -> openvino.CompiledModel:
    """Computes states (texts, tokens, width), or what ``head`` makes of them, from states and a mask.

    The mask is (texts, 1, 1, tokens), and all are float32. Where ``layers`` begin with the first, the states that it
    takes are embeddings, not yet normed. About the last ``shapes_kept`` shapes stay compiled.
    """
    states = graph.parameter([_ANY, _ANY, bert.shape.width], np.float32)
    mask = graph.parameter([_ANY, 1, 1, _ANY], np.float32)
    layout = arithmetic.layout
    computed = layout.laid(states)
    if not layers.start:
        computed = layout.normed(computed, bert.affine("embeddings.LayerNorm"), bert.shape.epsilon)
    for number in layers:
        computed = _layer(computed, mask, bert, number, arithmetic)
    if head is not None:
        computed = in_floats(computed, head, layout)
    computed = layout.as_before(computed)
    graph_of_them = openvino.Model([computed], [states, mask])
    return for_cpu(graph_of_them, bf16=arithmetic.bf16, threads=threads, shapes_kept=shapes_kept)


def for_cpu(model: openvino.Model, *, bf16: bool, threads: int, shapes_kept: int) -> openvino.CompiledModel:
    """The graph compiled for ``threads`` threads of this machine; what is not in int8 is in float32 or in ``bf16``."""
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
    """The states after one more encoder layer."""
    layer, layout = layer_name(number), arithmetic.layout

    def products(inputs: Node, name: str) -> list[Node]:
        linear = [bert.affine(f"{layer}.{each}") for each in PRODUCTS[name]]
        return arithmetic.products(inputs, layout.joined(linear), product_name(number, name))

    def normed(states: Node, name: str) -> Node:
        return layout.normed(states, bert.affine(f"{layer}.{name}.LayerNorm"), bert.shape.epsilon)

    attended = layout.attention(products(states, "qkv"), mask, bert.shape.heads)
    (out,) = products(attended, "out")
    states = normed(graph.add(states, out), "attention.output")
    (up,) = products(states, "up")
    (down,) = products(graph.gelu(up, "erf"), "down")
    return normed(graph.add(states, down), "output")

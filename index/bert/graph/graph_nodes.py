"""The nodes that graphs of OpenVINO are made of."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from openvino import opset13 as graph

from index.bert.bert_weights import Floats

Node: TypeAlias = Any
"""The library has no types of its own."""


def constant(values: Floats) -> Node:
    """A node that holds these values, in float32."""
    return graph.constant(values.astype(np.float32, copy=False))


def integers(*numbers: int) -> Node:
    """A node that holds these integers: axes, sizes, or an order of axes."""
    return graph.constant(np.array(numbers))


def size(states: Node, axis: int) -> int:
    """How large that dimension of ``states`` is, which must be known when the graph is made."""
    known: int = states.get_output_partial_shape(0)[axis].get_length()
    return known

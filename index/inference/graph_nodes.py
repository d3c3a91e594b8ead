"""The nodes that graphs of OpenVINO are made of."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from openvino import opset13 as graph

from index.inference.bert_weights import Floats

Node: TypeAlias = Any
"""The library has no types of its own."""


def constant(values: Floats) -> Node:
    """In float32."""
    return graph.constant(values.astype(np.float32, copy=False))


def whole(*numbers: int) -> Node:
    """Whole numbers: axes, sizes, places."""
    return graph.constant(np.array(numbers))


def size(states: Node, axis: int) -> int:
    """Of that dimension, which must be known."""
    known: int = states.get_output_partial_shape(0)[axis].get_length()
    return known

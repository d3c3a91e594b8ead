"""Work on tokens of which none needs another, done in blocks of as many as a graph knows beforehand.

Where a graph knows every size, OpenVINO lets its 8-bit convolutions read and write as it lies what it otherwise copies
before and after each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import openvino
from openvino import opset13 as graph

from index.inference.graph_nodes import Node, whole, width

BLOCK = 32
"""Tokens of a block."""

# of what a loop goes through, its last
_LAST = -1


def in_blocks(work: Callable[..., Sequence[Node]], inputs: Sequence[Node]) -> list[Node]:
    """What ``work`` makes of the ``inputs``, (texts, tokens, channels) each, texts × tokens being a multiple of BLOCK.

    ``work`` takes a block of each of them, (1, BLOCK, channels), and makes several such of it.
    """
    blocks = [graph.parameter([1, BLOCK, width(states)], np.float32) for states in inputs]
    made = [graph.result(states) for states in work(*blocks)]
    loop = graph.tensor_iterator()
    loop.set_body(openvino.Model(made, blocks))
    for block, states in zip(blocks, inputs, strict=True):
        tokens = graph.reshape(states, whole(1, -1, width(states)), special_zero=False)
        loop.set_sliced_input(block, tokens.output(0), 0, BLOCK, BLOCK, _LAST, axis=1)
    texts_and_tokens = graph.slice(graph.shape_of(inputs[0]), whole(0), whole(2), whole(1))
    joined = [loop.get_concatenated_slices(states.output(0), 0, BLOCK, BLOCK, _LAST, 1) for states in made]
    shapes = [graph.concat([texts_and_tokens, whole(width(states))], axis=0) for states in made]
    return [graph.reshape(tokens, shape, special_zero=False) for tokens, shape in zip(joined, shapes, strict=True)]

"""Work done in blocks against the same work done on everything."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import openvino
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openvino import opset13 as graph

from index.inference.bert_graph import for_cpu
from index.inference.graph_nodes import Node, constant
from index.inference.token_blocks import BLOCK, in_blocks

WIDTHS = (8, 3)
TURNED = np.random.default_rng(0).standard_normal((WIDTHS[0], 5)).astype(np.float32)

texts_and_tokens = st.tuples(st.integers(1, 6), st.integers(1, 60)).map(
    lambda size: (size[0], -(-size[1] // BLOCK) * BLOCK)
)


def work(states: Node, others: Node) -> Sequence[Node]:
    """Two results, of other widths than what they are made of."""
    turned = graph.matmul(states, constant(TURNED), transpose_a=False, transpose_b=False)
    return [turned, graph.multiply(others, np.float32(2))]


@cache
def compiled() -> openvino.CompiledModel:
    taken = [graph.parameter([-1, -1, width], np.float32) for width in WIDTHS]
    return for_cpu(openvino.Model(in_blocks(work, taken), taken), bf16=False, threads=2, shapes_kept=4)


@given(size=texts_and_tokens, seed=st.integers(0, 100))
def test_it_is_what_would_be_made_of_all_at_once(size: tuple[int, int], seed: int) -> None:
    draw = np.random.default_rng(seed)
    states, others = (draw.standard_normal((*size, width)).astype(np.float32) for width in WIDTHS)
    turned, doubled = compiled()([states, others]).values()
    np.testing.assert_allclose(turned, states @ TURNED, atol=1e-5, rtol=1e-4)
    np.testing.assert_array_equal(doubled, others * 2)


def test_texts_may_be_shorter_than_a_block_if_together_they_fill_some() -> None:
    states, others = (np.ones((4, BLOCK // 2, width), np.float32) for width in WIDTHS)
    turned, _ = compiled()([states, others]).values()
    assert turned.shape == (4, BLOCK // 2, 5)


def test_what_fills_no_block_is_an_error() -> None:
    with pytest.raises(RuntimeError):
        compiled()([np.ones((1, BLOCK + 1, width), np.float32) for width in WIDTHS])

"""How the states of texts lie in a graph, and what is made of them there.

Channels last is what matrix products want. Channels first, a text is an image whose one row of pixels are its tokens,
and a product is a convolution of 1 × 1, which multiplies 8-bit integers twice as fast where a processor has no VNNI.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
from openvino import opset13 as graph

from index.bert.bert_weights import Affine, Floats
from index.bert.graph.graph_nodes import Node, constant, integers, size

# a convolution in which no pixel sees another
_PIXELWISE: Final[dict[str, Any]] = {"strides": [1, 1], "pads_begin": [0, 0], "pads_end": [0, 0], "dilations": [1, 1]}

_QUERY_KEY_VALUE = 3


class Layout(Protocol):
    """How states lie in a graph. What goes into it and comes out of it are always (texts, tokens, channels)."""

    def laid(self, states: Node) -> Node:
        """The states in this layout, from (texts, tokens, channels)."""

    def as_before(self, states: Node) -> Node:
        """The states as (texts, tokens, channels), from this layout."""

    def by_channel(self, values: Floats) -> Node:
        """A constant that has a number for each channel, and applies to all tokens."""

    def product(self, states: Node, weight: Node) -> Node:
        """The matrix product of the states with a weight of (outputs, channels)."""

    def normed(self, states: Node, norm: Affine, epsilon: float) -> Node:
        """A layer norm: each token's channels at mean 0 and variance 1, times the norm's weight, plus its bias."""

    def joined(self, layers: Sequence[Affine]) -> Sequence[Affine]:
        """Linear layers of the same inputs as they are computed fastest: each by itself, or all as one."""

    def attention(self, projected: Sequence[Node], mask: Node, heads: int) -> Node:
        """Self-attention of what the ``joined`` layers for queries, keys and values gave, in as many channels.

        ``mask`` (texts, 1, 1, tokens) is added to the scores that each token gets before their softmax.
        """


class ChannelsLast:
    """States as (texts, tokens, channels), which floats are fastest in."""

    def laid(self, states: Node) -> Node:
        """The states unchanged, (texts, tokens, channels)."""
        return states

    def as_before(self, states: Node) -> Node:
        """The states unchanged, (texts, tokens, channels)."""
        return states

    def by_channel(self, values: Floats) -> Node:
        """A constant of shape (channels,), which applies to all tokens."""
        return constant(values)

    def product(self, states: Node, weight: Node) -> Node:
        """The states times a weight of (outputs, channels), as one matrix product."""
        return graph.matmul(states, weight, transpose_a=False, transpose_b=True)

    def normed(self, states: Node, norm: Affine, epsilon: float) -> Node:
        """A layer norm by the library's own operation."""
        even = graph.mvn(states, integers(-1), normalize_variance=True, eps=epsilon, eps_mode="INSIDE_SQRT")
        return graph.add(graph.multiply(even, self.by_channel(norm.weight)), self.by_channel(norm.bias))

    def joined(self, layers: Sequence[Affine]) -> Sequence[Affine]:
        """The layers as they are, each computed by itself."""
        return layers

    def attention(self, projected: Sequence[Node], mask: Node, heads: int) -> Node:
        """Self-attention of queries, keys and values, (texts, tokens, channels) each."""
        head_width = size(projected[0], 2) // heads
        query, key, value = (
            _swapped(graph.reshape(states, integers(0, 0, heads, head_width), special_zero=True))
            for states in projected
        )
        shares = _shares(graph.matmul(query, key, transpose_a=False, transpose_b=True), mask, head_width)
        attended = _swapped(graph.matmul(shares, value, transpose_a=False, transpose_b=False))
        return graph.reshape(attended, integers(0, 0, heads * head_width), special_zero=True)


class ChannelsFirst:
    """States as (texts, channels, 1, tokens), images of one row of pixels."""

    def laid(self, states: Node) -> Node:
        """The states, (texts, tokens, channels), turned to (texts, channels, 1, tokens)."""
        return graph.transpose(graph.unsqueeze(states, integers(1)), integers(0, 3, 1, 2))

    def as_before(self, states: Node) -> Node:
        """The states, (texts, channels, 1, tokens), turned back to (texts, tokens, channels)."""
        # the one order of four that the library has quick code for, whatever the sizes
        channels_third = graph.reshape(states, integers(0, 1, size(states, 1), -1), special_zero=True)
        return graph.squeeze(graph.transpose(channels_third, integers(0, 3, 1, 2)), integers(2))

    def by_channel(self, values: Floats) -> Node:
        """A constant of (channels, 1, 1)."""
        return constant(values[:, np.newaxis, np.newaxis])

    def product(self, states: Node, weight: Node) -> Node:
        """The states times a weight of (outputs, channels), as a convolution of 1 × 1."""
        return graph.convolution(states, graph.unsqueeze(weight, integers(2, 3)), **_PIXELWISE)

    def normed(self, states: Node, norm: Affine, epsilon: float) -> Node:
        """A layer norm made of convolutions, and of a vector brought to a length."""
        # means, and products with the weight, are convolutions too: for any other operation the library would turn the
        # states round, and its layer norm is of the last dimensions alone
        channels = size(states, 1)
        mean = self.product(states, constant(np.full((1, channels), 1 / channels)))
        as_long = graph.normalize_l2(graph.subtract(states, mean), integers(1), channels * epsilon, "add")
        # of variance 1 it has a length of √channels
        weight = constant(norm.weight.reshape(-1, 1, 1, 1, 1) * channels**0.5)
        return graph.add(graph.group_convolution(as_long, weight, **_PIXELWISE), self.by_channel(norm.bias))

    def joined(self, layers: Sequence[Affine]) -> Sequence[Affine]:
        """The layers as one, which has the outputs of all: a single convolution."""
        # each convolution costs some hundredths of a millisecond, and as much again in a pass of another shape than the
        # one before
        return [
            Affine(np.concatenate([each.weight for each in layers]), np.concatenate([each.bias for each in layers]))
        ]

    def attention(self, projected: Sequence[Node], mask: Node, heads: int) -> Node:
        """Self-attention of queries, keys and values one above the other, (texts, 3 channels, 1, tokens)."""
        (states,) = projected
        channels = size(states, 1) // _QUERY_KEY_VALUE
        head_width = channels // heads
        by_head = graph.reshape(states, integers(0, _QUERY_KEY_VALUE * heads, head_width, -1), special_zero=True)
        query, key, value = graph.split(by_head, graph.constant(np.int64(1)), _QUERY_KEY_VALUE).outputs()
        shares = _shares(graph.matmul(query, key, transpose_a=True, transpose_b=False), mask, head_width)
        attended = graph.matmul(value, shares, transpose_a=False, transpose_b=True)
        return graph.reshape(attended, integers(0, channels, 1, -1), special_zero=True)


def _swapped(states: Node) -> Node:
    """(texts, heads, tokens, channels) from (texts, tokens, heads, channels), and the other way round."""
    return graph.transpose(states, integers(0, 2, 1, 3))


def _shares(likenesses: Node, mask: Node, head_width: int) -> Node:
    """The attention weights: what each token (row) takes of each."""
    scaled = graph.multiply(likenesses, np.float32(head_width**-0.5))
    return graph.softmax(graph.add(scaled, mask), axis=-1)

"""How the states of texts lie in a graph, and what is made of them there.

Channels last is what matrix products want. Channels first, a text is an image whose one row of pixels are its tokens,
and a product is a convolution of 1 × 1, which multiplies 8-bit integers twice as fast where a processor has no VNNI.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
from openvino import opset13 as graph

from index.inference.bert_weights import Affine, Floats
from index.inference.graph_nodes import Node, constant, size, whole

# a convolution in which no pixel sees another
_OF_PIXELS: Final[dict[str, Any]] = {"strides": [1, 1], "pads_begin": [0, 0], "pads_end": [0, 0], "dilations": [1, 1]}

_QUERY_KEY_VALUE = 3


class Layout(Protocol):
    """States as one of the two has them; from and to any graph they are (texts, tokens, channels)."""

    def laid(self, states: Node) -> Node:
        """From (texts, tokens, channels)."""

    def as_before(self, states: Node) -> Node:
        """To (texts, tokens, channels)."""

    def by_channel(self, values: Floats) -> Node:
        """A constant, of a number for each channel."""

    def product(self, states: Node, weight: Node) -> Node:
        """With a weight of (outputs, channels)."""

    def normed(self, states: Node, norm: Affine, epsilon: float) -> Node:
        """Each token's channels brought to mean 0 and variance 1, times the norm's weight, and its bias."""

    def joined(self, layers: Sequence[Affine]) -> Sequence[Affine]:
        """Linear layers of the same inputs as they are best computed: each by itself, or all as one."""

    def attention(self, projected: Sequence[Node], mask: Node, heads: int) -> Node:
        """Of as many channels as queries, keys and values have, which were ``joined``.

        ``mask`` (texts, 1, 1, tokens) is added to what each token gets.
        """


class ChannelsLast:
    """(texts, tokens, channels)"""

    def laid(self, states: Node) -> Node:
        """As they are."""
        return states

    def as_before(self, states: Node) -> Node:
        """As they are."""
        return states

    def by_channel(self, values: Floats) -> Node:
        """(channels,)"""
        return constant(values)

    def product(self, states: Node, weight: Node) -> Node:
        """A matrix product."""
        return graph.matmul(states, weight, transpose_a=False, transpose_b=True)

    def normed(self, states: Node, norm: Affine, epsilon: float) -> Node:
        """The library's own layer norm."""
        even = graph.mvn(states, whole(-1), normalize_variance=True, eps=epsilon, eps_mode="INSIDE_SQRT")
        return graph.add(graph.multiply(even, self.by_channel(norm.weight)), self.by_channel(norm.bias))

    def joined(self, layers: Sequence[Affine]) -> Sequence[Affine]:
        """Each by itself."""
        return layers

    def attention(self, projected: Sequence[Node], mask: Node, heads: int) -> Node:
        """Of queries, keys and values, (texts, tokens, channels) each."""
        of_head = size(projected[0], 2) // heads
        query, key, value = (
            _swapped(graph.reshape(states, whole(0, 0, heads, of_head), special_zero=True)) for states in projected
        )
        shares = _shares(graph.matmul(query, key, transpose_a=False, transpose_b=True), mask, of_head)
        attended = _swapped(graph.matmul(shares, value, transpose_a=False, transpose_b=False))
        return graph.reshape(attended, whole(0, 0, heads * of_head), special_zero=True)


class ChannelsFirst:
    """(texts, channels, 1, tokens)"""

    def laid(self, states: Node) -> Node:
        """Turned round."""
        return graph.transpose(graph.unsqueeze(states, whole(1)), whole(0, 3, 1, 2))

    def as_before(self, states: Node) -> Node:
        """Turned back."""
        # the one order of four that the library has quick code for, whatever the sizes
        channels_third = graph.reshape(states, whole(0, 1, size(states, 1), -1), special_zero=True)
        return graph.squeeze(graph.transpose(channels_third, whole(0, 3, 1, 2)), whole(2))

    def by_channel(self, values: Floats) -> Node:
        """(channels, 1, 1)"""
        return constant(values[:, np.newaxis, np.newaxis])

    def product(self, states: Node, weight: Node) -> Node:
        """A convolution in which no pixel sees another."""
        return graph.convolution(states, graph.unsqueeze(weight, whole(2, 3)), **_OF_PIXELS)

    def normed(self, states: Node, norm: Affine, epsilon: float) -> Node:
        """Of convolutions, and of a vector brought to a length."""
        # means, and products with the weight, are convolutions too: for any other operation the library would turn the
        # states round, and its layer norm is of the last dimensions alone
        channels = size(states, 1)
        mean = self.product(states, constant(np.full((1, channels), 1 / channels)))
        as_long = graph.normalize_l2(graph.subtract(states, mean), whole(1), channels * epsilon, "add")
        # of variance 1 it has a length of √channels
        weight = constant(norm.weight.reshape(-1, 1, 1, 1, 1) * channels**0.5)
        return graph.add(graph.group_convolution(as_long, weight, **_OF_PIXELS), self.by_channel(norm.bias))

    def joined(self, layers: Sequence[Affine]) -> Sequence[Affine]:
        """All as one."""
        # each convolution costs some hundredths of a millisecond, and as much again in a pass of another shape than the
        # one before
        return [
            Affine(np.concatenate([each.weight for each in layers]), np.concatenate([each.bias for each in layers]))
        ]

    def attention(self, projected: Sequence[Node], mask: Node, heads: int) -> Node:
        """Of queries, keys and values, one above the other: (texts, 3 channels, 1, tokens)."""
        (states,) = projected
        channels = size(states, 1) // _QUERY_KEY_VALUE
        of_head = channels // heads
        by_head = graph.reshape(states, whole(0, _QUERY_KEY_VALUE * heads, of_head, -1), special_zero=True)
        query, key, value = graph.split(by_head, graph.constant(np.int64(1)), _QUERY_KEY_VALUE).outputs()
        shares = _shares(graph.matmul(query, key, transpose_a=True, transpose_b=False), mask, of_head)
        attended = graph.matmul(value, shares, transpose_a=False, transpose_b=True)
        return graph.reshape(attended, whole(0, channels, 1, -1), special_zero=True)


def _swapped(states: Node) -> Node:
    """Heads and tokens change places."""
    return graph.transpose(states, whole(0, 2, 1, 3))


def _shares(likenesses: Node, mask: Node, of_head: int) -> Node:
    """What each token (row) takes of each."""
    scaled = graph.multiply(likenesses, np.float32(of_head**-0.5))
    return graph.softmax(graph.add(scaled, mask), axis=-1)

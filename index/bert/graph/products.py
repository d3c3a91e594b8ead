"""Linear layers as matrix products in an OpenVINO graph, in floats or in 8-bit integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from openvino import opset13 as graph

from index.bert.activations import Activations
from index.bert.bert_weights import Affine, Floats
from index.bert.graph.graph_nodes import Node, constant
from index.bert.graph.layouts import ChannelsFirst, ChannelsLast, Layout
from index.bert.graph.quantised import Quantised, steps_reaching
from index.bert.precision import NumberFormat, Precision, cpu_has_fast_int8, cpu_has_vnni, takes_bf16
from index.errors import ModelUnsuitable

# of an 8-bit product's input channels, these are scaled so that they reach no further than the others do
_FAR_REACHING = 0.1
_LEVELS = 256


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The number formats that a model is computed in."""

    bf16: bool
    """What is not in int8 is in bf16, otherwise in float32."""
    activations: Activations | None = None
    """With these, the products are in int8."""

    @classmethod
    def chosen(cls, precision: Precision, model: str, weights_sha256: str, activations: Path) -> Arithmetic:
        """The arithmetic for this CPU and the model, whose file of ``activations`` need not exist.

        Raises ModelUnsuitable where ``precision`` is int8 and they do not, or the CPU cannot compute in it; and where
        they are of other weights.
        """
        measured, fast = activations.exists(), cpu_has_fast_int8()
        if precision == "int8" and not measured:
            reason = "int8 needs to know its activations: `sourcespan train activations` measures them"
            raise ModelUnsuitable(model, f"{activations.name} is not there, and {reason}")
        if precision == "int8" and not fast:
            raise ModelUnsuitable(model, "int8 is asked for, which this processor has no instructions for (AVX2)")
        if precision == "int8" or (precision == "auto" and measured and fast):
            return cls(takes_bf16(precision), Activations.load(activations, model, weights_sha256))
        return cls(takes_bf16(precision))

    @property
    def number_format(self) -> NumberFormat:
        """The number format of the products."""
        if self.activations is not None:
            return "int8"
        return "bf16" if self.bf16 else "fp32"

    @property
    def layout(self) -> Layout:
        """The layout of states that it is fastest with."""
        return ChannelsLast() if self.activations is None else int8_layout()

    def products(self, inputs: Node, layers: Sequence[Affine], name: str) -> list[Node]:
        """What each of the linear layers makes of the ``inputs``; ``name`` is what their activations go by."""
        if self.activations is None:
            return [in_floats(inputs, layer, self.layout) for layer in layers]
        return int8_products(inputs, layers, self.activations.bounds[name], self.layout)


def int8_layout() -> Layout:
    """The layout of states that products in 8 bits are fastest with on this processor."""
    return ChannelsLast() if cpu_has_vnni() else ChannelsFirst()


def in_floats(inputs: Node, layer: Affine, layout: Layout) -> Node:
    """What a linear layer makes of ``inputs``, in the floats that the graph is computed in."""
    return _affine(inputs, constant(layer.weight), layer, layout)


def int8_products(inputs: Node, layers: Sequence[Affine], bounds: Floats, layout: Layout) -> list[Node]:
    """What linear layers make of ``inputs``, in 8-bit integers, from float32 and to it.

    ``bounds`` (2, channels) are the least and the greatest inputs that were seen.

    A weight has one scale for each output, the inputs one scale together. Therefore the few channels that reach much
    further than the others are scaled down first and their weights up, as in SmoothQuant (Xiao et al., 2022,
    arXiv:2211.10438). What reaches further than it was seen to is cut off.
    """
    reach = np.abs(bounds).max(axis=0)
    down = np.maximum(reach / np.quantile(reach, np.float32(1 - _FAR_REACHING)), 1)
    least, greatest = min((bounds[0] / down).min(), 0), max((bounds[1] / down).max(), 0)
    step = float(greatest - least) / (_LEVELS - 1)
    # one level stands for exactly 0, as products in integers need: the ends move by less than a step for it
    zero = round(-float(least) / step)
    ends = (np.float32(-zero * step), np.float32((_LEVELS - 1 - zero) * step))
    # the library computes what it is told so, integers times steps, in the integers
    levels = graph.fake_quantize(graph.multiply(inputs, layout.by_channel(1 / down)), *ends, *ends, _LEVELS)
    return [_affine(levels, _int8_weight(layer, down), layer, layout) for layer in layers]


def _int8_weight(layer: Affine, down: Floats) -> Node:
    """The weight (outputs, inputs) as integers times a step for each output.

    Without VNNI the products of two neighbouring inputs are added up in 16 bits, where 255 times 128 fits: neighbours
    add up to no more than that. It is so on every processor, so that all compute the same.
    """
    weight = layer.weight * down
    neighbours = weight[:, :-1:2] + weight[:, 1::2]
    farthest = np.abs(np.hstack([weight, neighbours])).max(axis=1, keepdims=True)
    quantised = Quantised.of(weight, steps_reaching(farthest))
    return graph.multiply(graph.convert(graph.constant(quantised.levels), np.float32), constant(quantised.steps))


def _affine(inputs: Node, weight: Node, layer: Affine, layout: Layout) -> Node:
    return graph.add(layout.product(inputs, weight), layout.by_channel(layer.bias))

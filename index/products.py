"""Linear layers as matrix products whose weights are cast and laid out once, as oneDNN likes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import Linear
from torch.nn.functional import gelu, linear

from index.activations import Activations
from index.errors import ModelUnsuitable
from index.precision import NumberFormat, Precision, cpu_has_fast_int8, takes_bf16

Product = Callable[[Tensor], Tensor]

# of an 8-bit product's input channels, these are scaled so that they reach no further than the others do
_FAR_REACHING = 0.1


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The number formats that a model is computed in."""

    bf16: bool
    """For what is not in int8; otherwise float32."""
    activations: Activations | None = None
    """With these, the products are in int8."""

    @classmethod
    def chosen(cls, precision: Precision, model: str, weights_sha256: str, activations: Path) -> Arithmetic:
        """For this CPU and the model, whose ``activations`` need not exist.

        Raises ModelUnsuitable where ``precision`` is int8 and they do not, or the CPU cannot compute in it; and where
        they are of other weights.
        """
        measured, fast = activations.exists(), cpu_has_fast_int8()
        if precision == "int8" and not measured:
            reason = "int8 needs to know its activations: `sourcespan train activations` measures them"
            raise ModelUnsuitable(model, f"{activations.name} is not there, and {reason}")
        if precision == "int8" and not fast:
            # its library would compute, and cut off sums that 16 bits cannot hold
            raise ModelUnsuitable(model, "int8 is asked for, which this processor has no instructions for (VNNI)")
        if precision == "int8" or (precision == "auto" and measured and fast):
            return cls(takes_bf16(precision), Activations.load(activations, model, weights_sha256))
        return cls(takes_bf16(precision))

    @property
    def number_format(self) -> NumberFormat:
        """Of the products."""
        if self.activations is not None:
            return "int8"
        return "bf16" if self.bf16 else "fp32"

    @property
    def dtype(self) -> torch.dtype:
        """Of what is not in int8."""
        return torch.bfloat16 if self.bf16 else torch.float32

    def product(self, layers: Sequence[Linear], name: str, *, then_gelu: bool = False) -> Product:
        """What linear layers of one input compute, side by side; ``name`` is what its activations go by."""
        if self.activations is None:
            return float_product(layers, self.dtype, then_gelu=then_gelu)
        return int8_product(layers, self.activations.bounds[name], then_gelu=then_gelu)


def float_product(layers: Sequence[Linear], dtype: torch.dtype, *, then_gelu: bool = False) -> Product:
    """In ``dtype``, from any format and to that one."""
    weight, bias = (tensor.to(dtype) for tensor in _side_by_side(layers))
    if not _onednn_computes(dtype):

        def product(inputs: Tensor) -> Tensor:
            outputs = linear(inputs.to(dtype), weight, bias)
            return gelu(outputs) if then_gelu else outputs

        return product
    # what torch.compile makes of a frozen linear layer, without the compiler
    packed = torch.ops.mkldnn._reorder_linear_weight(weight)
    compute = torch.ops.mkldnn._linear_pointwise
    after, algorithm = _after(then_gelu)
    return lambda inputs: compute(inputs.to(dtype), packed, bias, after, [], algorithm)


def _onednn_computes(dtype: torch.dtype) -> bool:
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return dtype != torch.bfloat16 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def int8_product(layers: Sequence[Linear], bounds: Tensor, *, then_gelu: bool = False) -> Product:
    """In 8-bit integers, from float32 and to it; ``bounds`` (2, channels) are what its inputs were seen to be.

    A weight has one scale for each output, the inputs one scale together. Therefore the few channels that reach much
    further than the others are scaled down first and their weights up, as in SmoothQuant (Xiao et al., 2022,
    arXiv:2211.10438). What reaches further than it was seen to is cut off.
    """
    weight, bias = _side_by_side(layers)
    reach = bounds.abs().amax(dim=0)
    down = (reach / reach.quantile(1 - _FAR_REACHING)).clamp(min=1)
    least, greatest = (bounds[0] / down).min().clamp(max=0), (bounds[1] / down).max().clamp(min=0)
    step = float(greatest - least) / 255
    zero = round(-float(least) / step)
    weight = weight * down
    weight_step = weight.abs().amax(dim=1) / 127
    packed = torch.ops.onednn.qlinear_prepack((weight / weight_step[:, None]).round().to(torch.int8), None)
    weight_zero = torch.zeros(len(weight), dtype=torch.int32)
    to_steps = 1 / (down * step)
    # what becomes an integer is cut off behind the point: half a step more makes that rounding
    shift = torch.full_like(to_steps, zero + 0.5)
    compute = torch.ops.onednn.qlinear_pointwise
    after, algorithm = _after(then_gelu)

    def product(inputs: Tensor) -> Tensor:
        # from float32 straight to uint8 takes three times as long
        steps = torch.addcmul(shift, inputs, to_steps).clamp_(0, 255).to(torch.int16).to(torch.uint8)
        outputs: Tensor = compute(
            steps, step, zero, packed, weight_step, weight_zero, bias, 1.0, 0, torch.float32, after, [], algorithm
        )
        return outputs

    return product


def _side_by_side(layers: Sequence[Linear]) -> tuple[Tensor, Tensor]:
    weight = torch.cat([layer.weight.detach().float() for layer in layers])
    return weight, torch.cat([layer.bias.detach().float() for layer in layers])


def _after(then_gelu: bool) -> tuple[str, str]:
    return ("gelu", "none") if then_gelu else ("none", "")

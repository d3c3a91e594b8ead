"""16-bit floats where the processor multiplies them natively: about twice the speed of 32-bit ones."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal

Precision = Literal["auto", "bf16", "fp32"]
"""``auto`` is bf16 where it is fast; elsewhere bf16 is emulated, and slower than fp32."""


def takes_bf16(precision: Precision) -> bool:
    """Whether the CPU's forward passes run in bf16."""
    return cpu_has_fast_bf16() if precision == "auto" else precision == "bf16"


def cpu_has_fast_bf16() -> bool:
    """Whether the CPU has instructions for it (AVX512-BF16 or AMX)."""
    import torch  # seconds of import, needed only by whoever runs a model

    # torch has no public question for this; where a later version drops these, fp32 is the safe answer
    probes = (getattr(torch.cpu, n, None) for n in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(bool(probe()) for probe in probes if probe is not None)


def autocast(bf16: bool) -> AbstractContextManager[object]:
    """The context for forward passes on the CPU: matrix products in bf16, or everything in fp32."""
    import torch

    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16)

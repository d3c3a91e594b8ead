"""Number formats: 8-bit integers and 16-bit floats, where the processor multiplies them faster than 32 bits."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal

from index.bert.processor import has_instructions

NumberFormat = Literal["int8", "bf16", "fp32"]

FloatPrecision = Literal["auto", "bf16", "fp32"]
"""``auto`` is bf16 where it is fast; elsewhere bf16 is emulated, and slower than fp32."""

Precision = Literal["auto", "int8", "bf16", "fp32"]
"""``auto`` is int8 where it is fast and the model's activations were measured, and as above elsewhere."""

ACTIVATIONS_FILE = "activations.npz"
"""Beside a model's weights: what int8 needs to know of it."""


def takes_bf16(precision: Precision) -> bool:
    """Whether the CPU's forward passes run in bf16, or with int8 what there is beside the products."""
    return precision == "bf16" or (precision != "fp32" and cpu_has_fast_bf16())


def cpu_has_fast_bf16() -> bool:
    """Whether the CPU has instructions for it (AVX512-BF16 or AMX)."""
    return has_instructions("avx512_bf16", "amx_tile")


def cpu_has_fast_int8() -> bool:
    """Whether the CPU computes in it faster than in 32 bits (AVX2)."""
    return has_instructions("avx2")


def cpu_has_vnni() -> bool:
    """Whether it multiplies and adds up 8-bit integers in one instruction."""
    return has_instructions("avx512_vnni")


def autocast(bf16: bool) -> AbstractContextManager[object]:
    """The context for PyTorch's forward passes on the CPU: matrix products in bf16, or everything in fp32."""
    import torch  # seconds of import, needed only by whoever runs a model by it

    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16)

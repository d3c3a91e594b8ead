"""What the run computes on, and how: device, precision, attention kernel."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from index.bert.precision import FloatPrecision, cpu_has_fast_bf16
from index.bert.processor import described
from rag.training.errors import InvalidSetting


@dataclass(frozen=True, slots=True)
class Hardware:
    """A device with the precision and the attention implementation that suit it."""

    device: torch.device
    bf16: bool
    attention: str
    description: str

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which forward passes are computed in the chosen precision."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)


def choose_hardware(device: str, precision: FloatPrecision, threads: int) -> Hardware:
    """The hardware to train on; ``device`` is "auto" or a torch name, ``threads`` 0 leaves the number to torch.

    bf16 is taken where the processor multiplies it natively; elsewhere it is emulated and slower than fp32. Raises
    InvalidSetting for a device that is not there.
    """
    if threads:
        torch.set_num_threads(threads)
    chosen = _device(device)
    bf16 = _has_fast_bf16(chosen) if precision == "auto" else precision == "bf16"
    # measured: for bf16 training on a CPU eager attention is the faster one; everywhere else sdpa is
    attention = "eager" if chosen.type == "cpu" and bf16 else "sdpa"
    name = torch.cuda.get_device_name(chosen) if chosen.type == "cuda" else described(torch.get_num_threads())
    return Hardware(chosen, bf16, attention, f"{name}, {'bf16 autocast' if bf16 else 'fp32'}, {attention} attention")


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InvalidSetting("device", name, "torch knows no such device") from error
    if device.type not in {"cpu", "cuda"}:
        raise InvalidSetting("device", name, "training runs on cpu and cuda")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InvalidSetting("device", name, f"torch finds {torch.cuda.device_count()} GPUs")
    return device


def _has_fast_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return cpu_has_fast_bf16()

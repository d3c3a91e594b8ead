"""What the processor of this machine has, without the seconds that importing PyTorch takes to tell."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_CPUS = Path("/sys/devices/system/cpu")
_INSTRUCTIONS = Path("/proc/cpuinfo")


def threads() -> int:
    """How many a model is computed with: what OMP_NUM_THREADS says, else one for each core that we may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    # two threads of one core have but one unit that multiplies
    return len({_core(cpu) for cpu in cpus})


def has_instructions(*names: str) -> bool:
    """Whether it has any of these, by the names that Linux has for them (``avx512_vnni`` …)."""
    return not _instructions().isdisjoint(names)


def _core(cpu: int) -> str:
    try:
        return (_CPUS / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text(encoding="ascii").strip()
    except OSError:
        return str(cpu)


@cache
def _instructions() -> frozenset[str]:
    try:
        lines = _INSTRUCTIONS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no Linux: PyTorch knows how to ask
        return _told_by_torch()
    return frozenset(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())


def _told_by_torch() -> frozenset[str]:
    import torch

    probes = {"avx512_vnni": "_is_vnni_supported", "avx512_bf16": "_is_avx512_bf16_supported",
              "amx_tile": "_is_amx_tile_supported"}  # fmt: skip
    # torch has no public question for this; where a later version drops these, the slower format is the safe answer
    found = {name: getattr(torch.cpu, probe, None) for name, probe in probes.items()}
    return frozenset(name for name, probe in found.items() if probe is not None and probe())

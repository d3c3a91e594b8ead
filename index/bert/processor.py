"""What the processor of this machine is and has, without the second that PyTorch takes to be imported and tell."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

_CPUS = Path("/sys/devices/system/cpu")
_TOLD = Path("/proc/cpuinfo")


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


def described(threads: int) -> str:
    """The CPU by name, with the threads that are used, its cores and its widest vector instructions."""
    name = next(filter(None, _lines("model name")), platform.processor() or platform.machine())
    widest = next((wide.upper() for wide in ("avx512f", "avx2") if has_instructions(wide)), "no AVX2")
    return f"{name}, {threads} threads of {os.cpu_count()} cores, {widest.removesuffix('F')}"


def _core(cpu: int) -> str:
    try:
        return (_CPUS / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text(encoding="ascii").strip()
    except OSError:
        return str(cpu)


@cache
def _instructions() -> frozenset[str]:
    if not _TOLD.exists():  # no Linux
        return _told_by_torch()
    return frozenset(next(iter(_lines("flags")), "").split())


def _lines(name: str) -> list[str]:
    """What Linux says of each of the processor's cores under that name."""
    try:
        lines = _TOLD.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [value.strip() for key, _, value in (line.partition(":") for line in lines) if key.strip() == name]


def _told_by_torch() -> frozenset[str]:
    import torch

    widest = {"AVX512": {"avx512f", "avx2"}, "AVX2": {"avx2"}}.get(torch.backends.cpu.get_cpu_capability(), set())
    probes = {
        "avx512_vnni": "_is_vnni_supported",
        "avx512_bf16": "_is_avx512_bf16_supported",
        "amx_tile": "_is_amx_tile_supported",
    }
    # torch has no public question for these; where a later version drops them, the slower format is the safe answer
    answers = {name: getattr(torch.cpu, probe, None) for name, probe in probes.items()}
    return frozenset(widest | {name for name, probe in answers.items() if probe is not None and probe()})

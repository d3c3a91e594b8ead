"""How much memory this process takes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def memory_mb(name: Literal["VmRSS", "VmHWM"]) -> float:
    """What it holds now, or held at most. On Linux.

    Not by getrusage, which says of a process at least what its parent held when it was made.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024

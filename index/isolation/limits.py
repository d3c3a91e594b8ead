"""What a worker process may use."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
from dataclasses import dataclass

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SPARE_PROCESSOR_SECONDS = 5
NO_LIMIT = 1 << 60
"""Bytes, where a worker may hold as many as there are."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one worker process."""

    memory_bytes: int = 1_000_000_000
    """Address space, which bounds the memory that the process can hold; its own program takes some 60 MB of it."""
    seconds: float = 120.0
    """Time until the first result, and from one to the next, on the clock. All results of a job together may take
    `SECONDS_OF_JOB` times as long."""
    result_bytes: int = 350_000_000
    """Size of one result as it is sent."""

    def apply(self) -> None:
        """Binds the calling process to the limits that the system enforces."""
        if self.memory_bytes < NO_LIMIT:
            resource.setrlimit(resource.RLIMIT_AS, (self.memory_bytes, self.memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    def allow_step(self) -> None:
        """Gives the calling process the processor time for one more result.

        A backstop for when nobody is left to look at the clock: the system ends the process that uses more.
        """
        usage = resource.getrusage(resource.RUSAGE_SELF)
        allowed = math.ceil(usage.ru_utime + usage.ru_stime + self.seconds) + _SPARE_PROCESSOR_SECONDS
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, hard))


SECONDS_OF_JOB = 10
"""How many times the seconds of one result all results of a job may take: an archive holds many documents."""


def tie_to_parent(parent: int) -> None:
    """Ends the calling process when the thread that started it ends, and lets it gain no rights. On Linux only."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it ended before this could be asked for
        os._exit(1)


def peak_memory() -> int:
    """Bytes of memory that the calling process held at most."""
    return in_bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def memory_limit() -> int | None:
    """The bytes of address space that the calling process may have; None where it may have any."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def in_bytes(max_rss: int) -> int:
    """The bytes of a ``ru_maxrss``, which Linux counts in kilobytes and macOS in bytes."""
    return max_rss if sys.platform == "darwin" else max_rss * 1024

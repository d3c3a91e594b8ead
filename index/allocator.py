"""glibc's allocator, told what forward passes need: the same some MB again and again, in whichever thread."""

from __future__ import annotations

import ctypes
from typing import Any

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
# the most that glibc takes
_LARGEST_PIECE = 32 << 20
_KEPT = 128 << 20


def keep_what_passes_need() -> None:
    """One heap for all threads to come, which keeps up to 128 MB at its end for when they are needed again.

    By default each thread has a heap, and large pieces go back at once: every pass then waits a tenth of its time for
    the system to clear thousands of pages. Does nothing without glibc.
    """
    if (allocator := glibc()) is not None:
        allocator.mallopt(_M_ARENA_MAX, 1)
        allocator.mallopt(_M_MMAP_THRESHOLD, _LARGEST_PIECE)
        allocator.mallopt(_M_TRIM_THRESHOLD, _KEPT)


def glibc() -> Any:  # noqa: ANN401
    """The C library of this process; None where it is another one."""
    try:
        library = ctypes.CDLL(None)
        return library if hasattr(library, "malloc_trim") else None
    except (OSError, TypeError):  # Windows has no such library
        return None

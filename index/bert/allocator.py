"""glibc's allocator, told to hold no more than is used."""

from __future__ import annotations

import ctypes
from typing import Any

_M_ARENA_MAX = -8


def share_one_heap() -> None:
    """One heap for all threads to come; by default each has one, with what it once used. Does nothing without glibc."""
    if (allocator := glibc()) is not None:
        allocator.mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """What is free goes back to the system. Does nothing without glibc."""
    if (allocator := glibc()) is not None:
        allocator.malloc_trim(0)


def glibc() -> Any:  # noqa: ANN401
    """The C library of this process; None where it is another one."""
    try:
        library = ctypes.CDLL(None)
        return library if hasattr(library, "malloc_trim") else None
    except (OSError, TypeError):  # Windows has no such library
        return None

"""What the allocator has free goes back to the system.

glibc keeps a heap for every thread, and in it what a forward pass used for a moment: a service that reads in one thread
and takes documents in another would hold some 200 MB that it does not use.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

_M_ARENA_MAX = -8
_SECONDS_BETWEEN = 10.0


def share_one_heap() -> None:
    """All threads that are yet to come take their memory from one heap. Does nothing without glibc."""
    if (allocator := _glibc()) is not None:
        allocator.mallopt(_M_ARENA_MAX, 1)


@asynccontextmanager
async def giving_memory_back() -> AsyncIterator[None]:
    """Every few seconds, as long as the block runs. Does nothing without glibc."""
    allocator = _glibc()
    task = asyncio.create_task(_give_back(allocator)) if allocator is not None else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()


async def _give_back(allocator: Any) -> None:  # noqa: ANN401
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN)
        await asyncio.to_thread(allocator.malloc_trim, 0)


def _glibc() -> Any:  # noqa: ANN401
    """The C library of this process; None where it is another one."""
    try:
        library = ctypes.CDLL(None)
        return library if hasattr(library, "malloc_trim") else None
    except (OSError, TypeError):  # Windows has no such library
        return None

"""What the allocator has free goes back to the system.

`index.allocator` keeps what one pass needed for the next; while nobody asks, others can use it better.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from index.allocator import glibc

_SECONDS_BETWEEN = 10.0


@asynccontextmanager
async def giving_memory_back() -> AsyncIterator[None]:
    """Every few seconds, as long as the block runs. Does nothing without glibc."""
    allocator = glibc()
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

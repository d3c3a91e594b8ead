"""What the allocator has free goes back to the system: while nobody asks, others can use it better."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from index.bert.allocator import give_back

_SECONDS_BETWEEN = 10.0


@asynccontextmanager
async def giving_memory_back() -> AsyncIterator[None]:
    """Every few seconds, as long as the block runs."""
    task = asyncio.create_task(_keep_giving_back())
    try:
        yield
    finally:
        task.cancel()


async def _keep_giving_back() -> None:
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN)
        await asyncio.to_thread(give_back)

"""Threads for what would block the event loop, with a bound on what waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from index.errors import Overloaded

T = TypeVar("T")

_RETRY_AFTER = 2


class Workers:
    """A fixed number of threads. (Every thread that touches the catalogue keeps a connection of its own.)"""

    def __init__(self, name: str, *, threads: int, most_waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most = threads + most_waiting
        self._pending = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` gives; it never runs if cancelled before its turn. Raises Overloaded at once."""
        if self._pending >= self._most:
            raise Overloaded(self._pending, _RETRY_AFTER)
        self._pending += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        future.add_done_callback(self._done)
        return await future

    @property
    def pending(self) -> int:
        """How much work waits or runs."""
        return self._pending

    def _done(self, _: asyncio.Future[T]) -> None:
        self._pending -= 1

    def close(self) -> None:
        """Waits for what runs."""
        self._pool.shutdown()

"""Threads for what would block the event loop, with a bound on what waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from index.errors import Overloaded

T = TypeVar("T")

_RETRY_AFTER = 2


class Workers:
    """A fixed number of threads. (Every thread that touches the catalogue keeps a connection of its own.)"""

    def __init__(self, name: str, *, threads: int, most_waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most = threads + most_waiting
        self._work: set[Future[Any]] = set()

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` gives; it never runs if cancelled before its turn. Raises Overloaded at once.

        Cancelled later, it keeps its place until its thread is done with it.
        """
        if self.pending >= self._most:
            raise Overloaded(self.pending, _RETRY_AFTER)
        submitted = self._pool.submit(work)
        self._work.add(submitted)
        submitted.add_done_callback(self._work.discard)
        return await asyncio.wrap_future(submitted)

    @property
    def pending(self) -> int:
        """How many pieces of work wait or run."""
        return len(self._work)

    def close(self) -> None:
        """Waits for the work that runs, and takes no more."""
        self._pool.shutdown()

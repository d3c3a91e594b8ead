"""One piece of work in parts that are computed side by side, each by a thread that has one core to itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import torch

Meet = Callable[[], object]
"""Waits until every part has come as far."""


class Cores:
    """Threads that each have one core, in the place of PyTorch's own, which meet after every single product."""

    def __init__(self, count: int) -> None:
        self.count = count
        # two pieces of work at once would only slow each other down, and wait for each other's threads for ever
        self._one_at_a_time = threading.Lock()
        if count == 1:
            return
        self._threads = ThreadPoolExecutor(count, "computing", initializer=_take_one_core)
        all_there = threading.Barrier(count)
        usual = torch.get_num_threads()
        wait([self._threads.submit(all_there.wait) for _ in range(count)])
        torch.set_num_threads(usual)  # PyTorch gives a thread that is yet to come what any thread was given last

    def compute(self, parts: int, work: Callable[[int, Meet], None]) -> None:
        """``work(part, meet)`` for each of at most ``count`` parts. Raises what a part raised."""
        if self.count == 1:
            work(0, lambda: None)
            return
        barrier = threading.Barrier(parts)

        def one(part: int) -> None:
            try:
                work(part, barrier.wait)
            except BaseException:
                barrier.abort()
                raise

        with self._one_at_a_time:
            computed = [self._threads.submit(one, part) for part in range(parts)]
            wait(computed)
        failures = [failure for each in computed if (failure := each.exception()) is not None]
        for failure in sorted(failures, key=lambda failure: isinstance(failure, threading.BrokenBarrierError)):
            raise failure


def _take_one_core() -> None:
    torch.get_num_threads()  # sets this thread up, which would undo the next line if it came later
    torch.set_num_threads(1)

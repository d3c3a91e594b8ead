"""A worker is used again, however much memory the process that started it held."""

from __future__ import annotations

import os
from collections.abc import Iterator

from index.isolation.pool import WorkerPool


def own_number() -> Iterator[int]:
    yield os.getpid()


def hold_memory(count: int) -> Iterator[int]:
    yield len(b"x" * count)


def test_a_worker_of_a_large_process_is_used_again_until_it_is_large_itself() -> None:
    held = b"x" * 400_000_000  # more than a worker may keep
    with WorkerPool() as pool:
        numbers = [*pool.stream(own_number, subject="a"), *pool.stream(own_number, subject="b")]
        assert numbers[0] == numbers[1]
        assert list(pool.stream(hold_memory, 400_000_000, subject="c")) == [400_000_000]
        (later,) = pool.stream(own_number, subject="d")
        assert later != numbers[0]
    del held

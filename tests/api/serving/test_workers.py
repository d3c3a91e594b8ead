"""What waits for a thread is bounded, whoever leaves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from api.serving.workers import Workers
from index.errors import Overloaded


@pytest.fixture
def workers() -> Iterator[Workers]:
    opened = Workers("test", threads=1, most_waiting=1)
    yield opened
    opened.close()


class Held:
    """Work that begins, then waits until it may end."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.go = threading.Event()

    def __call__(self) -> str:
        self.began.set()
        assert self.go.wait(60)
        return "done"


async def cancelled(task: asyncio.Task[str]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_who_leaves_in_the_middle_frees_the_place_when_the_thread_is_free(workers: Workers) -> None:
    async def run() -> None:
        held, second = Held(), Held()
        leaving = asyncio.create_task(workers.run(held))
        await asyncio.to_thread(held.began.wait, 60)
        waiting = asyncio.create_task(workers.run(second))
        await asyncio.sleep(0)
        await cancelled(leaving)
        assert workers.pending == 2
        with pytest.raises(Overloaded):
            await workers.run(lambda: "one more")
        held.go.set()
        await asyncio.to_thread(second.began.wait, 60)
        assert workers.pending == 1
        second.go.set()
        assert await waiting == "done"

    asyncio.run(run())


def test_who_leaves_before_the_turn_frees_the_place_at_once(workers: Workers) -> None:
    async def run() -> None:
        held, never = Held(), Held()
        first = asyncio.create_task(workers.run(held))
        await asyncio.to_thread(held.began.wait, 60)
        leaving = asyncio.create_task(workers.run(never))
        await asyncio.sleep(0)
        await cancelled(leaving)
        assert workers.pending == 1
        held.go.set()
        assert await first == "done"
        assert await workers.run(lambda: "next") == "next"
        assert not never.began.is_set()

    asyncio.run(run())

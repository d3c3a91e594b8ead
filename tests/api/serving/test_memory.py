"""Memory that is free goes back to the system."""

from __future__ import annotations

import asyncio
import threading

import pytest

from api.serving import memory


def test_memory_is_given_back_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    given = threading.Semaphore(0)

    monkeypatch.setattr(memory, "give_back", given.release)
    monkeypatch.setattr(memory, "_SECONDS_BETWEEN", 0)

    async def run() -> None:
        async with memory.giving_memory_back():
            for _ in range(3):
                assert await asyncio.to_thread(given.acquire, timeout=60)

    asyncio.run(run())

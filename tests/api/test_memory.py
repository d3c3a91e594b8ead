"""Memory that is free goes back to the system."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from api import memory

_THREADS_THAT_ALLOCATE = """
import ctypes, sys, threading
from api.memory import share_one_heap
if sys.argv[1] == "shared":
    share_one_heap()
library = ctypes.CDLL(None)
together = threading.Barrier(3)
def allocate():
    library.malloc(1000)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
library.malloc_stats()
"""

with_glibc = pytest.mark.skipif(memory._glibc() is None, reason="the C library is not glibc")


def heaps(how: str) -> int:
    command = [sys.executable, "-c", _THREADS_THAT_ALLOCATE, how]
    top = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": top}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)
    return ran.stderr.count("Arena ")


@with_glibc
def test_threads_share_one_heap() -> None:
    assert heaps("shared") == 1
    assert heaps("as it is") > 1


def test_memory_is_given_back_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    given = threading.Semaphore(0)

    class Allocator:
        def malloc_trim(self, _pad: int) -> None:
            given.release()

    monkeypatch.setattr(memory, "_glibc", Allocator)
    monkeypatch.setattr(memory, "_SECONDS_BETWEEN", 0)

    async def run() -> None:
        async with memory.giving_memory_back():
            for _ in range(3):
                assert await asyncio.to_thread(given.acquire, timeout=60)

    asyncio.run(run())


def test_without_glibc_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_glibc", lambda: None)

    async def run() -> None:
        async with memory.giving_memory_back():
            pass

    memory.share_one_heap()
    asyncio.run(run())

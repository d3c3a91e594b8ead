"""What glibc's allocator is told, seen in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eval.benchmarks.memory import memory_mb
from index.bert import allocator

_THREADS_THAT_ALLOCATE = """
import ctypes, sys, threading
from index.bert.allocator import share_one_heap
if sys.argv[1] == "told":
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
pytestmark = pytest.mark.skipif(allocator.glibc() is None, reason="the C library is not glibc")


def run(program: str, how: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", program, how]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)


def test_threads_share_one_heap() -> None:
    assert run(_THREADS_THAT_ALLOCATE, "told").stderr.count("Arena ") == 1
    assert run(_THREADS_THAT_ALLOCATE, "as it is").stderr.count("Arena ") > 1


def test_what_is_free_is_given_back() -> None:
    pieces = [bytes(60_000) for _ in range(2_000)]
    del pieces[:-1]  # the last one keeps the heap from shrinking by itself
    held = memory_mb("VmRSS")
    allocator.give_back()
    assert memory_mb("VmRSS") < held - 50


def test_without_glibc_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "glibc", lambda: None)
    allocator.share_one_heap()
    allocator.give_back()

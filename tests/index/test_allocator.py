"""What glibc's allocator is told, seen in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from index import allocator

_THREADS_THAT_ALLOCATE = """
import ctypes, sys, threading
from index.allocator import keep_what_passes_need
if sys.argv[1] == "told":
    keep_what_passes_need()
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
_PASSES = """
import resource, sys
import numpy as np
from index.allocator import keep_what_passes_need
if sys.argv[1] == "told":
    keep_what_passes_need()
for _ in range(20):
    passed = [np.ones(1 << 18) for _ in range(6)]
    del passed
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""

pytestmark = pytest.mark.skipif(allocator.glibc() is None, reason="the C library is not glibc")


def run(program: str, how: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", program, how]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)


def test_threads_share_one_heap() -> None:
    assert run(_THREADS_THAT_ALLOCATE, "told").stderr.count("Arena ") == 1
    assert run(_THREADS_THAT_ALLOCATE, "as it is").stderr.count("Arena ") > 1


def test_a_pass_finds_the_memory_of_the_one_before() -> None:
    pages_of_one_pass = 6 * (2 << 20) // os.sysconf("SC_PAGESIZE")
    spared = int(run(_PASSES, "as it is").stdout) - int(run(_PASSES, "told").stdout)
    assert spared > 10 * pages_of_one_pass


def test_without_glibc_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "glibc", lambda: None)
    allocator.keep_what_passes_need()

"""A program that owns a worker and waits: ``python -m tests.attacks.owner FOLDER``. It is killed by a test."""

from __future__ import annotations

import sys

from index.isolation.pool import WorkerPool
from tests.attacks import jobs

if __name__ == "__main__":
    list(WorkerPool().stream(jobs.ignoring_signals, sys.argv[1], subject="a.txt"))

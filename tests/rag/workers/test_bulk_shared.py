"""Workers that embed into a PostgreSQL: whatever is killed, what is stored is what one process stores in a folder."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.postgres.server import PostgresServer
from tests.rag.workers.bulk import FILES, assert_as_alone, children, indexing, make_files

pytestmark = pytest.mark.model


def embedders(driver: int) -> list[int]:
    """The processes that embed for it, by what they alone are given."""
    found = []
    for pid in children(driver):
        with suppress(OSError):  # it ended
            if b"OMP_NUM_THREADS=1" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def test_a_killed_driver_and_a_killed_worker_leave_nothing_half_in_a_database(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    files, data, database = tmp_path / "files", tmp_path / "data", postgres.new_database()
    make_files(files)
    with indexing(files, data, "--workers", "2", SOURCESPAN_DATABASE=database) as (process, outcomes):
        heard = [next(outcomes)["path"], next(outcomes)["path"]]
        process.send_signal(signal.SIGKILL)
        heard += [outcome["path"] for outcome in outcomes]
    with indexing(files, data, "--workers", "2", SOURCESPAN_DATABASE=database) as (process, outcomes):
        states = {}
        for outcome in outcomes:
            states[outcome["path"]] = outcome["outcome"]
            if outcome["outcome"] == "new":
                break
        with suppress(ProcessLookupError):  # it ended by itself
            os.kill(embedders(process.pid)[-1], signal.SIGKILL)
        states |= {outcome["path"]: outcome["outcome"] for outcome in outcomes}
    assert {states[path] for path in heard} == {"unchanged"}
    with indexing(files, data, "--workers", "2", SOURCESPAN_DATABASE=database) as (_, outcomes):
        last = list(outcomes)
    assert len(last) == FILES
    assert Counter(outcome["outcome"] for outcome in last) == {"unchanged": FILES - 2, "failed": 1, "skipped": 1}
    broken = {Path(outcome["path"]).name for outcome in last if outcome["outcome"] != "unchanged"}
    assert broken == {"21.txt", "22.xyz"}
    assert_as_alone(files, tmp_path, database)

"""Workers that embed into a PostgreSQL: whatever is killed, what is stored is what one process stores in a folder."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.postgres_server import PostgresServer
from tests.rag.bulk import FILES, assert_as_alone, children, indexing, make_files

pytestmark = pytest.mark.model


def test_killed_workers_and_drivers_leave_nothing_half_in_a_database(postgres: PostgresServer, tmp_path: Path) -> None:
    files, data, database = tmp_path / "files", tmp_path / "data", postgres.new_database()
    make_files(files)
    with indexing(files, data, "--workers", "2", SOURCESPAN_DATABASE=database) as (process, outcomes):
        heard = [next(outcomes)["path"], next(outcomes)["path"]]
        process.send_signal(signal.SIGKILL)
        heard += [outcome["path"] for outcome in outcomes]
    with indexing(files, data, "--workers", "2", SOURCESPAN_DATABASE=database) as (process, outcomes):
        states = {outcome["path"]: outcome["outcome"] for outcome in [next(outcomes)]}
        for pid in children(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        states |= {outcome["path"]: outcome["outcome"] for outcome in outcomes}
    assert {states[path] for path in heard} == {"unchanged"}
    with indexing(files, data, "--workers", "2", SOURCESPAN_DATABASE=database) as (_, outcomes):
        last = list(outcomes)
    assert len(last) == FILES
    assert Counter(outcome["outcome"] for outcome in last) == {"unchanged": FILES - 2, "failed": 1, "skipped": 1}
    broken = {Path(outcome["path"]).name for outcome in last if outcome["outcome"] != "unchanged"}
    assert broken == {"21.txt", "22.xyz"}
    assert_as_alone(files, tmp_path, database)

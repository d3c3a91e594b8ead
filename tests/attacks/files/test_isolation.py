"""Worker processes keep their limits, die alone, and never outlive whoever started them."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from index.errors import DocumentError, DocumentTooComplex, MalformedFile, ParserDied, WorkStopped
from index.isolation.limits import Limits
from index.isolation.pool import PoolPlan, Stop, WorkerPool
from index.isolation.process import WorkerFault, WorkerLost, WorkerProcess
from tests.attacks import jobs

LIMITS = Limits(memory_bytes=400_000_000, seconds=60, result_bytes=50_000_000)


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(PoolPlan(LIMITS)) as opened:
        yield opened


def run(pool: WorkerPool, function: Callable[..., Iterator[object]], *arguments: object) -> list[object]:
    return list(pool.stream(function, *arguments, subject="a.txt"))


def until(true: Callable[[], bool]) -> None:
    """Waits for what another process does; gives up after far longer than it can take."""
    given_up = threading.Event()
    timer = threading.Timer(60, given_up.set)
    timer.start()
    while not true():
        assert not given_up.is_set(), "it never came true"
        os.sched_yield()
    timer.cancel()


def process_in(folder: Path) -> int:
    """The process that says there that it began."""
    until(lambda: any(folder.iterdir()))
    (name,) = (path.name for path in folder.iterdir())
    return int(name)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_results_come_as_they_are_and_one_worker_does_all_jobs(pool: WorkerPool) -> None:
    value = {"text": "a€😀\ud800", "numbers": [1, 2.5, None, True], "bytes": b"\0"}
    assert run(pool, jobs.one, value) == [value]
    assert len({tuple(run(pool, jobs.own_process)) for _ in range(3)}) == 1
    assert run(pool, jobs.own_process) != [os.getpid()]


def test_the_bytes_of_a_file_are_the_input(pool: WorkerPool) -> None:
    file = io.BytesIO(bytes(3_000_001))
    file.seek(17)
    assert list(pool.stream(jobs.lengths, 2, subject="a.txt", data=file)) == [3_000_001] * 2
    assert list(pool.stream(jobs.lengths, 1, subject="a.txt", data=io.BytesIO())) == [0]


def test_a_result_is_made_when_it_is_asked_for(pool: WorkerPool, tmp_path: Path) -> None:
    results = pool.stream(jobs.noted, str(tmp_path), 5, subject="a.txt")
    for number in range(3):
        assert next(results) == number
        assert len(list(tmp_path.iterdir())) == number + 1
    results.close()
    assert run(pool, jobs.one, 1) == [1]
    assert len(list(tmp_path.iterdir())) == 3


def test_more_memory_than_the_limit_is_told_and_does_no_harm(pool: WorkerPool) -> None:
    assert run(pool, jobs.holding, 200_000_000) == [200_000_000]
    with pytest.raises(DocumentTooComplex, match=r"'a\.txt' needs more than 400 MB of memory") as raised:
        run(pool, jobs.holding, 500_000_000)
    assert (raised.value.resource, raised.value.limit) == ("memory", 400_000_000)
    assert run(pool, jobs.one, 1) == [1]


def test_a_worker_that_held_much_is_replaced() -> None:
    with WorkerPool() as pool:
        before = run(pool, jobs.own_process)
        assert run(pool, jobs.holding, 10_000_000)
        assert run(pool, jobs.own_process) == before
        assert run(pool, jobs.holding, 400_000_000)
        assert run(pool, jobs.own_process) != before


def test_more_time_than_the_limit_is_told(tmp_path: Path) -> None:
    with WorkerPool(PoolPlan(Limits(seconds=1))) as pool:
        for job in (jobs.forever, jobs.in_one_call):
            with pytest.raises(DocumentTooComplex, match=r"'a\.txt' takes longer than 1 seconds"):
                run(pool, job, str(tmp_path))
        assert run(pool, jobs.one, 1) == [1]
        until(lambda: all(is_gone(int(path.name)) for path in tmp_path.iterdir()))


def test_the_clock_stands_still_while_nobody_asks(tmp_path: Path) -> None:
    with WorkerPool(PoolPlan(Limits(seconds=1))) as pool:
        results = pool.stream(jobs.lengths, 2, subject="a.txt", data=io.BytesIO(b"abc"))
        assert next(results) == 3
        with pytest.raises(DocumentTooComplex):
            run(pool, jobs.forever, str(tmp_path))
        assert list(results) == [3]


def test_a_larger_result_than_the_limit_is_told(pool: WorkerPool) -> None:
    assert len(run(pool, jobs.large, 49_000_000)) == 1
    with pytest.raises(DocumentTooComplex, match="more than 50 MB of text"):
        run(pool, jobs.large, 51_000_000)
    assert run(pool, jobs.one, 1) == [1]


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_worker_that_dies_is_told_and_replaced(pool: WorkerPool, number: signal.Signals) -> None:
    with pytest.raises(ParserDied, match=signal.strsignal(number)) as raised:
        run(pool, jobs.killed, int(number))
    assert isinstance(raised.value, DocumentError)
    assert run(pool, jobs.one, 1) == [1]


def test_a_library_that_aborts_for_want_of_memory_is_told_as_such(pool: WorkerPool) -> None:
    held = b"x" * 700_000_000  # whatever the process that asks has held itself
    del held
    with pytest.raises(DocumentTooComplex, match=r"'a\.txt' needs more than 400 MB of memory"):
        run(pool, jobs.killed_while_holding, 300_000_000, int(signal.SIGABRT))
    with pytest.raises(ParserDied, match=signal.strsignal(signal.SIGABRT)):
        run(pool, jobs.killed_while_holding, 50_000_000, int(signal.SIGABRT))


def test_a_worker_that_leaves_is_told(pool: WorkerPool) -> None:
    with pytest.raises(ParserDied, match="exit code 3"):
        run(pool, jobs.leaving)


def test_errors_of_ours_come_whole_and_cost_no_worker(pool: WorkerPool) -> None:
    before = run(pool, jobs.own_process)
    with pytest.raises(MalformedFile, match=r"'a\.txt' cannot be read: it is bad") as raised:
        run(pool, jobs.malformed)
    assert (raised.value.name, raised.value.reason) == ("a.txt", "it is bad")
    with pytest.raises(WorkerFault, match="KeyError: 'nothing'"):
        run(pool, jobs.foul)
    assert run(pool, jobs.own_process) == before


def test_what_a_worker_sends_runs_nothing_here(
    pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParserDied, match="answered"):
        run(pool, jobs.hostile)
    assert not list(tmp_path.iterdir())


def test_a_worker_prints_and_writes_nothing_and_sees_no_settings(
    pool: WorkerPool, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ("SOURCESPAN_API_KEYS", "PGPASSWORD", "RAY_AUTH_TOKEN")
    for name in secrets:
        monkeypatch.setenv(name, "write:secret")
    assert run(pool, jobs.chatty) == ["quiet"]
    assert run(pool, jobs.writing, str(tmp_path)) == ["File too large"]
    (names,) = run(pool, jobs.environment)
    assert not {*secrets} & {*names}  # type: ignore[misc]
    assert capfd.readouterr() == ("", "")


def test_a_worker_that_is_stopped_ends_at_once(pool: WorkerPool, tmp_path: Path) -> None:
    for job in (jobs.in_one_call, jobs.ignoring_signals):
        folder = tmp_path / job.__name__
        folder.mkdir()
        stop = Stop()
        with ThreadPoolExecutor(1) as thread:
            work = thread.submit(list, pool.stream(job, str(folder), subject="a.txt", stop=stop))
            pid = process_in(folder)
            stop.set()
            assert isinstance(work.exception(60), WorkStopped)
        until(lambda pid=pid: is_gone(pid))  # type: ignore[misc]
        with pytest.raises(WorkStopped):
            list(pool.stream(jobs.one, 1, subject="a.txt", stop=stop))
    assert run(pool, jobs.one, 1) == [1]


def test_a_switch_ends_only_the_work_that_it_belongs_to(pool: WorkerPool) -> None:
    stop = Stop()
    assert list(pool.stream(jobs.one, 1, subject="a.txt", stop=stop)) == [1]
    before = run(pool, jobs.own_process)
    stop.set()
    assert run(pool, jobs.own_process) == before


def test_a_pool_that_is_closed_ends_all_work(tmp_path: Path) -> None:
    pool = WorkerPool(PoolPlan(LIMITS))
    with ThreadPoolExecutor(1) as thread:
        work = thread.submit(run, pool, jobs.ignoring_signals, str(tmp_path))
        pid = process_in(tmp_path)
        pool.close()
        assert isinstance(work.exception(60), WorkStopped)
    until(lambda: is_gone(pid))
    with pytest.raises(WorkStopped):
        run(pool, jobs.one, 1)
    pool.close()


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-m", "tests.attacks.owner", str(tmp_path)]) as owner:
        pid = process_in(tmp_path)
        assert not is_gone(pid)
        owner.kill()
        owner.wait()
    until(lambda: is_gone(pid))


def test_many_callers_have_a_worker_each(pool: WorkerPool) -> None:
    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(lambda n: run(pool, jobs.one, n), range(20))) == [[n] for n in range(20)]


def test_a_worker_that_is_killed_while_it_starts_costs_nothing(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, results = [True, False, True, True], WorkerProcess.results

    def killed(worker: WorkerProcess, *job: object) -> Iterator[Any]:
        if lost.pop(0):
            raise WorkerLost("killed")
        return results(worker, *job)  # type: ignore[arg-type]

    monkeypatch.setattr(WorkerProcess, "results", killed)
    assert run(pool, jobs.one, 1) == [1]
    with pytest.raises(WorkerLost):
        run(pool, jobs.one, 1)


def test_a_worker_that_cannot_start_is_no_fault_of_the_document() -> None:
    with (
        WorkerPool(PoolPlan(LIMITS, ("no.such.module",))) as pool,
        pytest.raises(WorkerFault, match="did not start: exit code 1"),
    ):
        run(pool, jobs.one, 1)

from __future__ import annotations

import os
import select
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from index.errors import CatalogueFull, NotEmbedded
from index.ingestion import following
from index.ingestion.build import LateParser
from index.ingestion.crew import Crew, Elsewhere, Shares
from index.isolation.pool import PoolPlan, WorkerPool
from index.parsing.files import named_files
from rag.config import ModelConfig
from rag.engine import Sourcespan
from rag.workers.bulk import workers
from tests.rag.workers.bulk import assert_as_alone, assert_same, children, indexing, make_files

pytestmark = pytest.mark.model


@pytest.fixture
def files(tmp_path: Path) -> Path:
    make_files(tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sourcespan]:
    monkeypatch.setattr(following, "_DOCUMENTS_IN_GROUP", 3)
    with Sourcespan.open(tmp_path / "data", answers=False) as opened:
        yield opened


def pool_of(crew: Crew) -> WorkerPool:
    return cast(WorkerPool, cast(Elsewhere, crew.embedding)._pool)


def kill_workers(crew: Crew) -> None:
    """kill -9 of those that embed."""
    for worker in list(pool_of(crew)._workers):
        with suppress(OSError):  # it ended by itself
            # at the latest the last of these is what works; none comes back from where it waits
            for pid in (*children(worker.pid), worker.pid):
                os.kill(pid, signal.SIGKILL)


def test_workers_store_what_one_process_does(library: Sourcespan, files: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with workers(library, ModelConfig(), 2) as crew:
        outcomes = list(library.add_files([files], lambda *step: told.append(step), collections=["ferries"], crew=crew))
        again = list(library.add_files([files], collections=["ferries"], crew=crew))
        (files / "03.txt").write_text("Another story.")
        (files / "04.txt").unlink()
        changed = list(library.add_files([files], collections=["ferries"], sync=True, crew=crew))
    assert told == sorted(told)
    assert told[0][0] == 0
    make_files(tmp_path / "same")
    with Sourcespan.open(tmp_path / "alone", answers=False) as alone:
        alone_told: list[tuple[int, int]] = []
        expected = list(
            alone.add_files([tmp_path / "same"], lambda *step: alone_told.append(step), collections=["ferries"])
        )
        assert told[-1] == alone_told[-1]
        (tmp_path / "same" / "03.txt").write_text("Another story.")
        (tmp_path / "same" / "04.txt").unlink()
        list(alone.add_files([tmp_path / "same"], collections=["ferries"], sync=True))
        assert_same(library, alone)
    assert [(o.path.name, o.state, type(o.error)) for o in outcomes if o.path] == [
        (o.path.name, o.state, type(o.error)) for o in expected if o.path
    ]
    assert {outcome.state for outcome in again} == {"known", None}
    assert Counter(outcome.state for outcome in changed) >= Counter({"replaced": 1, "removed": 1})


def test_the_group_of_a_killed_worker_is_given_to_another(library: Sourcespan, files: Path) -> None:
    killed: list[int] = []

    def kill_once(done: int, _: int) -> None:
        if done and not killed:  # what is embedded is not handed over yet
            killed.append(done)
            kill_workers(crew)

    with workers(library, ModelConfig(), 2) as crew:
        outcomes = list(library.add_files([files], kill_once, crew=crew))
    assert killed
    assert [o.path and o.path.name for o in outcomes if o.document is None] == ["21.txt", "22.xyz"]


def test_files_whose_workers_are_killed_twice_are_named_and_come_in_later(
    library: Sourcespan, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_DOCUMENTS_IN_GROUP", 12)
    with workers(library, ModelConfig(), 2) as crew:
        outcomes = list(library.add_files([files], lambda done, _: kill_workers(crew) if done else None, crew=crew))
    lost = [outcome.path for outcome in outcomes if isinstance(outcome.error, NotEmbedded)]
    assert files / "19.txt" in lost
    assert "Killed" in str(outcomes[0].error)
    assert library.index.count()[0] == 20 + 2 - len(set(lost) - {files / "20.txt"})
    with workers(library, ModelConfig(), 2) as crew:
        later = list(library.add_files([files], crew=crew))
    assert {outcome.path for outcome in later if outcome.state in ("new", "known")} >= set(lost)
    assert library.index.count()[0] == 22


def test_a_driver_that_is_killed_takes_its_workers_along_and_the_next_one_goes_on(files: Path, tmp_path: Path) -> None:
    with indexing(files, tmp_path / "data", "--workers", "2") as (process, outcomes):
        heard = [next(outcomes)["path"], next(outcomes)["path"]]
        watched = [os.pidfd_open(pid) for pid in children(process.pid)]
        process.send_signal(signal.SIGKILL)
        heard += [outcome["path"] for outcome in outcomes]
    assert len(watched) >= 2
    for descriptor in watched:
        assert select.select([descriptor], [], [], 120)[0], "a worker outlives its driver"
        os.close(descriptor)
    with indexing(files, tmp_path / "data", "--workers", "2") as (process, outcomes):
        states = {outcome["path"]: outcome["outcome"] for outcome in outcomes}
    assert {states[path] for path in heard} == {"unchanged"}
    assert set(states.values()) <= {"unchanged", "new", "failed", "skipped"}
    assert_as_alone(files, tmp_path)


def test_stopped_it_keeps_what_it_has_and_ends_its_workers(files: Path, tmp_path: Path) -> None:
    with indexing(files, tmp_path / "data", "--workers", "2") as (process, outcomes):
        next(outcomes)
        watched = [os.pidfd_open(pid) for pid in children(process.pid)]
        process.send_signal(signal.SIGINT)
        heard = 1 + sum(outcome["outcome"] == "new" for outcome in outcomes)
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(120) in (130, 2)  # 2: everything was in before it heard of it, and one file is broken
        assert process.returncode == 2 or "Stopped. What is indexed stays" in said
        for descriptor in watched:
            assert select.select([descriptor], [], [], 120)[0]
            os.close(descriptor)
    with Sourcespan.open(tmp_path / "data", answers=False) as library:
        assert library.index.count()[0] >= heard


def test_what_cannot_be_stored_ends_the_run_and_its_workers(
    library: Sourcespan, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise CatalogueFull

    with workers(library, ModelConfig(), 2) as crew:
        monkeypatch.setattr(library.index._catalogue, "put", full)
        with pytest.raises(CatalogueFull):
            list(library.add_files([files], crew=crew))
        assert not pool_of(crew)._workers or all(not worker.is_usable for worker in pool_of(crew)._workers)


def test_far_away_a_file_is_what_it_is_here(files: Path) -> None:
    late = LateParser()
    pool = PoolPlan(late.limits, ("index.parsing.isolated",)).pool()
    far = late.with_pool(pool, is_far=True)
    try:
        (files / "24.txt").symlink_to("nowhere")
        for file in [*named_files([files]), *named_files([files / "24.txt"])]:
            for here, there in zip(late.get().drafts_at(file), far.drafts_at(file), strict=True):
                assert (here.path, here.size, here.draft, str(here.error), here.data) == (
                    (there.path, there.size, there.draft, str(there.error), there.data)
                )
    finally:
        late.close()
        far.close()


def test_parts_that_go_on_together_are_told_as_one() -> None:
    told: list[tuple[int, int]] = []
    shares = Shares(lambda *step: told.append(step), 100)
    first, second = shares.part(60), shares.part(60)
    first(1, 2)
    second(1, 4)
    first(1, 1)
    second(1, 1)
    assert told == [(0, 100), (30, 100), (40, 100), (70, 100), (100, 100)]

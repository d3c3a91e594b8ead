"""With a real Ray cluster, which is started once, since that takes seconds."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rag.workers.bulk import FILES, assert_as_alone, indexing, make_files

pytestmark = pytest.mark.model

# what is started here ends when its input does
_CLUSTER = """
import sys, ray
ray.init(num_cpus=4, include_dashboard=False, object_store_memory=80_000_000, log_to_driver=False)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""
_TRIES = 5
_BROKEN = {"21.txt": "failed", "22.xyz": "skipped"}


@dataclass(frozen=True)
class Cluster:
    address: str
    environment: dict[str, str]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two processors' worth of workers, and two to spare."""
    stubs = tmp_path_factory.mktemp("stubs")
    # Ray imports jsonschema in each of its ten processes, and gives them 15 seconds to start; this, which jsonschema
    # imports where it is installed, parses a grammar for seconds, and none of them needs it
    (stubs / "rfc3987_syntax.py").write_text("raise ImportError")
    environment = {
        "PYTHONPATH": os.pathsep.join([str(stubs), *filter(None, sys.path)]),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    for _ in range(_TRIES):
        with subprocess.Popen(
            [sys.executable, "-c", _CLUSTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        ) as process:
            assert process.stdout is not None
            if address := process.stdout.readline().strip():
                yield Cluster(address, environment)
                return
    pytest.fail("Ray did not start")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    make_files(tmp_path / "files")
    return tmp_path / "files"


def outcomes_on(cluster: Cluster, files: Path, data: Path) -> dict[str, str]:
    with indexing(files, data, "--ray", cluster.address, "--workers", "2", **cluster.environment) as (_, outcomes):
        return {Path(outcome["path"]).name: outcome["outcome"] for outcome in outcomes}


def actors() -> list[int]:
    """The processes of the cluster's workers."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended
            if (process / "cmdline").read_bytes().startswith(b"ray::_Actor"):
                found.append(int(process.name))
    return found


def test_a_cluster_stores_what_one_process_does(cluster: Cluster, files: Path, tmp_path: Path) -> None:
    states = outcomes_on(cluster, files, tmp_path / "data")
    assert len(states) == FILES
    assert {name: state for name, state in states.items() if state not in ("new", "unchanged")} == _BROKEN
    assert_as_alone(files, tmp_path)


def test_workers_of_a_cluster_that_are_killed_are_made_anew(cluster: Cluster, files: Path, tmp_path: Path) -> None:
    more = "--ray", cluster.address, "--workers", "2"
    with indexing(files, tmp_path / "data", *more, **cluster.environment) as (_, outcomes):
        states = {Path(outcome["path"]).name: outcome["outcome"] for outcome in [next(outcomes)]}
        for pid in actors():
            os.kill(pid, signal.SIGKILL)
        states |= {Path(outcome["path"]).name: outcome["outcome"] for outcome in outcomes}
    assert {name: state for name, state in states.items() if state not in ("new", "unchanged")} == _BROKEN
    assert_as_alone(files, tmp_path)


def test_a_driver_of_a_cluster_that_is_killed_is_gone_on_from(cluster: Cluster, files: Path, tmp_path: Path) -> None:
    more = "--ray", cluster.address, "--workers", "2"
    with indexing(files, tmp_path / "data", *more, **cluster.environment) as (process, outcomes):
        heard = [Path(next(outcomes)["path"]).name]
        process.send_signal(signal.SIGKILL)
        heard += [Path(outcome["path"]).name for outcome in outcomes]
    states = outcomes_on(cluster, files, tmp_path / "data")
    assert {states[name] for name in heard} == {"unchanged"}
    assert_as_alone(files, tmp_path)


def test_more_workers_than_a_cluster_has_free_are_refused_in_words(
    cluster: Cluster, files: Path, tmp_path: Path
) -> None:
    more = "--ray", cluster.address, "--workers", "5"
    with indexing(files, tmp_path / "data", *more, **cluster.environment) as (process, outcomes):
        assert list(outcomes) == []
        assert process.stderr is not None
        assert "5 wanted, and 4 of its 4 processors are free" in process.stderr.read()
        assert process.wait(120) == 2

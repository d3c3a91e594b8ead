"""What is measured of a PostgreSQL: sizes, costs, replicas."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.benchmarks.postgres_cost import PostgresCost
from eval.benchmarks.replicas import Round, summed_up
from eval.benchmarks.scale.shared import GROWING, Filled, SharedScaled, exponents, measure, modelled, tables
from index.interfaces import Vectors
from index.store.opening import at
from tests.postgres.server import PostgresServer


def unit(count: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    one: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return one


ROW = SharedScaled(1_000, 2.0, 1.0, 3.0, 4.0, 5_000_000, 1_000_000, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 2.0, 1.5)
TEN_TIMES = replace(ROW, passages=10_000, graph_cpu_seconds=400.0, bytes=50_000_000, cpu_ms=1.0)


def test_each_size_is_measured_in_the_same_database_and_a_stopped_run_goes_on(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    real, questions, database = unit(200, 0), unit(20, 1), postgres.new_database()
    texts = [f"The ferry number {number} leaves at noon. It is late." for number in range(200)]
    told: list[str] = []
    filled = Filled(database, tmp_path, real, texts)
    small = measure(filled, real, questions, 10_000, told.append)
    filled.close()
    again = Filled(database, tmp_path, real, texts)
    large = measure(again, real, questions, 20_000, told.append)
    assert again.catalogue.count() == (20, 20_000)
    again.close()
    assert [line for line in told if "passages" in line] == [
        "10,000 of 10,000 passages are in",
        "20,000 of 20,000 passages are in",
    ]
    for row in (small, large):
        assert row.recall > 0.9
        assert row.filtered_recall == 1.0
        assert 0 < row.graph_bytes < row.bytes
        assert 0 < row.p50_ms <= row.p95_ms
    assert small.bytes < large.bytes


def test_what_is_modelled_goes_on_from_the_largest_size_as_it_grew() -> None:
    assert exponents([ROW, TEN_TIMES]) == pytest.approx(
        dict(zip(GROWING, (0.0, 2.0, 1.0, 0.0, 0.0, 0.0), strict=True)), abs=1e-9
    )
    (row,) = modelled([TEN_TIMES, ROW], [100_000])
    assert (row["graph_cpu_seconds"], row["bytes"], row["cpu_ms"]) == pytest.approx((40_000, 500_000_000, 1.0))
    assert "| 10,000 | 2.00 ms | 3 s | 400 s | 0.05 GB |" in tables([ROW, TEN_TIMES])
    assert "| 1,000,000,000 |" in tables([ROW, TEN_TIMES])
    assert "1,000,000,000" not in tables([ROW])


def test_what_a_database_does_costs_processor_time(postgres: PostgresServer) -> None:
    database = at(postgres.new_database())
    database.prepare("of a test", 16)
    cost = PostgresCost(database)
    before = cost.cpu_seconds()
    with database.aside() as db:
        db.execute("SELECT count(*) FROM generate_series(1, 2000000)")
    assert cost.cpu_seconds() > before
    assert cost.bytes_of() > cost.bytes_of("pg_class") > 0
    database.close()


def test_a_ratio_is_also_told_as_if_each_replica_had_its_processor_for_itself() -> None:
    one = Round(1, 100, 20.0, 0, 50.0, 2.0, 1.0, busy=1.0)
    two = Round(2, 180, 36.0, 0, 50.0, 2.0, 1.0, busy=0.9)
    summed = summed_up([one, two, replace(one, questions_per_second=20.0), two])
    assert (summed["ratio"], summed["ratio_of_own_time"], summed["database_ms"]) == (1.8, 2.0, 2.0)
    assert summed["replicas_for_a_processor_of_the_database"] == 25.0


@pytest.mark.model
def test_replicas_are_measured(postgres: PostgresServer) -> None:
    command = [sys.executable, "-m", "eval.benchmarks.replicas", postgres.new_database(), "--rounds", "1"]
    done = subprocess.run([*command, "--seconds", "3", "--clients", "1"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert [row["replicas"] for row in measured["rounds"]] == [1, 2]
    for row in measured["rounds"]:
        assert row["errors"] == 0
        assert row["answered"] > 0
        assert row["replica_ms"] > 0

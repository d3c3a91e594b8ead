from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.benchmarks.scale.vectors import (
    FIGURES,
    VECTOR_KINDS,
    Scaled,
    exact,
    expanded,
    growth,
    measure,
    texts_and_questions,
)
from eval.benchmarks.scale.words import made_up, measure_words_here
from index.interfaces import Progress, Vectors

SOURCESPAN = str(Path(sys.executable).parent / "sourcespan")


def unit(count: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    one: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return one


def test_expanding_keeps_the_real_vectors_and_adds_near_ones_of_unit_length() -> None:
    real = unit(300, 0)
    blocks = list(expanded(real, 25_000))
    keys, vectors = (np.concatenate(part) for part in zip(*blocks, strict=True))
    assert keys.tolist() == list(range(1, 25_001))
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors[:300], real)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    nearest = (vectors[-1_000:] @ real.T).max(axis=1)
    assert nearest.min() > 0.7
    assert nearest.mean() < 0.99
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(blocks, expanded(real, 25_000), strict=True))


@contextmanager
def silent(what: str) -> Iterator[Progress]:
    yield lambda done, total: None


def test_exact_search_over_blocks_is_exact_search_over_all() -> None:
    real, questions = unit(300, 0), unit(7, 1)
    vectors = np.concatenate([block for _, block in expanded(real, 25_000)])
    expected = np.argsort(-(questions @ vectors.T), axis=1)[:, :10] + 1
    told: list[tuple[int, int]] = []
    assert np.array_equal(exact(real, 25_000, questions, lambda *progress: told.append(progress)), expected)
    assert told == [(10_000, 25_000), (20_000, 25_000), (25_000, 25_000)]


def test_each_kind_is_measured_against_exact_search() -> None:
    of_this_process = np.ones(80_000_000, np.float32)
    measured = {row.kind: row for row in measure(unit(300, 0), unit(20, 1), 3_000, VECTOR_KINDS, silent)}
    assert list(measured) == list(VECTOR_KINDS)
    assert measured["flat"].recall == 1.0
    for row in measured.values():
        assert row.recall > 0.8
        assert 0 < row.p50_ms <= row.p95_ms
        assert 0 < row.resident_mb <= row.peak_mb < of_this_process.nbytes / 2**20
    sizes = [measured[kind].bytes_per_passage for kind in ("ivf-sq8", "flat")]
    assert sizes == sorted(sizes)


def test_made_up_passages_are_of_real_sentences() -> None:
    texts = ["The ferry leaves at noon. It takes the bread.", "Nobody bakes at night."]
    passages = list(made_up(texts, 50))
    assert (len(passages), passages[:2]) == (50, texts)
    every = {"The ferry leaves at noon.", "It takes the bread.", "Nobody bakes at night."}
    for passage in passages[2:]:
        said = passage.replace(". ", ".\n").split("\n")
        assert set(said) <= every
        assert len(said) in (1, 2)
    assert list(made_up(texts, 50)) == passages
    assert list(made_up(texts, 1)) == texts[:1]


def test_words_are_measured(tmp_path: Path) -> None:
    texts = [f"The ferry number {at} leaves at noon. It takes bread to the harbour {at % 7}." for at in range(300)]
    questions = [f"When does ferry {at} leave?" for at in range(0, 300, 30)]
    told: dict[str, list[tuple[int, int]]] = {}

    def bar(what: str) -> AbstractContextManager[Progress]:
        heard = told.setdefault(what, [])
        return nullcontext(lambda done, total: heard.append((done, total)))

    row = measure_words_here(tmp_path / "catalogue", texts, questions, 2_500, bar)
    storing, building, asking = told.values()
    assert storing == [(1_000, 2_500), (2_000, 2_500), (2_500, 2_500)]
    assert building == []
    assert asking == [(at, 10) for at in range(1, 11)]
    assert (row.kind, row.passages, row.recall) == ("words", 2_500, 1.0)
    assert 0 < row.p50_ms <= row.p95_ms
    assert row.bytes_per_passage > 10


def test_growth_is_the_exponent_of_the_number_of_passages() -> None:
    def row(passages: int) -> Scaled:
        return Scaled("ivf", "", passages, 1.0, 1.0, 1.0, 0.002 * passages**0.5, 1.0, 3.0 * passages**1.5, 40, 7.0, 9.0)

    (found,) = growth([row(1_000), row(10_000), row(1_000_000), replace(row(1_000), kind="flat")]).values()
    assert found == pytest.approx(dict(zip(FIGURES, (0.5, 1.5, 1.0, 0.0), strict=True)), abs=1e-9)


def test_without_files_the_article_is_taken() -> None:
    texts, questions = texts_and_questions([], limit=20, asked=5)
    assert (len(texts), len(questions)) == (20, 5)
    assert questions[0].endswith("?")


@pytest.mark.model
def test_the_command_measures_every_size_and_kind_and_goes_on_where_it_was(tmp_path: Path) -> None:
    command = [SOURCESPAN, "eval", "scale", "--real", "30", "--questions", "10", "--passages", "2000"]
    out, kept = tmp_path / "scale.json", tmp_path / "scale.measured.jsonl"

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *more], capture_output=True, text=True, timeout=300)

    done = run("--kind", "ivf", "--json", str(out))
    assert done.returncode == 0, done.stderr
    first = json.loads(out.read_text())
    (row,) = first.pop("measured")
    assert (row["passages"], row["kind"], first["real"], first.pop("growth")) == (2_000, "ivf", 30, {})
    assert not kept.exists()
    row["p95_ms"] = 12_345.0  # by which it is known again
    kept.write_text(f"{json.dumps(first)}\n{json.dumps(row)}\n")
    done = run("--kind", "ivf", "--kind", "words", "--passages", "1000", "--json", str(out))
    assert done.returncode == 0, done.stderr
    assert "12,345" in done.stdout
    rows = {(row["passages"], row["kind"]): row for row in json.loads(out.read_text())["measured"]}
    assert list(rows) == [(1_000, "ivf"), (1_000, "words"), (2_000, "ivf"), (2_000, "words")]
    assert rows[2_000, "ivf"] == row
    wrong = run("--kind", "lsh")
    assert (wrong.returncode, "no such kind: lsh" in wrong.stderr) == (2, True)

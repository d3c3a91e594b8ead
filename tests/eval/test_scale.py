from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eval.scale import exact, expanded, measure, texts_and_questions
from index.interfaces import Vectors

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


def test_exact_search_over_blocks_is_exact_search_over_all() -> None:
    real, questions = unit(300, 0), unit(7, 1)
    vectors = np.concatenate([block for _, block in expanded(real, 25_000)])
    expected = np.argsort(-(questions @ vectors.T), axis=1)[:, :10] + 1
    assert np.array_equal(exact(real, 25_000, questions), expected)


def test_each_kind_is_measured_against_exact_search() -> None:
    flat, lists = measure(unit(300, 0), unit(20, 1), 3_000, ["flat", "ivf-sq8"])
    assert (flat.plan.kind, flat.recall) == ("flat", 1.0)
    assert (lists.plan.kind, lists.recall > 0.8) == ("ivf-sq8", True)
    assert lists.bytes_per_passage < flat.bytes_per_passage
    for measured in (flat, lists):
        assert 0 < measured.p50_ms <= measured.p95_ms
        assert 0 < measured.resident_mb <= measured.peak_mb


def test_without_files_the_article_is_taken() -> None:
    texts, questions = texts_and_questions([], limit=20, asked=5)
    assert (len(texts), len(questions)) == (20, 5)
    assert questions[0].endswith("?")


@pytest.mark.model
def test_the_command_prints_every_size_and_kind() -> None:
    command = [SOURCESPAN, "eval", "scale", "--real", "30", "--questions", "10", "--passages", "2000"]
    done = subprocess.run([*command, "--kind", "ivf", "--json"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (row,) = map(json.loads, done.stdout.splitlines())
    assert (row["passages"], row["plan"]["kind"], row["real"]) == (2_000, "ivf", 30)
    wrong = subprocess.run([*command, "--kind", "hnsw"], capture_output=True, text=True, timeout=300)
    assert (wrong.returncode, "no such kind: hnsw" in wrong.stderr) == (2, True)

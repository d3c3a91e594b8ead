"""Every way to search vectors against brute force, and the rule that chooses between them."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.errors import CatalogueUnusable
from index.interfaces import Vectors
from index.passage_index import PassageIndex
from index.vectors.faiss_index import FaissIndex
from index.vectors.vector_rule import Choice, VectorPlan, VectorRule
from tests import strategies
from tests.fakes import BagOfWordsEmbedder

LISTED: tuple[Choice, ...] = ("ivf", "ivf-sq8")
DIMENSION = 32


def clustered(count: int, seed: int = 0) -> Vectors:
    """Unit vectors around fifty centres, as texts are around their subjects."""
    draw = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(50, DIMENSION))
    vectors = centres[draw.integers(0, 50, count)] + 0.7 * draw.normal(size=(count, DIMENSION))
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def made(choice: Choice, vectors: Vectors) -> FaissIndex:
    index = FaissIndex(vectors.shape[1], VectorRule(choice).plan(len(vectors)), vectors)
    index.add(np.arange(len(vectors)) + 1, vectors)
    return index


@given(strategies.unit_vectors, st.integers(0, 40), st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29)))
def test_exact_search_agrees_with_numpy(vectors: Vectors, limit: int, among: set[int], gone: set[int]) -> None:
    index = FaissIndex(4)
    keys = np.arange(len(vectors)) + 7
    index.add(keys, vectors)
    index.remove(np.array(sorted(at + 7 for at in gone), dtype=np.int64))
    query = np.array([0.5, -0.5, 0.5, 0.5], np.float32)
    scores = {int(k): float(v @ query) for k, v in zip(keys, vectors, strict=True) if k - 7 not in gone}
    assert index.keys().tolist() == sorted(scores)
    for allowed in (None, np.array(sorted(at + 7 for at in among), dtype=np.int64)):
        found = index.search(query, limit, allowed)
        fit = {key: score for key, score in scores.items() if allowed is None or key in allowed}
        assert [score for _, score in found] == pytest.approx(sorted(fit.values(), reverse=True)[:limit], abs=1e-5)
        assert all(score == pytest.approx(fit[key], abs=1e-5) for key, score in found)


def test_vectors_that_are_not_unit_length_are_refused() -> None:
    with pytest.raises(ValueError, match="unit length"):
        FaissIndex(2).add(np.array([1]), np.array([[1.0, 1.0]], np.float32))


@pytest.mark.parametrize("choice", LISTED)
def test_lists_find_nearly_what_exact_search_finds(choice: Choice) -> None:
    vectors = clustered(20_000)
    index = made(choice, vectors)
    assert index.plan.probes < index.plan.lists / 2
    common = 0
    for query in clustered(100, seed=1):
        exact = set((np.argsort(-(vectors @ query))[:10] + 1).tolist())
        found = index.search(query, 10)
        common += len(exact & {key for key, _ in found})
        assert all(score == pytest.approx(float(vectors[key - 1] @ query), abs=0.02) for key, score in found)
    assert common / 1_000 > 0.95


@pytest.mark.parametrize("choice", LISTED)
def test_among_given_keys_lists_miss_nothing(choice: Choice) -> None:
    vectors = clustered(3_000)
    index = made(choice, vectors)
    among = np.random.default_rng(2).choice(3_000, 40, replace=False) + 1
    for query in clustered(20, seed=3):
        assert {key for key, _ in index.search(query, 40, among)} == set(among.tolist())


@pytest.mark.parametrize("choice", LISTED)
def test_as_many_as_were_asked_for_are_found_though_the_nearest_lists_hold_fewer(choice: Choice) -> None:
    index = made(choice, clustered(3_000))
    assert len(index.search(clustered(1, seed=4)[0], 2_900)) == 2_900


@pytest.mark.parametrize("choice", ["flat", *LISTED])
def test_what_was_removed_is_never_found_and_what_is_saved_comes_back(choice: Choice, tmp_path: Path) -> None:
    vectors = clustered(3_000)
    index = made(choice, vectors)
    gone = np.arange(1, 3_001, 3)
    index.remove(gone)
    index.save(tmp_path / "saved é.faiss")
    loaded = FaissIndex.load(tmp_path / "saved é.faiss", DIMENSION, index.plan)
    assert loaded is not None
    for query in (vectors[0], vectors[999]):
        assert not {key for key, _ in loaded.search(query, 100)} & set(gone.tolist())
        assert loaded.search(query, 10) == index.search(query, 10)
    assert len(loaded) == 2_000
    assert loaded.keys().tolist() == sorted({*range(1, 3_001)} - set(gone.tolist()))


def test_a_full_disk_is_told_while_saving() -> None:
    with pytest.raises(OSError, match="No space left"):
        made("flat", clustered(100)).save(Path("/dev/full"))


@given(st.sampled_from(["auto", "flat", "ivf", "ivf-sq8"]), st.integers(0, 3_000_000))
def test_an_index_fits_what_it_was_planned_for_and_small_changes_of_it(choice: Choice, count: int) -> None:
    rule = VectorRule(choice)
    plan = rule.plan(count)
    assert rule.still_fits(plan, count)
    assert rule.still_fits(plan, count - count // 100)
    assert plan.probes <= plan.lists
    assert VectorPlan.read({"kind": plan.kind, "made_for": count, "lists": plan.lists, "probes": plan.probes}) == plan


def test_the_rule_goes_from_exact_to_lists_to_bytes_and_choice_overrules_it() -> None:
    auto = VectorRule()
    assert [auto.plan(n).kind for n in (0, 100_000, 100_001, 250_001)] == ["flat", "flat", "ivf", "ivf-sq8"]
    assert not auto.still_fits(auto.plan(100_000), 100_001)
    assert not auto.still_fits(auto.plan(300_000), 1_300_000)
    assert auto.still_fits(auto.plan(120_000), 60_000)
    assert not auto.still_fits(auto.plan(120_000), 40_000)
    assert VectorRule("flat").plan(1_000_000).kind == "flat"
    assert [VectorRule("ivf").plan(n).kind for n in (999, 1_000)] == ["flat", "ivf"]


@pytest.mark.parametrize("fields", [{}, {"kind": "lsh", "made_for": 1, "lists": 1, "probes": 1}, {"kind": "flat"}])
def test_a_manifest_that_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(CatalogueUnusable, match="manifest"):
        VectorPlan.read(fields)


def test_opening_and_saving_make_the_vectors_anew_once_they_have_outgrown_their_plan(tmp_path: Path) -> None:
    rule = VectorRule("ivf", train_from=20)
    query = BagOfWordsEmbedder().embed_queries(["story 7"])[0]
    with PassageIndex(tmp_path, BagOfWordsEmbedder(), rule=rule) as index:
        for n in range(30):
            index.add(DocumentDraft("", f"This is story {n}."))
        assert index.vector_plan.made_for == 0
        index.save_snapshot()
        assert (index.vector_plan.kind, index.vector_plan.made_for) == ("ivf", 30)
        found = index.search_dense(query, 3)
    with PassageIndex(tmp_path, BagOfWordsEmbedder(), rule=rule) as index:
        assert index.vector_plan.made_for == 30, "the manifest says how the snapshot is searched"
        assert index.search_dense(query, 3) == found
    with PassageIndex(tmp_path, BagOfWordsEmbedder(), rule=VectorRule("flat")) as index:
        assert index.vector_plan.kind == "flat"
        assert index.search_dense(query, 3) == found


def test_a_snapshot_in_a_folder_with_any_name_is_read_by_python_not_by_faiss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C++ opens no such path on Windows; here it would, so that what FAISS is given is watched."""
    path, vectors = tmp_path / "Größe – 文書 👩‍👧" / "vectors.faiss", clustered(20)
    path.parent.mkdir()
    index = made("flat", vectors)
    index.save(path)
    read = faiss.read_index

    def watched(source: object) -> object:
        assert not isinstance(source, str), "FAISS would open it itself"
        return read(source)

    monkeypatch.setattr(faiss, "read_index", watched)
    loaded = FaissIndex.load(path, DIMENSION, index.plan)
    assert loaded is not None
    assert loaded.search(vectors[3], 5) == index.search(vectors[3], 5)
    assert FaissIndex.load(path.with_name("missing"), DIMENSION, index.plan) is None
    path.write_bytes(path.read_bytes()[:100])
    assert FaissIndex.load(path, DIMENSION, index.plan) is None

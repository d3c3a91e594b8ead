from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from index.documents import DocumentDraft
from index.errors import (
    CatalogueTooNew,
    CatalogueUnusable,
    DocumentNotFound,
    DuplicateDocument,
    EmbedderMismatch,
    EmptyDocument,
    MalformedFile,
)
from index.faiss_index import FaissIndex
from index.passage_index import PassageIndex
from index.schema import SCHEMA_VERSION
from tests import strategies
from tests.fakes import BagOfWordsEmbedder


class OtherEmbedder(BagOfWordsEmbedder):
    fingerprint = "other@1"


class InStep(RuleBasedStateMachine):
    """Whatever is done in whatever order, a search finds what brute force over the stored documents finds."""

    ids: Bundle[str] = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.index = PassageIndex(self.folder, BagOfWordsEmbedder())
        self.stored: dict[str, str] = {}

    @rule(target=ids, text=strategies.documents)
    def add(self, text: str) -> str:
        document, is_new = self.index.add(DocumentDraft("title", text))
        assert is_new == (text not in self.stored.values())
        self.stored[document.id] = text
        return document.id

    @rule(document_id=ids, text=strategies.documents)
    def replace(self, document_id: str, text: str) -> None:
        if document_id not in self.stored:
            with pytest.raises(DocumentNotFound):
                self.index.replace(document_id, DocumentDraft("title", text))
        elif text in (other for known, other in self.stored.items() if known != document_id):
            with pytest.raises(DuplicateDocument):
                self.index.replace(document_id, DocumentDraft("title", text))
        else:
            self.index.replace(document_id, DocumentDraft("title", text))
            self.stored[document_id] = text

    @rule(document_id=consumes(ids))
    def delete(self, document_id: str) -> None:
        if self.stored.pop(document_id, None) is None:
            with pytest.raises(DocumentNotFound):
                self.index.delete(document_id)
        else:
            self.index.delete(document_id)

    @rule(snapshot=st.booleans())
    def reopen(self, snapshot: bool) -> None:
        if snapshot:
            self.index.save_snapshot()
        self.index.catalogue.close()  # as a kill would leave it: without the snapshot that close() makes
        self.index = PassageIndex(self.folder, BagOfWordsEmbedder())

    @rule(text=strategies.documents)
    def add_by_another_process(self, text: str) -> None:
        with PassageIndex(self.folder, BagOfWordsEmbedder()) as other:
            document, _ = other.add(DocumentDraft("title", text))
        self.stored[document.id] = text

    @invariant()
    def search_agrees_with_brute_force(self) -> None:
        embedder = BagOfWordsEmbedder()
        query = embedder.embed_query("The ferry leaves at noon")
        found = self.index.search_dense(query, 1_000)
        for hit in found:
            text = self.stored[hit.passage.document_id]
            assert text[hit.passage.start : hit.passage.end] == hit.passage.text
        expected = {
            (p.document_id, p.start): float(embedder.embed_query(p.text) @ query)
            for p in self.index.catalogue.passages(range(10_000)).values()
        }
        assert {(h.passage.document_id, h.passage.start) for h in found} == set(expected)
        assert {document_id for document_id, _ in expected} == set(self.stored)
        scores = [hit.score for hit in found]
        assert scores == sorted(scores, reverse=True)
        assert scores == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-5)

    def teardown(self) -> None:
        self.index.close()
        shutil.rmtree(self.folder)


InStep.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestInStep = InStep.TestCase


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 30), st.just(4)), elements=st.floats(-1, 1, width=16)),
    st.integers(0, 40),
    st.sets(st.integers(0, 29)),
)
def test_faiss_agrees_with_numpy(vectors: np.ndarray, limit: int, among: set[int]) -> None:
    vectors = vectors + np.array([0.01, 0, 0, 0], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    vectors = vectors[np.abs(np.linalg.norm(vectors, axis=1) - 1) < 1e-3]
    index = FaissIndex(4)
    keys = np.arange(len(vectors)) + 7
    index.add(keys, vectors)
    query = np.array([0.5, -0.5, 0.5, 0.5], np.float32)
    for allowed in (None, np.array(sorted(key + 7 for key in among), dtype=np.int64)):
        found = index.search(query, limit, allowed)
        scores = {int(key): float(vector @ query) for key, vector in zip(keys, vectors, strict=True)}
        fit = {key: score for key, score in scores.items() if allowed is None or key in allowed}
        assert [score for _, score in found] == pytest.approx(sorted(fit.values(), reverse=True)[:limit], abs=1e-5)
        assert all(score == pytest.approx(fit[key], abs=1e-5) for key, score in found)


def test_vectors_that_are_not_unit_length_are_refused() -> None:
    with pytest.raises(ValueError, match="unit length"):
        FaissIndex(2).add(np.array([1]), np.array([[1.0, 1.0]], np.float32))


def test_lexical_search_finds_words_by_their_stem_and_only_among_the_given(index: PassageIndex) -> None:
    ferry, _ = index.add(DocumentDraft("a", "Ferries were leaving the harbour."))
    train, _ = index.add(DocumentDraft("b", "The train leaves at noon."))
    found = index.search_lexical('When does the "ferry" leave? -(x) NEAR*', 5)
    assert [hit.passage.document_id for hit in found] == [ferry.id, train.id]
    only = index.search_lexical("leave", 5, index.catalogue.keys_of([train.id, "unknown"]))
    assert [hit.passage.document_id for hit in only] == [train.id]
    assert not index.search_lexical("?!", 5)


def test_the_same_text_is_stored_once(index: PassageIndex) -> None:
    first, is_new = index.add(DocumentDraft("a", "Some text."))
    again, is_new_again = index.add(DocumentDraft("b", "Some text."))
    assert (is_new, is_new_again, again) == (True, False, first)


def test_another_embedder_is_refused(tmp_path: Path) -> None:
    PassageIndex(tmp_path, BagOfWordsEmbedder()).close()
    with pytest.raises(EmbedderMismatch, match="made with the embedder bag-of-words@1, not other@1"):
        PassageIndex(tmp_path, OtherEmbedder())


def test_a_catalogue_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    PassageIndex(tmp_path, BagOfWordsEmbedder()).close()
    db = sqlite3.connect(tmp_path / "catalogue.sqlite3")
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(CatalogueTooNew, match="use a newer Sourcespan"):
        PassageIndex(tmp_path, BagOfWordsEmbedder())


def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalogue.sqlite3").write_text("not a database, and long enough to be looked at " * 50)
    with pytest.raises(CatalogueUnusable):
        PassageIndex(tmp_path, BagOfWordsEmbedder())


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CatalogueUnusable, match="file"):
        PassageIndex(tmp_path / "file" / "data", BagOfWordsEmbedder())


def test_a_broken_snapshot_is_made_anew(tmp_path: Path) -> None:
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        index.add(DocumentDraft("a", "The ferry leaves."))
    (snapshot,) = tmp_path.glob("*.faiss")
    snapshot.write_bytes(b"broken")
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        assert len(index.search_dense(BagOfWordsEmbedder().embed_query("ferry"), 5)) == 1


def test_progress_is_told_and_can_stop_the_work_with_nothing_half_done(index: PassageIndex) -> None:
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == 2:
            raise KeyboardInterrupt

    text = " ".join(f"Sentence number {n} is about {n}." for n in range(1_000))
    with pytest.raises(KeyboardInterrupt):
        index.add(DocumentDraft("a", text), stop)
    assert seen == [(64, seen[0][1]), (128, seen[0][1])]
    assert index.catalogue.count() == (0, 0)


@pytest.mark.parametrize(
    ("draft", "error"),
    [(("a", " \n\t"), EmptyDocument), (("a", "\ud800"), MalformedFile), (("\udfff", "b"), MalformedFile)],
)
def test_text_that_cannot_be_stored_is_no_document(draft: tuple[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        DocumentDraft(*draft)

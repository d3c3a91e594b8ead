from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from index.documents import DocumentDraft
from index.errors import (
    CatalogueTooNew,
    CatalogueUnusable,
    EmbedderMismatch,
    EmptyDocument,
    MalformedFile,
)
from index.passage_index import PassageIndex
from index.store.databases.schema import SCHEMA_VERSION
from tests.fakes import BagOfWordsEmbedder
from tests.samples.hits import passages_of
from tests.stores import over_both  # noqa: F401


class OtherEmbedder(BagOfWordsEmbedder):
    fingerprint = "other@1"


def test_lexical_search_finds_words_by_their_stem_and_only_among_the_given(index: PassageIndex) -> None:
    ferry, _ = index.add(DocumentDraft("a", "Ferries were leaving the harbour."))
    train, _ = index.add(DocumentDraft("b", "The train leaves at noon."))
    found = index.search_lexical('When does the "ferry" leave? -(x) NEAR*', 5)
    assert [passage.document_id for passage in passages_of(index, found)] == [ferry.id, train.id]
    only = index.search_lexical("leave", 5, [train.id, "unknown", "\ud800"])
    assert [passage.document_id for passage in passages_of(index, only)] == [train.id]
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
    assert index.count() == (0, 0)


@pytest.mark.parametrize(
    ("draft", "error"),
    [(("a", " \n\t"), EmptyDocument), (("a", "\ud800"), MalformedFile), (("\udfff", "b"), MalformedFile)],
)
def test_text_that_cannot_be_stored_is_no_document(draft: tuple[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        DocumentDraft(*draft)

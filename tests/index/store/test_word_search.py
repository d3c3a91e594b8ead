from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.interfaces import Keys
from index.passage_index import PassageIndex
from index.store import word_search as lexical
from index.store.word_search import WordScores, best_sums
from tests.fakes import BagOfWordsEmbedder
from tests.hits import passages_of

WORDS = ("ferry", "noon", "bread", "harbour", "baker")
ALL = 1_000

texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=8), min_size=1, max_size=12)
queries = st.lists(st.sampled_from((*WORDS, "Ferries", "unheard", "_")), unique=True).map(" ".join)


def drafts(of: list[list[str]]) -> list[DocumentDraft]:
    """A passage each, of which the first word tells it from the others."""
    return [DocumentDraft("", " ".join([f"passage{at}", *text])) for at, text in enumerate(of)]


def by_fts5(folder: Path, words: list[str], among: Keys | None) -> dict[int, float]:
    """What FTS5 itself gives each passage for all of the words together, by key."""
    with closing(sqlite3.connect(folder / "catalogue.sqlite3")) as db:
        query = "SELECT rowid, -rank FROM passage_words WHERE passage_words MATCH ?"
        rows = db.execute(query, (" OR ".join(f'"{word}"' for word in words),)).fetchall() if words else []
    return {key: score for key, score in rows if among is None or key in among.tolist()}


@given(
    texts, queries, st.integers(1, 20), st.sampled_from([0, 10_000]), st.sampled_from([0, 250, 16_000_000]), st.data()
)
def test_it_finds_what_fts5_finds_for_all_words_together(
    tmp_path_factory: pytest.TempPathFactory,
    of: list[list[str]],
    query: str,
    limit: int,
    few: int,
    kept: int,
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("data")
    with PassageIndex(folder, BagOfWordsEmbedder()) as index, pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical, "_FEW", few)
        patch.setattr(lexical, "_KEPT", kept)
        documents = [document.id for document, _ in index.add_all(drafts(of))]
        only = data.draw(st.none() | st.sets(st.sampled_from(documents)))
        among = None if only is None else index.keys_of(sorted(only))
        words = re.findall(r"\w+", query.lower())
        if len(of) > few:  # a word that more than half of many passages hold is left out, unless all are such
            half = len(of) // 2
            words = [word for word in words if len(by_fts5(folder, [word], None)) <= half] or words
        expected = by_fts5(folder, words, among)
        for _ in range(2):  # what is kept from the first time says the same
            found = index.search_lexical(query, limit, among)
            assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
            assert len(found) == min(limit, len(expected))
            assert {hit.key: hit.score for hit in found} == pytest.approx(
                {hit.key: expected[hit.key] for hit in found}, abs=1e-5
            )
            left = expected.keys() - {hit.key for hit in found}
            assert all(expected[key] <= found[-1].score + 1e-5 for key in left)
            index.search_lexical(data.draw(queries), limit)


def test_what_is_kept_of_a_word_is_not_kept_beyond_a_change_of_another_process(tmp_path: Path) -> None:
    embedder = BagOfWordsEmbedder()
    with PassageIndex(tmp_path, embedder) as index, PassageIndex(tmp_path, embedder) as other:
        first, second = (index.add(draft)[0] for draft in drafts([["ferry"], ["bread", "bread"]]))
        assert [p.document_id for p in passages_of(index, index.search_lexical("ferry", ALL))] == [first.id]
        other.replace(second.id, DocumentDraft("", "Another ferry."))
        found = index.search_lexical("ferry", ALL)
        assert {passage.document_id for passage in passages_of(index, found)} == {first.id, second.id}
        assert found == other.search_lexical("ferry", ALL)
        other.delete(first.id)
        assert [p.document_id for p in passages_of(index, index.search_lexical("ferry", ALL))] == [second.id]


scores = st.dictionaries(st.integers(1, 30), st.sampled_from([0.25, 0.5, 1.0, 2.0]), max_size=12)


@given(st.lists(scores, max_size=5), st.integers(0, 12), st.none() | st.sets(st.integers(1, 40)))
def test_the_best_sums_are_those_of_adding_up(
    of_words: list[dict[int, float]], limit: int, only: set[int] | None
) -> None:
    summed: Counter[int] = Counter()
    for of in of_words:
        summed.update(of)
    expected = sorted(
        ((key, score) for key, score in summed.items() if only is None or key in only),
        key=lambda found: (-found[1], found[0]),
    )
    held = [
        WordScores(np.array(sorted(of), np.uint32), np.array([of[key] for key in sorted(of)], np.float32))
        for of in of_words
    ]
    among = None if only is None else np.array(sorted(only), np.int64)
    assert best_sums(held, limit, among) == expected[:limit]

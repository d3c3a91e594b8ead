from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.passage_index import Hit, PassageIndex
from rag.answers import Place, Span
from rag.config import RetrieverConfig
from rag.interfaces import Query, SearchMode
from rag.retrieval.retriever import HybridRetriever, fuse
from tests.fakes import BagOfWordsEmbedder


def hits(scores: dict[int, float]) -> list[Hit]:
    best_first = sorted(scores.items(), key=lambda item: -item[1])
    return [Hit(key, score) for key, score in best_first]


def found_with(least: float, most: float) -> st.SearchStrategy[dict[int, float]]:
    scores = st.floats(least, most, allow_nan=False, width=32)
    return st.dictionaries(st.integers(0, 20), scores, max_size=10)


@given(found_with(-1, 1), found_with(0, 50), st.floats(0, 1), st.integers(10, 12))
def test_fusion_weighs_both_scores_as_shares_of_the_best(
    dense: dict[int, float], lexical: dict[int, float], weight: float, depth: int
) -> None:
    keys = sorted({*dense, *lexical})
    expected = np.zeros(len(keys))
    for arm, least, of_arm in ((dense, -1, weight), (lexical, 0, 1 - weight)):
        unfound = min(arm.values()) if len(arm) == depth else least
        above = np.array([arm.get(key, unfound) for key in keys]) - least
        if arm and max(arm.values()) > least:
            expected += of_arm * above / (max(arm.values()) - least)
    found = fuse(hits(dense), hits(lexical), weight, depth)
    assert [f.score for f in found] == pytest.approx(sorted(expected, reverse=True))
    assert {f.key: f.score for f in found} == pytest.approx(dict(zip(keys, expected, strict=True)))
    assert all(0 <= f.score <= 1 + 1e-9 for f in found)
    assert {f.key: f.cosine for f in found if f.cosine is not None} == dense
    assert {f.key: f.bm25 for f in found if f.bm25 is not None} == lexical


def test_the_only_passage_with_a_rare_word_wins_over_one_that_is_a_little_nearer() -> None:
    near, nearer = {1: 0.40, 2: 0.45}, {1: 7.0}
    assert [f.key for f in fuse(hits(near), hits(nearer), 0.8, depth=50)] == [1, 2]


def test_one_arm_alone_decides_where_the_other_weighs_nothing(index: PassageIndex) -> None:
    for text in ("Ferry, ferry, bread.", "The ferry leaves at noon, it says.", "At noon bread is baked.", "Noon."):
        index.add(DocumentDraft("t", text))
    embedder = BagOfWordsEmbedder()

    def found(dense_weight: float, mode: SearchMode) -> list[str]:
        retriever = HybridRetriever(index, embedder, RetrieverConfig(dense_weight=dense_weight))
        (of_one,) = retriever.retrieve([Query("bread at noon", 4, mode=mode)])
        return [passage.passage.text for passage in of_one.passages]

    assert found(1, "hybrid") == found(0.8, "dense") != found(0.8, "lexical")
    assert found(0, "hybrid") == found(0.8, "lexical")


def test_of_equal_passages_the_first_comes_first() -> None:
    assert [f.key for f in fuse(hits({3: 0.5, 1: 0.5}), [], 0.8, depth=50)] == [1, 3]


def test_passages_with_the_same_words_take_one_place(index: PassageIndex) -> None:
    # documents of the same text are one anyway: these differ in white space and case, or in what follows
    leaflets = [f"The{' ' * n} architect of the museum is unknown." for n in range(1, 15)]
    kept = [index.add(DocumentDraft("", text))[0] for text in leaflets]
    letter, _ = index.add(DocumentDraft("", "Ms Ode was the architect."))
    (found,) = HybridRetriever(index, BagOfWordsEmbedder()).retrieve([Query("architect of the museum", 2)])
    first, second = found.passages
    assert second.passage.document_id == letter.id
    places = [Place(first.passage.document_id, Span(first.passage.start, first.passage.end)), *first.also_at]
    assert {place.document_id for place in places} == {document.id for document in kept}
    assert second.also_at == ()

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.passage_index import Hit
from rag.retrieval.fusion import fuse, telling


def hits(scores: dict[int, float]) -> list[Hit]:
    best_first = sorted(scores.items(), key=lambda item: -item[1])
    return [Hit(key, score) for key, score in best_first]


def found_with(least: float, most: float) -> st.SearchStrategy[dict[int, float]]:
    scores = st.floats(least, most, allow_nan=False, width=32)
    return st.dictionaries(st.integers(0, 20), scores, max_size=10)


@given(found_with(-1, 1), found_with(0, 50), st.data(), st.floats(0, 1))
def test_a_score_is_the_sum_of_nearness_coverage_and_rank(
    dense: dict[int, float], lexical: dict[int, float], data: st.DataObject, weight: float
) -> None:
    keys = sorted({*dense, *lexical})
    coverage = {key: data.draw(st.floats(0, 1)) for key in keys if data.draw(st.booleans())}
    ranks = [hit.key for hit in hits(lexical)]
    unfound = max(-1, min(dense.values(), default=0) - 0.1)
    expected = {}
    for key in keys:
        words = 0.84 * coverage.get(key, 0) ** 1.5 + (0.16 / (1 + ranks.index(key)) if key in lexical else 0)
        expected[key] = weight * (1 + dense.get(key, unfound)) / 2 + (1 - weight) * words
    found = fuse(hits(dense), hits(lexical), coverage, weight)
    assert {f.key: f.score for f in found} == pytest.approx(expected)
    assert [(-f.score, f.key) for f in found] == sorted((-f.score, f.key) for f in found)
    assert all(0 <= f.score <= 1 + 1e-9 for f in found)
    assert {f.key: f.cosine for f in found if f.cosine is not None} == dense
    assert {f.key: f.bm25 for f in found if f.bm25 is not None} == lexical


def test_of_two_that_are_as_near_the_one_with_the_questions_words_wins() -> None:
    near = {1: 0.40, 2: 0.45}
    assert [f.key for f in fuse(hits(near), [], {1: 1.0}, 0.8)] == [1, 2]
    assert [f.key for f in fuse(hits(near), [], {}, 0.8)] == [2, 1]


def test_of_equal_passages_the_first_comes_first() -> None:
    assert [f.key for f in fuse(hits({3: 0.5, 1: 0.5}), [], {}, 0.8)] == [1, 3]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("When does the ferry to Brask leave?", "ferry Brask leave?"),
        ("Who is he?", "Who is he?"),
        ("the-ferry", "the-ferry"),
    ],
)
def test_function_words_tell_nothing_apart(question: str, words: str) -> None:
    assert telling(question) == words

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import Passage
from index.passage_index import Hit
from rag.retriever import fuse


def hits(keys: list[int]) -> list[Hit]:
    return [Hit(Passage(key, "d", key, key + 1, "x"), 1.0 / (1 + at)) for at, key in enumerate(keys)]


rankings = st.lists(st.integers(0, 20), unique=True, max_size=10)


@given(rankings, rankings, st.integers(1, 100))
def test_fusion_adds_reciprocal_ranks(dense: list[int], lexical: list[int], k: int) -> None:
    expected = {
        key: sum(1 / (k + 1 + arm.index(key)) for arm in (dense, lexical) if key in arm) for key in {*dense, *lexical}
    }
    found = fuse(hits(dense), hits(lexical), k)
    assert [f.passage.key for f in found] == sorted(expected, key=lambda key: (-expected[key], key))
    assert [f.score for f in found] == pytest.approx(sorted(expected.values(), reverse=True))
    assert {f.passage.key for f in found if f.cosine is not None} == set(dense)
    assert {f.passage.key for f in found if f.bm25 is not None} == set(lexical)

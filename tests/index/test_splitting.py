from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import sentences
from index.splitting import PassageSize, split
from tests import strategies


def count_words(texts: Sequence[str]) -> list[int]:
    """A tokenizer of words, with a token for every four characters of a long one."""
    return [sum(-(-len(word) // 4) for word in text.split()) for text in texts]


def non_blank(text: str) -> set[int]:
    return {at for at, character in enumerate(text) if character.strip()}


def covered(ranges: list[tuple[int, int]]) -> set[int]:
    return {at for start, end in ranges for at in range(start, end)}


@given(strategies.texts, st.integers(1, 60), st.data())
def test_passages_cover_the_text_and_fit(text: str, max_tokens: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, max_tokens - 1))
    passages = [(p.start, p.end) for p in split(text, count_words, PassageSize(max_tokens, overlap))]
    assert non_blank(text) <= covered(passages)
    assert passages == sorted(set(passages))
    assert [end for _, end in passages] == sorted({end for _, end in passages}), "each passage brings something new"
    assert all(count_words([text[start:end]])[0] <= max_tokens for start, end in passages)


@given(strategies.texts)
def test_passages_begin_and_end_with_sentences(text: str) -> None:
    starts, ends = (set(edge) for edge in zip(*sentences(text), strict=True)) if text.strip() else (set(), set())
    for passage in split(text, count_words, PassageSize(200, 40)):
        assert passage.start in starts
        assert passage.end in ends


def test_neighbours_share_whole_sentences() -> None:
    text = " ".join(f"This is the sentence with number {n}." for n in range(20))
    passages = list(split(text, lambda texts: [len(t.split()) for t in texts], PassageSize(30, 8)))
    shared = [text[right.start : left.end] for left, right in pairwise(passages)]
    assert all(part.startswith("This is") and part.endswith(".") for part in shared)


def test_an_overlap_as_large_as_the_passage_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap_tokens=5"):
        PassageSize(5, 5)

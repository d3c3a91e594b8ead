from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.splitting import PassageSize, sentences, split
from tests import strategies


def count_words(texts: Sequence[str]) -> list[int]:
    """A tokenizer of words, with a token for every four characters of a long one."""
    return [sum(-(-len(word) // 4) for word in text.split()) for text in texts]


def non_blank(text: str) -> set[int]:
    return {at for at, character in enumerate(text) if character.strip()}


def covered(ranges: list[tuple[int, int]]) -> set[int]:
    return {at for start, end in ranges for at in range(start, end)}


@given(strategies.texts)
def test_sentences_hold_every_character_once(text: str) -> None:
    ranges = list(sentences(text))
    assert non_blank(text) <= covered(ranges)
    assert sum(end - start for start, end in ranges) == len(covered(ranges))
    assert ranges == sorted(ranges)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in ranges)


@given(strategies.texts, st.integers(1, 60), st.data())
def test_passages_cover_the_text_and_fit(text: str, max_tokens: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, max_tokens - 1))
    passages = list(split(text, count_words, PassageSize(max_tokens, overlap)))
    assert non_blank(text) <= covered(passages)
    assert passages == sorted(set(passages))
    assert [end for _, end in passages] == sorted({end for _, end in passages}), "each passage brings something new"
    assert all(count_words([text[start:end]])[0] <= max_tokens for start, end in passages)


@given(strategies.texts)
def test_passages_begin_and_end_with_sentences(text: str) -> None:
    starts, ends = (set(edge) for edge in zip(*sentences(text), strict=True)) if text.strip() else (set(), set())
    for start, end in split(text, count_words, PassageSize(200, 40)):
        assert start in starts
        assert end in ends


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Who met J. R. Smith at 5 p.m. sharp.", ["Dr. Who met J. R. Smith at 5 p.m. sharp."]),
        ("It rose 3.5 per cent. “Really?” he asked.", ["It rose 3.5 per cent.", "“Really?” he asked."]),
        ("Fares\n | Child | Adult\nSummer | 3 | 7\nAll", ["Fares", "| Child | Adult", "Summer | 3 | 7", "All"]),
        ("It is:\n(a) cheap;\n(ii) near\nthe pier.", ["It is:", "(a) cheap;", "(ii) near\nthe pier."]),
        ("One |x| is\nnot a row.", ["One |x| is\nnot a row."]),
        ("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        ("# A heading\nIts text goes on\nhere.", ["# A heading", "Its text goes on\nhere."]),
        ("no stop\r\n\r\nnext paragraph", ["no stop", "next paragraph"]),
        ("- one\n- two", ["- one", "- two"]),
        ("今日は。東京です！", ["今日は。", "東京です！"]),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


def test_neighbours_share_whole_sentences() -> None:
    text = " ".join(f"This is the sentence with number {n}." for n in range(20))
    passages = list(split(text, lambda texts: [len(t.split()) for t in texts], PassageSize(30, 8)))
    shared = [text[right[0] : left[1]] for left, right in pairwise(passages)]
    assert all(part.startswith("This is") and part.endswith(".") for part in shared)


def test_an_overlap_as_large_as_the_passage_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap_tokens=5"):
        PassageSize(5, 5)

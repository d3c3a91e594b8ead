from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rag.reader.spans import TokenSpan, best_token_spans, whole_characters, whole_words, without_overlaps
from tests import strategies
from tests.strategies import Arrays


def brute_force(arrays: Arrays, max_tokens: int, null_weight: float) -> list[TokenSpan]:
    start, end, may_start, may_end = arrays
    windows, tokens = start.shape
    rivals = [
        [np.logaddexp.reduce([logits[w, 0], *logits[w][may[w]]], dtype=np.float64) for w in range(windows)]
        for logits, may in ((start, may_start), (end, may_end))
    ]
    every = [
        TokenSpan(
            w,
            s,
            e,
            float(start[w, s] + end[w, e] - null_weight * (start[w, 0] + end[w, 0])),
            float(start[w, s] + end[w, e] - rivals[0][w] - rivals[1][w]),
        )
        for w in range(windows)
        for s in range(tokens)
        for e in range(s, min(tokens, s + max_tokens))
        if may_start[w, s] and may_end[w, e]
    ]
    return sorted(every, key=lambda span: (-span.score, span.window, span.first, span.last))


@given(strategies.logits(), st.integers(1, 14), st.integers(1, 30), st.sampled_from([0.0, 0.5, 1.0]))
def test_best_spans_are_those_of_brute_force(
    arrays: Arrays, max_tokens: int, per_window: int, null_weight: float
) -> None:
    found = best_token_spans(*arrays, max_tokens=max_tokens, per_window=per_window, null_weight=null_weight)
    every = brute_force(arrays, max_tokens, null_weight)
    for window in range(len(arrays[0])):
        mine = [span for span in found if span.window == window]
        theirs = [span for span in every if span.window == window][:per_window]
        # among equal scores at the cut, any may stay
        assert [span.score for span in mine] == [span.score for span in theirs]
        certainties = {(span.first, span.last): span.certainty for span in every if span.window == window}
        assert {(span.first, span.last) for span in mine} <= certainties.keys()
        for span in mine:
            assert span.certainty == pytest.approx(certainties[span.first, span.last], abs=1e-4)
            assert span.certainty <= 0
    assert found == sorted(found, key=lambda span: (-span.score, span.window, span.first, span.last))


@given(strategies.logits(), st.integers(1, 14), st.data())
def test_a_span_lies_within_one_piece(arrays: Arrays, max_tokens: int, data: st.DataObject) -> None:
    """-1 stands for inserted tokens."""
    windows, tokens = arrays[0].shape
    # in the order of the passage, some with inserted tokens between
    changes = data.draw(hnp.arrays(np.int64, (windows, tokens), elements=st.integers(0, 1)))
    inserted = data.draw(hnp.arrays(np.bool_, (windows, tokens)))
    pieces = np.where(inserted, -1, np.cumsum(changes, axis=1))
    found = best_token_spans(*arrays, pieces, max_tokens=max_tokens, per_window=500)
    within = [
        span
        for span in brute_force(arrays, max_tokens, 1.0)
        if len(set(pieces[span.window, span.first : span.last + 1].tolist())) == 1
    ]
    assert {(s.window, s.first, s.last) for s in found} == {(s.window, s.first, s.last) for s in within}


def test_nothing_is_found_where_no_token_may_start() -> None:
    logits = np.ones((1, 3), np.float32)
    assert not best_token_spans(logits, logits, logits < 0, logits > 0, max_tokens=2, per_window=2)


ranges = st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 30), st.integers(1, 8)).map(
    lambda place: (place[0], place[1], place[1] + place[2])
)


@given(st.lists(ranges), st.integers(1, 10))
def test_spans_without_overlaps_are_the_greedy_choice(places: list[tuple[str, int, int]], limit: int) -> None:
    kept = without_overlaps(places, lambda place: place, limit)
    characters = [{(d, at) for at in range(s, e)} for d, s, e in kept]
    assert sum(map(len, characters)) == len(set().union(*characters))
    assert len(kept) <= limit
    if len(kept) < limit:
        for document, start, end in places:
            assert any({(document, at) for at in range(start, end)} & taken for taken in characters)


@given(strategies.documents, st.data())
def test_whole_characters_only_widens_and_is_settled(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    widened = whole_characters(text, start, end)
    assert widened[0] <= start < end <= widened[1]
    assert whole_characters(text, *widened) == widened


@given(st.text(alphabet="ab ([{}])1x", min_size=1), st.data())
def test_whole_words_only_widens(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    widened = whole_words(text, start, end)
    assert 0 <= widened[0] <= start < end <= widened[1] <= len(text)


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        ("To e[x]tract an archive", "tract an", "e[x]tract an"),
        ("the [f]ile", "ile", "[f]ile"),
        ("two seat(s) left", "two seat", "two seat(s)"),
        ("Call (425) 555 0142.", "425) 555", "(425) 555"),
        ("tar xf {{path}}", "{{path}", "{{path}}"),
        ("found[12] in Paris", "found", "found"),
        ("in Paris (1840).", "Paris", "Paris"),
    ],
)
def test_words_with_brackets_in_them_and_brackets_stay_whole(text: str, part: str, whole: str) -> None:
    start = text.index(part)
    first, last = whole_words(text, start, start + len(part))
    assert text[first:last] == whole


def test_an_accent_and_a_joined_emoji_stay_whole() -> None:
    text = "cafe\u0301 👩\u200d👧 x"
    assert whole_characters(text, 0, 4) == (0, 5)
    assert whole_characters(text, 8, 9) == (6, 9)

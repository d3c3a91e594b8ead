from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.store.catalogue.history import Generation, Position, WordChanges
from index.words.weights import WordWeights
from index.words.word_index import WordIndex

STEMS = {"ferry": "ferri", "ferries": "ferri", "leaving": "leav", "leaves": "leav", "noon": "noon", "brot": "brot"}
POSITION = Position(Generation(1, "token"), (0, 0), 0, complete=True)
K1, B = 1.2, 0.75

words = st.lists(st.sampled_from(sorted(STEMS)), max_size=8)
rows = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), words, words, words), min_size=1, max_size=12)
weights = st.builds(WordWeights, *[st.sampled_from([0.0, 0.25, 1.0])] * 2, st.sampled_from([0.5, 1.0]))
Row = tuple[str, list[str], list[str], list[str]]


def made(*steps: Sequence[Row]) -> WordIndex:
    """An index of these passages, with keys from 1, in as many commits as there are steps."""
    index, key = WordIndex.open(None), 0
    for step in steps:
        added = []
        for document, *fields in step:
            key += 1
            title, context, text = map(" ".join, fields)
            added.append((key, document, title, context, text))
        index = index.changed([WordChanges(np.empty(0, np.int64), added, POSITION)], anew=key == len(step))
    return index


def bm25(passages: Sequence[list[str]], word: str) -> dict[int, float]:
    """What each passage gets for a word, by its place; common words count as little as can be."""
    holding = sum(word in passage for passage in passages)
    rarity = max(1e-6, math.log((len(passages) - holding + 0.5) / (holding + 0.5)))
    usual = sum(map(len, passages)) / len(passages)
    scores = {}
    for at, passage in enumerate(passages):
        if times := Counter(passage)[word]:
            scores[at] = rarity * (1 + K1) * times / (times + K1 * (1 - B + B * len(passage) / usual))
    return scores


def by_brute_force(
    passages: Sequence[Row], query: list[str], only: set[str] | None, w: WordWeights
) -> dict[int, float]:
    """The score of each passage that holds a word of the query, by key."""
    summed: dict[int, float] = defaultdict(float)
    for word in dict.fromkeys(query):
        for field, weight in enumerate((w.title, w.context, w.text), start=1):
            exact = [list(passage[field]) for passage in passages]
            stems = [[STEMS[each] for each in passage] for passage in exact]
            for form, forms, share in ((word, exact, w.exact), (STEMS[word], stems, w.stem)):
                if weight * share:
                    for at, score in bm25(forms, form).items():
                        summed[at + 1] += weight * share * score
    return {key: score for key, score in summed.items() if only is None or passages[key - 1][0] in only}


@given(rows, rows, words, st.none() | st.sets(st.sampled_from(["a", "b", "x"])), st.integers(1, 30), weights)
def test_it_finds_what_brute_force_finds(
    first: list[Row], more: list[Row], query: list[str], only: set[str] | None, limit: int, weights: WordWeights
) -> None:
    # a word that stands nowhere is another test's
    query = [word for word in query if any(word in field for row in (*first, *more) for field in row[1:])]
    expected = by_brute_force([*first, *more], query, only, weights)
    found = made(first, more).search(" ".join(query), limit, None if only is None else sorted(only), weights)
    assert len(found) == min(limit, len(expected))
    assert dict(found) == pytest.approx({key: expected[key] for key, _ in found}, rel=1e-4, abs=1e-9)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert all(score <= found[-1][1] * 1.0001 for key, score in expected.items() if key not in dict(found))


def keys(index: WordIndex, question: str) -> list[int]:
    return [key for key, _ in index.search(question, 10, None, WordWeights())]


def test_a_letter_that_is_wrong_is_forgiven_only_to_a_word_that_stands_nowhere() -> None:
    index = made([("a", [], [], ["ferry"]), ("b", [], [], ["fairy", "1234"]), ("c", [], [], ["chrysanthemums"])])
    assert keys(index, "fery") == [1]
    assert keys(index, "frery") == [1]
    assert keys(index, "ferry") == [1], "not the fairy, which is a letter from it"
    assert keys(index, "crysantemums") == [3], "two letters of a long word"
    assert keys(index, "1235") == [], "another number is another number"
    assert keys(index, "fer fey") == [], "of short words each letter counts"
    scores = [
        made([("a", [], [], [*"xyz", "ferry"])]).search(q, 1, None, WordWeights())[0][1] for q in ("fery", "ferry")
    ]
    assert scores == sorted(scores)


def test_words_written_as_one_and_apart_find_each_other() -> None:
    texts = ["well known", "well-known", "wellknown", "none"]
    index = made([("a", [], [], [text]) for text in texts])
    assert set(keys(index, "well-known")) == set(keys(index, "well known")) == {1, 2, 3}
    assert keys(index, "wellknown")[:2] == [3, 2]
    apart = made([("a", [], [], [text]) for text in (texts[0], texts[3])])
    assert keys(apart, "wellknown") == [1]


def test_titles_and_contexts_are_searched_too() -> None:
    index = made([("a", ["noon"], [], ["ferry"]), ("b", [], ["noon"], ["ferry"]), ("c", [], [], ["noon"])])
    assert keys(index, "noon")[0] == 3
    assert set(keys(index, "noon")) == {1, 2, 3}


@pytest.mark.parametrize("question", ["", "?!", "\ud800", "\x00", "  ", "…"])
def test_a_question_without_words_finds_nothing(question: str) -> None:
    assert keys(made([("a", [], [], ["ferry"])]), question) == []


@given(rows, st.lists(st.sampled_from(sorted(STEMS)), max_size=5), st.sets(st.integers(1, 14)))
def test_coverage_is_the_share_of_the_words_by_how_rare_they_are(
    passages: list[Row], asked: list[str], keys: set[int]
) -> None:
    held = {key: {STEMS[word] for field in fields for word in field} for key, (_, *fields) in enumerate(passages, 1)}

    def rarity(word: str) -> float:
        # in the field where most passages have it; two forms of a word in one passage are counted once
        most = max(sum(STEMS[word] in {STEMS[each] for each in row[place]} for row in passages) for place in (1, 2, 3))
        return math.log(1 + (len(passages) - most + 0.5) / (most + 0.5))

    every = sum(map(rarity, dict.fromkeys(asked)))
    expected = {
        key: sum(rarity(word) for word in dict.fromkeys(asked) if STEMS[word] in held[key]) / every
        for key in keys & held.keys()
        if every and any(STEMS[word] in held[key] for word in asked)
    }
    assert made(passages).coverage(" ".join(asked), sorted(keys), WordWeights()) == pytest.approx(expected)


def test_a_word_with_a_letter_wrong_is_covered_by_the_right_one() -> None:
    index = made([("a", [], [], ["ferry", "leaves"]), ("b", [], [], ["noon"])])
    assert list(index.coverage("ferri xyz", [1, 2], WordWeights())) == [1]
    assert index.coverage("xyzzy", [1, 2], WordWeights()) == {}
    assert index.coverage("?!", [1, 2], WordWeights()) == {}


def test_a_word_of_every_passage_is_found_once_some_are_gone() -> None:
    index = made([("a", [], [], ["ferry"])] * 10)
    index = index.changed([WordChanges(np.array([3, 4]), [], POSITION)], anew=False)
    left = [key for key in range(1, 11) if key not in (3, 4)]
    assert [key for key, _ in index.search("ferry", 20, None, WordWeights())] == left
    assert index.coverage("ferry", left, WordWeights()) == pytest.approx(dict.fromkeys(left, 1.0))

from __future__ import annotations

import collections
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.confidence.answer_match import exact_match, is_right, normalise, overlap, token_f1


def test_normalisation_is_that_of_squad() -> None:
    assert normalise("The  U.S.-led  coalition, an ally") == "usled coalition ally"


@pytest.mark.parametrize(
    ("said", "accepted", "exact", "f1"),
    [
        ("the ferry", ["Ferry."], 1, 1),
        ("a red ferry", ["ferry", "blue ferry boat"], 0, 2 / 3),
        ("train", ["ferry"], 0, 0),
        ("", [], 1, 1),
        ("ferry", [], 0, 0),
        ("", ["ferry"], 0, 0),
    ],
)
def test_exact_match_and_f1(said: str, accepted: list[str], exact: float, f1: float) -> None:
    assert exact_match(said, accepted) == exact
    assert token_f1(said, accepted) == pytest.approx(f1)


def official_normalise(s: str) -> str:
    """As evaluate-v2.0.py does it: lower case, no punctuation, no articles, no superfluous white space."""
    lower = s.lower()
    without_punctuation = "".join(ch for ch in lower if ch not in set(string.punctuation))
    return " ".join(re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", without_punctuation).split())


def official_f1(gold: str, said: str) -> float:
    """As evaluate-v2.0.py computes it for one accepted answer."""
    gold_tokens, said_tokens = official_normalise(gold).split(), official_normalise(said).split()
    same = sum((collections.Counter(gold_tokens) & collections.Counter(said_tokens)).values())
    if not gold_tokens or not said_tokens:
        return float(gold_tokens == said_tokens)
    if same == 0:
        return 0.0
    precision, recall = same / len(said_tokens), same / len(gold_tokens)
    return (2 * precision * recall) / (precision + recall)


answers = st.lists(
    st.sampled_from(["the", "The", "a", "an", "ferry", "ferry,", "U.S.", "“red”", "3,000", "-", "theatre", "an.", "é"]),
    max_size=6,
).map(" ".join)


@given(said=answers, accepted=st.lists(answers, max_size=3))
def test_both_are_those_of_the_official_script(said: str, accepted: list[str]) -> None:
    # the script leaves out accepted answers that normalise to nothing, and takes "" where none is left
    gold = [text for text in accepted if official_normalise(text)] or [""]
    assert exact_match(said, accepted) == max(float(official_normalise(a) == official_normalise(said)) for a in gold)
    assert token_f1(said, accepted) == pytest.approx(max(official_f1(a, said) for a in gold))


@pytest.mark.parametrize(
    ("said", "marked", "shared"),
    [
        ((0, 4), (0, 4), 1),
        ((0, 4), (2, 6), 2 / 6),
        ((2, 4), (0, 8), 1 / 4),
        ((0, 2), (2, 4), 0),
        ((0, 2), (9, 12), 0),
        ((3, 3), (3, 3), 0),
    ],
)
def test_overlap_is_intersection_over_union(said: tuple[int, int], marked: tuple[int, int], shared: float) -> None:
    assert overlap(said, marked) == overlap(marked, said) == pytest.approx(shared)


@given(st.tuples(st.integers(0, 9), st.integers(0, 9)), st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_overlap_is_that_of_sets_of_characters(said: tuple[int, int], marked: tuple[int, int]) -> None:
    said, marked = (min(said), max(said)), (min(marked), max(marked))
    one, other = set(range(*said)), set(range(*marked))
    assert overlap(said, marked) == pytest.approx(len(one & other) / len(one | other) if one | other else 0)


@pytest.mark.parametrize(
    ("said", "accepted", "right"),
    [("1,351 deaths", ["1,351"], True), ("300 men", ["200 men"], False), ("", [], False), ("x", [], False)],
)
def test_what_counts_as_right(said: str, accepted: list[str], right: bool) -> None:
    assert is_right(said, accepted) is right

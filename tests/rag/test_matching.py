from __future__ import annotations

import pytest

from rag.matching import exact_match, is_right, normalise, token_f1


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


@pytest.mark.parametrize(
    ("said", "accepted", "right"),
    [("1,351 deaths", ["1,351"], True), ("300 men", ["200 men"], False), ("", [], False), ("x", [], False)],
)
def test_what_counts_as_right(said: str, accepted: list[str], right: bool) -> None:
    assert is_right(said, accepted) is right

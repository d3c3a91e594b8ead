"""Passages that say the same take one place."""

from __future__ import annotations

import pytest

from index.documents import Passage
from rag.answers import Place, RetrievedPassage, Span
from rag.retrieval.repetition import without_repetition

LEAFLET = (
    "The harbour museum shows ships and nets of three hundred years. It was built by the town, is open from May to "
    "October, and asks four euros of whoever is over twelve. Printed in {year}."
)


def found(number: int, text: str) -> RetrievedPassage:
    return RetrievedPassage(Passage(number, f"d{number}", 10, 10 + len(text), text), 1.0 - number / 10, None, None)


def kept(question: str, *texts: str) -> list[int]:
    passages = without_repetition(question, [found(number, text) for number, text in enumerate(texts)])
    return [each.passage.key for each in passages]


def test_versions_take_the_place_of_the_first_which_knows_where_the_others_are() -> None:
    texts = [LEAFLET.format(year=2011), "Mara Voss built the harbour museum.", LEAFLET.format(year=2012).upper()]
    first, second = without_repetition("Who built it?", [found(number, text) for number, text in enumerate(texts)])
    assert (first.passage.key, second.passage.key) == (0, 1)
    assert first.also_at == (Place("d2", Span(10, 10 + len(texts[2]))),)
    assert second.also_at == ()


@pytest.mark.parametrize(("question", "keys"), [("When was it printed?", [0]), ("Was it printed in 2012?", [0, 1])])
def test_what_the_question_asks_of_tells_versions_apart(question: str, keys: list[int]) -> None:
    assert kept(question, LEAFLET.format(year=2011), LEAFLET.format(year=2012)) == keys


@pytest.mark.parametrize(
    "texts",
    [
        ("Rovers beat United.", "United beat Rovers."),
        ("Invoice 7: 546 euros", "Invoice 8: 546 euros"),
        (LEAFLET.format(year=2011), LEAFLET.format(year=2011)[:100]),
    ],
)
def test_what_says_something_else_is_kept(texts: tuple[str, str]) -> None:
    assert kept("what?", *texts) == [0, 1]

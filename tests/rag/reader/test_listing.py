"""Which questions want a list, and what of a text is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answers import Span
from rag.reader.listing import is_list, list_items, parts, wants_list


@pytest.mark.parametrize(
    "question",
    [
        "What are the rules of the reading room?",
        "Which three towns were hit?",
        "what items must I bring",
        "List the steps.",
        "Name the three things that make a colony abscond.",
        "Which ships were disposed of?",
        "Name all members",
    ],
)
def test_questions_that_ask_for_several_things(question: str) -> None:
    assert wants_list(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is the status of the order?",
        "Which process was used?",
        "Who built the bridge?",
        "What was the cause?",
        "warranty period pump X200",
        "Name the auditor.",
    ],
)
def test_questions_that_ask_for_one_thing(question: str) -> None:
    assert not wants_list(question)


_RULES = "Rules\n\n• One desk each.\n• Four books.\n• Silence.\n\nThe keeper sits by the door."


def test_the_items_of_a_list_stand_without_their_markers() -> None:
    items = list_items(_RULES, _RULES.index("Four"))
    assert [item.of(_RULES) for item in items] == ["One desk each.", "Four books.", "Silence."]
    assert is_list(_RULES, Span(items[0].start, items[1].end - 1))  # its full stop may be left out


@pytest.mark.parametrize("marker", ["-", "*", "•", "{}.", "({})", "2.{}"])
def test_lists_are_known_by_the_markers_that_people_use(marker: str) -> None:
    text = "Bring:\n" + "\n".join(f"{marker.format(n)} thing {n}" for n in range(1, 4)) + "\nThat is all."
    items = list_items(text, text.index("thing 2"))
    assert [item.of(text) for item in items] == ["thing 1", "thing 2", "thing 3"]


def test_what_stands_beside_a_list_is_none_of_it() -> None:
    assert list_items(_RULES, 0) == ()
    assert list_items(_RULES, _RULES.index("keeper")) == ()
    assert list_items("• Only one", 3) == ()


@pytest.mark.parametrize(
    ("stretch", "things"),
    [
        ("red, green and blue", ["red", "green", "blue"]),
        ("hunger, heat or pests", ["hunger", "heat", "pests"]),
        ("the P-210 and the P-212", ["the P-210", "the P-212"]),
        ("swim", ["swim"]),
        ("(1) no glass; (2) two staff", ["(1) no glass", "(2) two staff"]),
    ],
)
def test_a_stretch_of_text_is_parted_into_what_it_lists(stretch: str, things: list[str]) -> None:
    text = f"It was {stretch}."
    span = Span(7, 7 + len(stretch))
    assert [part.of(text) for part in parts(text, span)] == things


@given(st.text(alphabet="ab•-1. ,\n;and", max_size=80), st.integers(0, 80))
def test_whatever_the_text_items_and_parts_lie_in_order_within_it(text: str, position: int) -> None:
    position = min(position, len(text))
    for ranges in (list_items(text, position), parts(text, Span(0, len(text)))):
        ends = [edge for item in ranges for edge in (item.start, item.end)]
        assert ends == sorted(ends)
        assert all(0 <= edge <= len(text) for edge in ends)
    if items := list_items(text, position):
        assert all("\n" not in item.of(text) for item in items)
        assert any(item.start <= position < item.end for item in items)

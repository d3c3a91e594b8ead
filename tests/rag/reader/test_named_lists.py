"""Questions for all of a list, and the lists that a text names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.reader.listing import list_items
from rag.reader.named_lists import NamedList, lead, lists, wanted_list

_RULES = "Rules of the room\n\n- One desk each.\n- Four books.\n\nYou must bring:\n1. a pen\n2. a card\n"


@pytest.mark.parametrize(
    ("question", "things", "about", "count"),
    [
        ("What are the rules of the reading room?", "rul", {"read", "room"}, None),
        ("what are the three main duties of the treasurer", "dut", {"treasu"}, 3),
        ("Which documents do I need for a permit?", "docume", {"permit"}, None),
        ("List the steps for replacing the filter.", "step", {"replac", "filter"}, None),
        ("What are the visitors rules?", "rul", {"visito"}, None),
    ],
)
def test_what_a_question_wants_all_of(question: str, things: str, about: set[str], count: int | None) -> None:
    wanted = wanted_list(question)
    assert wanted is not None
    assert (wanted.things, wanted.about, wanted.count) == (things, frozenset(about), count)


@pytest.mark.parametrize("question", ["Which rules apply to bags?", "How many rules are there?", "What is a rule?"])
def test_other_questions_want_no_list(question: str) -> None:
    assert wanted_list(question) is None


def _fit(question: str, line: str, heading: str = "", way: str = "") -> float:
    wanted = wanted_list(question)
    assert wanted is not None
    return wanted.fit(NamedList(list_items(_RULES, _RULES.index("One")), line, heading), way)


def test_a_list_is_the_one_that_is_called_so() -> None:
    asked = "What are the rules of the reading room?"
    assert _fit(asked, "Rules of the room", "Rules of the room", "The reading room") == 1
    assert _fit(asked, "Please note the following:", "Rules", "The reading room") == 1
    assert _fit(asked, "Visitors must bring:", "Rules", "The reading room") == 0
    assert _fit(asked, "Fees", "Fees", "The reading room › Rules") == 0
    assert _fit(asked, "Rules of the pool", "Rules of the pool", "Bathing") == 0
    assert _fit("What are the rules about bags?", "Rules of the room", "", "The reading room") == 0
    assert _fit("What are the rules of the garden?", "Garden", "Garden", "House rules › Garden") == 1
    assert _fit("What are the two rules?", "Rules") == 1
    assert _fit("What are the three rules?", "Rules") == 0


def test_the_line_above_a_list() -> None:
    first, second = lists(_RULES, 0, len(_RULES))
    assert (lead(_RULES, first), lead(_RULES, second)) == ("Rules of the room", "You must bring:")
    text = f"{'word ' * 60}\n- a\n- b"
    assert [lead(text, items) for items in lists(text, 0, len(text))] == [""]


@given(text=st.text("a1- \n.", max_size=60))
def test_lists_are_those_of_all_positions(text: str) -> None:
    found = list(lists(text, 0, len(text)))
    expected = {items for position in range(len(text)) if (items := list_items(text, position))}
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert all(item.start < item.end for items in found for item in items)

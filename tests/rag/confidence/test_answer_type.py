"""Which kind of answer a question wants."""

from __future__ import annotations

import pytest

from rag.confidence.answer_type import Kind, fits, wanted_kind


@pytest.mark.parametrize(
    ("question", "kind", "right", "wrong"),
    [
        ("Who chairs the board?", "name", "Oda Lind", "twice a year"),
        ("When was the lock built?", "time", "in May 1902", "by the canal company"),
        ("How long ago did it fail?", "time", "three years", "the upper gate"),
        ("How long is the warranty?", "number", "24 months", "the maker"),
        ("What is the total of the second invoice?", "number", "1,351.50", "Otto Prell"),
        ("Why does the pump stop?", "clause", "because its filter is full", "filter"),
        ("How do I reset it?", "clause", "hold both keys for ten seconds", "Reset"),
    ],
)
def test_an_answer_of_the_wanted_kind_fits_and_another_does_not(
    question: str, kind: Kind, right: str, wrong: str
) -> None:
    assert wanted_kind(question) == kind
    assert (fits(right, kind), fits(wrong, kind)) == (1.0, -1.0)


def test_every_text_fits_a_question_that_wants_no_known_kind() -> None:
    assert wanted_kind("warranty pump X200") is None
    assert fits("anything", None) == 0.0

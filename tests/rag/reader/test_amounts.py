"""Dates and amounts are quoted whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answers import Span
from rag.reader.amounts import whole_amount


def _whole(question: str, text: str, answer: str) -> str:
    start = text.index(answer)
    return whole_amount(question, text, Span(start, start + len(answer))).of(text)


@pytest.mark.parametrize(
    ("question", "text", "answer", "whole"),
    [
        ("When did the project start?", "March 22nd, 2007: the project started", "2007", "March 22nd, 2007"),
        ("When was it built?", "It was built in June 1884 by hand.", "1884", "June 1884"),
        ("when does it end", "It ends on 3 Oct 2021.", "3 Oct", "3 Oct 2021"),
        ("When is it due?", "It is due on the 5th of May\n2030.", "May", "5th of May\n2030"),
        ("And when was it built?", "In 1884 it was built.", "1884", "1884"),
        ("In what year was it built?", "It was built in June 1884.", "1884", "1884"),
        (
            "When was it built?",
            "Before June 1884 or in July 1884.",
            "June 1884 or in July 1884",
            "June 1884 or in July 1884",
        ),
        ("within how many months is it due", "It is due within 18 months.", "18", "18 months"),
        ("After how many days is it due?", "It is due on the one\nday, or two\ndays later.", "two", "two\ndays"),
        ("How many hours is the flight?", "A twenty-four hour flight", "twenty-four", "twenty-four hour"),
        ("How many hours is the flight?", "The flight (hours): 24 days", "24", "24"),
        ("How many days is it open?", "Open 5 daylight hours", "5", "5"),
        ("How many men came?", "There came 234 men.", "234", "234"),
        ("How many days is it open?", "Open on many days", "many", "many"),
    ],
)
def test_dates_and_amounts(question: str, text: str, answer: str, whole: str) -> None:
    assert _whole(question, text, answer) == whole


@given(
    question=st.sampled_from(["When is it?", "How many days?"]),
    text=st.text("1May ,days\n", min_size=1, max_size=60),
    data=st.data(),
)
def test_nothing_of_the_answer_is_lost(question: str, text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    answer = Span(start, data.draw(st.integers(start + 1, len(text))))
    whole = whole_amount(question, text, answer)
    assert 0 <= whole.start <= answer.start < answer.end <= whole.end <= len(text)

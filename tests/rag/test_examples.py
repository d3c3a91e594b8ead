"""Questions that are made of what documents say."""

from __future__ import annotations

import pytest

from index.documents import Heading
from rag.examples import Example, likely_questions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Edda Quill was the first keeper of the lighthouse, and left.",
            Example("Who was the first keeper of the lighthouse?", "Edda Quill"),
        ),
        (
            "So it was. The grand depot stands in the north of Lower Marrow.",
            Example("What stands in the north of Lower Marrow?", "grand depot"),
        ),
    ],
)
def test_a_sentence_becomes_the_question_that_it_answers(text: str, expected: Example) -> None:
    assert list(likely_questions(text)) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "She was the first keeper of the lighthouse.",
        "Edda Quill was its keeper for years.",
        "edda quill was here",
        "Gross Profit is a measure of sales under U.S. rules.",
    ],
)
def test_what_stands_for_something_else_makes_no_question(text: str) -> None:
    assert list(likely_questions(text)) == []


def test_headings_that_ask_are_questions() -> None:
    headings = [Heading(0, 1, "3.1 How do I reset it?"), Heading(9, 2, "Reset")]
    assert list(likely_questions("", headings)) == [Example("How do I reset it?", "")]

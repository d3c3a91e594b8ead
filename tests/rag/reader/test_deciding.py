"""Which questions ask for yes or no, and what of a text decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.passages.sentences import sentences
from rag.answers import Span
from rag.reader.deciding import asks_whether, deciding


@pytest.mark.parametrize(
    "question",
    [
        "Is smoking allowed on the balcony?",
        "can i return opened goods",
        "Does the warranty cover batteries?",
        "And may I bring a dog?",
        "Don't I need a ticket?",
        "Do you know if dogs are let in?",
        "Tell me whether the deposit is paid back.",
        "May I bring food or drinks?",
        "Is it open or not?",
        "Does it count as agreement if the supplier doesn't reply?",
    ],
)
def test_questions_for_yes_or_no(question: str) -> None:
    assert asks_whether(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is allowed on the balcony?",
        "Is it red or blue?",
        "Can you tell me when the ferry leaves?",
        "Does anybody know who painted the hall?",
        "Does the contract say how long the notice period is?",
        "If I lose the key, what happens?",
        "May 2019: what happened?",
        "Could you please list the rules?",
        "isotope of lead",
    ],
)
def test_other_questions(question: str) -> None:
    assert not asks_whether(question)


@pytest.mark.parametrize(
    ("sentence", "answer", "clause"),
    [
        ("Smoking is forbidden in the flat.", "Smoking", "Smoking is forbidden in the flat."),
        ("Adults may swim; children may only paddle here.", "paddle", "children may only paddle here."),
        ("For the play, latecomers are not admitted.", "latecomers are not admitted", "latecomers are not admitted"),
        ("Dogs are let in, but only on a lead.", "Dogs are let in", "Dogs are let in, but only on a lead."),
        (
            "Goods can be returned within 14 days.",
            "can be returned within 14 days",
            "Goods can be returned within 14 days.",
        ),
        ("Trainees may work alone only by day.", "Trainees may work alone", "Trainees may work alone only by day."),
        ("We pay for: the pipe; the wall it is in.", "the wall", "We pay for: the pipe; the wall it is in."),
        ("- No dogs; guide dogs may come in.", "No dogs", "No dogs; guide dogs may come in."),
        ("Photos (no flash; no stands) are free.", "no stands", "Photos (no flash; no stands) are free."),
    ],
)
def test_what_decides(sentence: str, answer: str, clause: str) -> None:
    start = sentence.index(answer)
    found = deciding("Is it so?", sentence, Span(0, len(sentence)), Span(start, start + len(answer)))
    assert found is not None
    assert found.of(sentence) == clause


def test_what_is_asked_about_stands_in_what_decides() -> None:
    rule = "Smoking is forbidden in the lift; on the balconies it is allowed until ten."
    whole, first = Span(0, len(rule)), Span(0, len("Smoking is forbidden"))
    assert deciding("May one smoke on the balcony?", rule, whole, first) == whole
    found = deciding("May one smoke in the lift?", rule, whole, first)
    assert found is not None
    assert found.of(rule) == "Smoking is forbidden in the lift"


def test_what_is_no_sentence_decides_nothing() -> None:
    text = "word " * 200
    assert deciding("Is it so?", text, Span(0, len(text)), Span(5, 9)) is None


@given(
    question=st.text("aB b", max_size=9),
    text=st.text("aB .;:,()\n-", max_size=80).map("- a".__add__) | st.text(max_size=80),
    data=st.data(),
)
def test_a_clause_holds_the_answer_and_stands_in_its_sentence(question: str, text: str, data: st.DataObject) -> None:
    if not (found := list(sentences(text))):
        return
    start, end = data.draw(st.sampled_from(found))
    first = data.draw(st.integers(start, end - 1))
    answer = Span(first, data.draw(st.integers(first + 1, end)))
    clause = deciding(question, text, Span(start, end), answer)
    assert clause is not None
    assert start <= clause.start <= answer.start < answer.end <= clause.end <= end

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
        ("Smoking is forbidden in the flat.", "Smoking", "Smoking is forbidden in the flat"),
        ("Adults may swim; children may only paddle here.", "paddle", "children may only paddle here"),
        ("For the play, latecomers are not admitted.", "latecomers are not admitted", "latecomers are not admitted"),
        ("Dogs are let in, but only on a lead.", "Dogs are let in", "Dogs are let in, but only on a lead"),
        (
            "Goods can be returned within 14 days.",
            "can be returned within 14 days",
            "Goods can be returned within 14 days",
        ),
        (
            "Alt, a hut club, found dogs being let in.",
            "found dogs being let in",
            "Alt, a hut club, found dogs being let in",
        ),
        (
            "Some were in one hut, in the hut that is shut.",
            "in the hut that is shut",
            "Some were in one hut, in the hut that is shut",
        ),
        (
            "It is free, except for boats that are hired.",
            "except for boats that are hired",
            "It is free, except for boats that are hired",
        ),
        ("It was late, so dogs were not admitted.", "dogs were not admitted", "dogs were not admitted"),
        ("Riding with dogs is allowed.", "dogs is allowed", "Riding with dogs is allowed"),
        ("Art. 6 Dogs are admitted.", "Dogs are admitted", "Dogs are admitted"),
        ("The bar is open until 11 p.m.", "The bar", "The bar is open until 11 p.m."),
        ("Trainees may work alone only by day.", "Trainees may work alone", "Trainees may work alone only by day"),
        ("We pay for: the pipe; the wall it is in.", "the wall", "We pay for: the pipe; the wall it is in"),
        ("- No dogs; guide dogs may come in.", "No dogs", "No dogs; guide dogs may come in"),
        ("Photos (no flash; no stands) are free.", "no stands", "Photos (no flash; no stands) are free"),
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
    assert deciding("May one smoke on the balcony?", rule, whole, first) == Span(0, len(rule) - 1)
    found = deciding("May one smoke in the lift?", rule, whole, first)
    assert found is not None
    assert found.of(rule) == "Smoking is forbidden in the lift"


@pytest.mark.parametrize(
    ("question", "sentence", "clause"),
    [
        (
            "May the trustee agree on another fee?",
            "The trustee has no authority to agree on another fee.",
            "The trustee has no authority",
        ),
        (
            "Are clubs exempt from the new tax?",
            "Clubs are entirely exempted from the new tax.",
            "Clubs are entirely exempted",
        ),
        # not where more is said, where or when it is so, or where nothing is left that decides
        (
            "May one smoke here?",
            "Guests are allowed to smoke here until ten.",
            "Guests are allowed to smoke here until ten",
        ),
        ("Is it allowed with a permit?", "It is allowed without a permit.", "It is allowed without a permit"),
        ("May one smoke in the lift?", "Smoking is forbidden in the lift.", "Smoking is forbidden in the lift"),
        ("Does the hut stand in the wood?", "The hut lies in the wood.", "The hut lies in the wood"),
        ("Are dogs allowed in the hut?", "Allowed in the hut", "Allowed in the hut"),
    ],
)
def test_what_was_asked_is_not_said_again(question: str, sentence: str, clause: str) -> None:
    found = deciding(question, sentence, Span(0, len(sentence)), Span(0, 3))
    assert found is not None
    assert found.of(sentence) == clause


def test_what_is_no_sentence_decides_nothing() -> None:
    text = "word " * 200
    assert deciding("Is it so?", text, Span(0, len(text)), Span(5, 9)) is None


@given(
    question=st.text("aB b", max_size=9),
    text=st.text("aB .;:,()\n-", max_size=80).map("- a".__add__) | st.text(max_size=80),
    data=st.data(),
)
def test_a_clause_begins_before_the_answer_and_stands_in_its_sentence(
    question: str, text: str, data: st.DataObject
) -> None:
    if not (found := list(sentences(text))):
        return
    start, end = data.draw(st.sampled_from(found))
    first = data.draw(st.integers(start, end - 1))
    answer = Span(first, data.draw(st.integers(first + 1, end)))
    clause = deciding(question, text, Span(start, end), answer)
    assert clause is not None
    assert start <= clause.start <= answer.start
    assert clause.start < clause.end <= end
    assert answer.end <= clause.end or text[clause.end : answer.end] == "."

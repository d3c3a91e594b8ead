from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from rag.answering.pipeline import QuestionAnswerer
from rag.conversation.followups import follow_up
from rag.questions import Turn


@pytest.mark.parametrize(
    ("history", "question", "meant"),
    [
        (("When was Maksim Kochetkov arrested?", "2019"), "And where is he held?", "Where is Maksim Kochetkov held?"),
        (("How many did it carry in 2018?", "12,000"), "and in 2019?", "How many did it carry in 2019?"),
        (("Is smoking allowed in the cabin?", None), "Why?", "Why is smoking allowed in the cabin?"),
        (("Who is the chairman of Norvik?", "Ole Brask"), "and the director?", "Who is the director of Norvik?"),
        (("What is the highest hill?", "Storfell"), "How high is it?", "How high is Storfell?"),
        (("When was the mill built?", "1932"), "Who was king in that year?", "Who was king in 1932?"),
        (("Who founded Norvik?", "Ole Brask"), "When?", "When was Norvik founded?"),
        (("When does it close on Fridays?", "18:00"), "On Saturdays?", "When does it close on Saturdays?"),
        (("Do visitors need a badge?", "Yes"), "And contractors?", "Do contractors need a badge?"),
        (("Which towns did it reach?", "Arle and Benning"), "Who lives there?", "Who lives in Arle and Benning?"),
        (("What is the capital of Peru?", "Lima"), "And Chile?", "What is the capital of Chile?"),
        (("What did Anna Berg study?", "chemistry"), "Where did she study?", "Where did Anna Berg study?"),
    ],
)
def test_what_it_refers_to_is_put_in(history: tuple[str, str | None], question: str, meant: str) -> None:
    assert follow_up(question, [Turn(*history)]).readings == (meant,)


def test_a_chain_of_follow_ups_is_resolved_from_its_beginning() -> None:
    history = [Turn("Where was Ole Brask born?", "Tunna"), Turn("When did he die?", "1949"), Turn("Why?", None)]
    assert follow_up("Whom did he marry?", history).readings == ("Whom did Ole Brask marry?",)


@pytest.mark.parametrize(
    "question",
    [
        "What is the price of a ticket?",
        "And who is the director of Norvik?",
        "Is it allowed to smoke?",
        "Does the pump need oil when it is hot?",
        "Which company makes its own steel?",
        "Who protected Jamukha after he escaped?",
        "How many rooms are there?",
        "warranty period pump X200",
    ],
)
def test_a_question_that_stands_by_itself_is_left_alone(question: str) -> None:
    history = [
        Turn("Who is the chairman of Norvik?", "Ole Brask"),
        Turn("How long is the Hallen bridge?", "340 metres"),
    ]
    assert follow_up(question, history).readings == ()


@given(st.text(max_size=200), st.lists(st.tuples(st.text(max_size=60), st.none() | st.text(max_size=60)), max_size=4))
def test_whatever_is_said_has_few_readings_none_of_them_blank(text: str, said: list[tuple[str, str | None]]) -> None:
    meant = follow_up(text, [Turn(*each) for each in said])
    assert len(meant.readings) <= 4
    assert all(reading.strip() for reading in meant.readings)
    assert follow_up(text, []).readings == ()


def test_between_two_readings_retrieval_decides(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    index.add(DocumentDraft("a", "Norvik was founded in 1911 by two cousins."))
    index.add(DocumentDraft("b", "The Hallen Bridge is 340 metres long and green."))
    history = [Turn("Which company built the Hallen Bridge?", "Norvik")]
    assert answerer.ask("When was it founded?", history=history).read_as == "When was Norvik founded?"
    assert answerer.ask("How many metres long is it?", history=history).read_as == (
        "How many metres long is the Hallen Bridge?"
    )


def test_where_nothing_decides_it_names_the_choice(answerer: QuestionAnswerer) -> None:
    history = [Turn("Which company built the Hallen Bridge?", "Norvik")]
    result = answerer.ask("When was it painted?", history=history)
    assert (result.status, result.read_as, result.answers) == ("not_understood", None, ())
    assert result.detail == "“it” may stand for Norvik or the Hallen Bridge: say which."

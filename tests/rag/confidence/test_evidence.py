from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import Document, DocumentDraft, Heading, Outline, Passage
from index.passage_index import PassageIndex
from rag.answers import RetrievedPassage, Span
from rag.confidence.calibration import Evidence
from rag.confidence.candidates import Candidate
from rag.confidence.evidence import evidence
from rag.pipeline import QuestionAnswerer
from rag.retrieval.sources import ReadPassage

TEXT = "Marta Quill founded the bakery in Elba in 1987. Her sister joined in 1991."


def evidence_for(question: str, index: PassageIndex, answerer: QuestionAnswerer) -> Evidence:
    index.add(DocumentDraft("", TEXT))
    return answerer.propose(question).evidence[0]


@pytest.mark.parametrize(
    ("question", "share"),
    [
        ("Who founded «the bakery» in Elba in 1987?", 1.0),
        ("Who founded «the bakery» in Elba in 1988?", 0.5),
        ("Who founded «the bakery» in Malta in 1988?", 0.0),
        ("Who founded «the bakery»?", 1.0),
        ("1988: who founded «the bakery»?", 0.0),
    ],
)
def test_names_and_numbers_that_the_passage_lacks_are_noticed(
    question: str, share: float, index: PassageIndex, answerer: QuestionAnswerer
) -> None:
    found = evidence_for(question, index, answerer)
    assert (found.names_found, found.names_nearby) == (share, share)


@given(st.text("Elba -_9é", min_size=1, max_size=60).filter(str.strip), st.sampled_from(["Elba", "El", "9", "É-9"]))
def test_a_name_is_there_where_a_word_begins_with_it(text: str, name: str) -> None:
    document = Document("d", "", "", "", len(text), 1, datetime.now(UTC), {})
    retrieved = RetrievedPassage(Passage(1, "d", 0, len(text), text), 1.0, None, None)
    candidate = Candidate(Span(0, 1), ReadPassage(retrieved, document, text, 0), 0.0)
    (found,) = evidence(f"who knows {name}?", [candidate])
    is_there = re.search(rf"\b{re.escape(name.casefold())}", text.casefold()) is not None
    assert (found.names_found, found.names_nearby) == (is_there, is_there)


def test_words_are_compared_by_their_stems(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    found = evidence_for("Which bakeries were founded? «Her sister»", index, answerer)
    # bakeries, founded and sister stand in the passage; which and were do not; the sentence has only sister
    assert (found.words_found, found.words_in_sentence) == (3 / 5, 1 / 5)
    assert found.echo == 1.0


def test_a_row_and_the_path_to_it_speak_for_an_answer(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    outline = Outline(headings=(Heading(0, 1, "Harbour dues"),))
    index.add(DocumentDraft("Tariff", "Harbour dues\nBerta 12 «euros»\nOtto 30 euros", outline=outline))
    found = answerer.propose("What harbour dues does Berta pay? «euros»").evidence[0]
    # berta and euros stand in its line, harbour and dues above it; "what", "does" and "pays" nowhere
    assert (found.words_in_line, found.words_in_path) == (2 / 6, 2 / 6)


@pytest.mark.parametrize(
    ("question", "kind"),
    [("When was «the bakery» founded?", -1.0), ("Who owns «the bakery»?", -1.0), ("«the bakery»", 0)],
)
def test_an_answer_of_another_kind_than_is_wanted_is_noticed(
    question: str, kind: float, index: PassageIndex, answerer: QuestionAnswerer
) -> None:
    assert evidence_for(question, index, answerer).kind == kind


@pytest.mark.parametrize(
    ("question", "distance"),
    [("Whose is «the bakery» in Elba?", math.log1p(4)), ("Whose is «bakery»?", math.log1p(2_000))],
)
def test_the_nearest_word_of_the_question_that_is_no_part_of_it_is_so_far_away(
    question: str, distance: float, index: PassageIndex, answerer: QuestionAnswerer
) -> None:
    assert evidence_for(question, index, answerer).distance == pytest.approx(distance)

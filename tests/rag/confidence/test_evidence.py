from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import Document, DocumentDraft, Heading, Outline, Passage
from index.passage_index import PassageIndex
from rag.answering.pipeline import QuestionAnswerer
from rag.answers import RetrievedPassage, Span
from rag.confidence.calibration import Evidence
from rag.confidence.candidates import Candidate
from rag.confidence.evidence import evidence
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


def test_the_path_to_a_passage_is_among_its_words(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    outline = Outline(headings=(Heading(0, 1, "Harbour dues"),))
    index.add(DocumentDraft("Tariff", "Harbour dues\nBerta 12 «euros»", outline=outline))
    found = answerer.propose("Which tariff holds for Berta? «euros»").evidence[0]
    # "tariff", "berta" and "euros" of the five words with four letters or more; the name with its path
    assert (found.words_found, found.names_found) == (3 / 5, 1.0)


@pytest.mark.parametrize(
    ("question", "listed"),
    [
        ("Which towns are «Elba, Malta and Corfu»?", 1.0),
        ("Which towns are «Elba»?", 0.0),
        ("What are the stops «Corte»?", 1.0),
        ("Where is «Elba, Malta and Corfu»?", 0.0),
    ],
)
def test_several_things_are_noticed_where_several_are_asked_for(
    question: str, listed: float, index: PassageIndex, answerer: QuestionAnswerer
) -> None:
    index.add(DocumentDraft("", "The ferry calls at Elba, Malta and Corfu in summer.\n\n- Bastia\n- Corte"))
    assert answerer.propose(question).evidence[0].listed == listed

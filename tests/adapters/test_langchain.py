"""The LangChain adapter: what chains see of a passage and of a quote."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from sourcespan import InvalidQuestion, Sourcespan
from sourcespan.adapters.langchain import SourcespanAnswers, SourcespanRetriever
from tests.adapters.conftest import ABSENT, PAGED, QUESTION

pytestmark = pytest.mark.model


def test_a_passage_knows_its_place(harbour: Sourcespan) -> None:
    best = SourcespanRetriever(library=harbour, k=1).invoke(QUESTION)[0]
    known = best.metadata
    assert harbour.text(known["document_id"])[known["start"] : known["end"]] == best.page_content
    assert (known["title"], known["source"], known["kind"]) == ("Timetable", "timetable.pdf", "rules")
    assert None not in known.values()


def test_only_the_named_documents_are_searched(harbour: Sourcespan) -> None:
    note = next(one for one in harbour.documents() if one.title == "Note 1")
    found = SourcespanRetriever(library=harbour, document_ids=[note.id], mode="dense").invoke(QUESTION)
    assert [one.metadata["title"] for one in found] == ["Note 1"]


def test_an_answer_is_a_quote_in_its_sentence_with_page_source_and_confidence(harbour: Sourcespan) -> None:
    told = SourcespanAnswers(library=harbour).invoke(QUESTION)
    assert (told["input"], told["answer"], told["status"]) == (QUESTION, "07:30", "answered")
    best = told["context"][0]
    known = best.metadata
    assert best.page_content == "The ferry to Oban leaves at 07:30 from pier two."
    assert PAGED[known["start"] : known["end"]] == known["answer"] == "07:30"
    assert PAGED[known["sentence_start"] : known["sentence_end"]] == best.page_content
    assert (known["page"], known["page_label"], known["heading"]) == (2, "ii", "Departures")
    assert known["confidence"] == told["result"].answers[0].confidence > 0.5


def test_without_an_answer_nothing_is_quoted(harbour: Sourcespan) -> None:
    told = SourcespanAnswers(library=harbour).invoke(ABSENT)
    assert (told["answer"], told["context"]) == ("", [])
    assert told["status"] in {"unsure", "not_found"}


def test_it_is_a_link_of_a_chain_and_answers_several_at_once(harbour: Sourcespan) -> None:
    def sources(told: dict[str, Any]) -> set[str]:
        context: list[Document] = told["context"]
        return {one.metadata["source"] for one in context}

    chain = SourcespanAnswers(library=harbour, n_best=1) | RunnableLambda(sources)
    assert chain.batch([QUESTION, ABSENT]) == [{"timetable.pdf"}, set()]
    assert asyncio.run(chain.ainvoke(QUESTION)) == {"timetable.pdf"}


def test_what_cannot_be_asked_is_raised_as_the_public_error(harbour: Sourcespan) -> None:
    with pytest.raises(InvalidQuestion):
        SourcespanAnswers(library=harbour).invoke(" ")

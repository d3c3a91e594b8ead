"""The Haystack adapter: in pipelines, in the place of the reader that Haystack has, and written down as YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from haystack import Document, ExtractedAnswer, Pipeline
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
from haystack.document_stores.in_memory import InMemoryDocumentStore

from sourcespan import Sourcespan
from sourcespan.adapters.haystack import SourcespanReader, SourcespanRetriever
from tests.adapters.conftest import ABSENT, PAGED, QUESTION

pytestmark = pytest.mark.model


def assert_exact(answer: ExtractedAnswer) -> None:
    assert answer.document is not None
    assert answer.document.content is not None
    assert answer.document_offset is not None
    assert answer.context is not None
    assert answer.context_offset is not None
    assert answer.document.content[answer.document_offset.start : answer.document_offset.end] == answer.data
    assert answer.context[answer.context_offset.start : answer.context_offset.end] == answer.data


def answers(reader: SourcespanReader, **asked: Any) -> list[ExtractedAnswer]:  # noqa: ANN401
    given: list[ExtractedAnswer] = reader.run(**asked)["answers"]
    return given


def test_passages_are_documents_with_their_place(harbour: Sourcespan) -> None:
    found = SourcespanRetriever(harbour).run(QUESTION, top_k=2)["documents"]
    assert len(found) == 2
    for one in found:
        assert harbour.text(one.meta["document_id"])[one.meta["start"] : one.meta["end"]] == one.content
    assert found[0].meta["title"] == "Timetable"
    assert found[0].score == found[0].meta["score"] >= found[1].score


def test_the_library_answers_with_exact_quotes(harbour: Sourcespan) -> None:
    best, *others, none = answers(SourcespanReader(harbour), query=QUESTION)
    for one in (best, *others):
        assert_exact(one)
    assert best.data == "07:30"
    assert PAGED[best.meta["start"] : best.meta["end"]] == "07:30"
    assert (best.meta["answer_page_number"], best.meta["source"]) == (2, "timetable.pdf")
    assert best.score == best.meta["confidence"] > 0.5
    assert (none.data, none.document) == (None, None)


def test_that_nothing_is_answered_comes_first_where_nothing_is(harbour: Sourcespan) -> None:
    (none,) = answers(SourcespanReader(harbour), query=ABSENT)
    assert none.data is None
    assert none.score > 0.5
    assert answers(SourcespanReader(harbour, no_answer=False), query=ABSENT) == []


def test_documents_of_another_store_are_read_and_quoted_by_their_own_offsets(tmp_path: Path) -> None:
    store = InMemoryDocumentStore()
    text = "On the ferry.\fThe bar 🍺 opens at nine.\fThe captain of the ferry is Iain Campbell."
    store.write_documents(
        [Document(content=text, meta={"page_number": 3}), Document(content="The captain is asleep. " * 3)]
    )
    pipeline = Pipeline()
    with Sourcespan.open(tmp_path / "read") as library:
        library.add(text="The captain of the ferry is Morag Stewart.")
        pipeline.add_component("retriever", InMemoryBM25Retriever(store))
        pipeline.add_component("reader", SourcespanReader(library, no_answer=False))
        pipeline.connect("retriever.documents", "reader.documents")
        asked = "Who is the captain of the ferry?"
        (best, *_) = pipeline.run({"retriever": {"query": asked}, "reader": {"query": asked}})["reader"]["answers"]
        assert_exact(best)
        assert (best.data, best.meta["answer_page_number"]) == ("Iain Campbell", 5)
        stored = len(library.documents())
        pipeline.run({"retriever": {"query": asked}, "reader": {"query": asked}})
        assert len(library.documents()) == stored


def test_documents_without_text_hold_no_answer(harbour: Sourcespan) -> None:
    reader = SourcespanReader(harbour)
    assert answers(reader, query=QUESTION, documents=[]) == []
    assert answers(reader, query=QUESTION, documents=[Document(content=" "), Document()]) == []


def test_a_pipeline_that_was_written_down_answers_the_same(folder: Path, harbour: Sourcespan) -> None:
    pipeline = Pipeline()
    pipeline.add_component("retriever", SourcespanRetriever(folder, top_k=2))
    pipeline.add_component("reader", SourcespanReader(folder, top_k=1, no_answer=False))
    pipeline.connect("retriever.documents", "reader.documents")
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=["sourcespan.adapters.haystack"])
    assert again.to_dict() == pipeline.to_dict()
    again.warm_up()
    before = [one.id for one in harbour.documents()]
    (best,) = again.run({"retriever": {"query": QUESTION}, "reader": {"query": QUESTION}})["reader"]["answers"]
    assert_exact(best)
    assert best.data == "07:30"
    assert [one.id for one in harbour.documents()] == before, "what is in the library is not put in again"
    for name in ("retriever", "reader"):
        part = again.get_component(name)
        assert isinstance(part, SourcespanRetriever | SourcespanReader)
        part.close()
    assert ExtractedAnswer.from_dict(best.to_dict()) == best

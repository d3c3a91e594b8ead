"""The LlamaIndex adapter: nodes are exact ranges of the stored text, however they were got."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.schema import NodeWithScore, TextNode

from sourcespan import Sourcespan
from sourcespan.adapters.llama_index import SourcespanQueryEngine, SourcespanRetriever
from tests.adapters.conftest import ABSENT, QUESTION

pytestmark = pytest.mark.model


def assert_exact(library: Sourcespan, found: NodeWithScore) -> None:
    node = found.node
    assert isinstance(node, TextNode)
    assert node.source_node is not None
    text = library.text(node.source_node.node_id)
    assert text[node.start_char_idx : node.end_char_idx] == node.text


def test_passages_are_nodes_with_their_place_and_source(harbour: Sourcespan) -> None:
    found = SourcespanRetriever(harbour, similarity_top_k=3).retrieve(QUESTION)
    assert len(found) == 3
    for one in found:
        assert_exact(harbour, one)
    scores = [one.score or 0 for one in found]
    assert scores == sorted(scores, reverse=True)
    assert found[0].metadata["source"] == "timetable.pdf"
    assert asyncio.run(SourcespanRetriever(harbour, similarity_top_k=3).aretrieve(QUESTION)) == found


def test_only_the_named_documents_are_asked(harbour: Sourcespan) -> None:
    note = next(one for one in harbour.documents() if one.title == "Note 0")
    found = SourcespanRetriever(harbour, document_ids=[note.id], mode="dense").retrieve(QUESTION)
    assert [one.metadata["title"] for one in found] == ["Note 0"]
    assert SourcespanQueryEngine(harbour, document_ids=[note.id]).query(QUESTION).source_nodes == []


def test_an_answer_is_a_quote_whose_source_node_is_the_quote(harbour: Sourcespan) -> None:
    response = SourcespanQueryEngine(harbour).query(QUESTION)
    assert str(response) == "07:30"
    assert response.metadata is not None
    assert response.metadata["status"] == "answered"
    for one in response.source_nodes:
        assert_exact(harbour, one)
    best = response.source_nodes[0]
    assert best.text == "07:30"
    assert best.score == best.metadata["confidence"] > 0.5
    assert (best.metadata["page"], best.metadata["source"]) == (2, "timetable.pdf")
    assert best.metadata["sentence"] == "The ferry to Oban leaves at 07:30 from pier two."


def test_without_an_answer_the_response_says_so_and_names_no_source(harbour: Sourcespan) -> None:
    response = asyncio.run(SourcespanQueryEngine(harbour).aquery(ABSENT))
    assert str(response).startswith("The documents ")
    assert response.source_nodes == []


def test_a_question_that_is_not_understood_is_told_why(harbour: Sourcespan) -> None:
    response = SourcespanQueryEngine(harbour).query("Wann fährt die Fähre nach Oban heute Morgen ab?")
    assert response.metadata is not None
    assert response.metadata["status"] == "not_understood"
    assert "English" in str(response)


def test_its_nodes_go_through_the_framework_s_own_parts(harbour: Sourcespan) -> None:
    found = SourcespanRetriever(harbour).retrieve(QUESTION)
    (best,) = SimilarityPostprocessor(similarity_cutoff=found[0].score or 0).postprocess_nodes(found)
    read_back = TextNode.from_json(best.node.to_json())
    assert (read_back.text, read_back.start_char_idx) == (best.text, best.node.start_char_idx)  # type: ignore[attr-defined]

"""No more is stored than the operator allows, however many try at once; what is there can be replaced and removed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.errors import QuotaExceeded
from index.ingestion.build import add_many
from index.passage_index import PassageIndex
from index.store.catalogue.quota import Quota, Usage
from tests.api.helpers import assert_problem
from tests.conftest import Server
from tests.fakes import BagOfWordsEmbedder
from tests.samples.older import make_older


def opened(folder: Path, documents: int = 0, text_bytes: int = 0) -> PassageIndex:
    return PassageIndex(folder, BagOfWordsEmbedder(), quota=Quota(documents, text_bytes))


def post(server: Server, text: str) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/documents", json={"title": "t", "text": text}, timeout=60)


def test_documents_beyond_the_quota_are_refused_and_it_is_told(start_server: Callable[..., Server]) -> None:
    server = start_server(max_documents=2, max_feedback=1)
    first, _ = server.add("a", "The ferry leaves."), server.add("b", "The train leaves.")
    assert_problem(post(server, "The bus leaves."), 507, "no more than 2 documents")
    assert post(server, "The ferry leaves.").status_code == 200, "it is there already"
    body = {"title": "a", "text": "The ferry sank."}
    assert httpx.put(f"{server.url}/v1/documents/{first}", json=body).status_code == 200
    quotas = httpx.get(f"{server.url}/readyz").json()["quotas"]
    assert quotas["documents"] == {"used": 2, "limit": 2}
    metrics = httpx.get(f"{server.url}/metrics").text
    assert "sourcespan_quota_documents 2.0" in metrics
    assert f"sourcespan_text_bytes {float(quotas['text_bytes']['used'])}" in metrics
    httpx.delete(f"{server.url}/v1/documents/{first}").raise_for_status()
    assert post(server, "The bus leaves.").status_code == 201
    verdict = {"question": "When?", "answer": None, "verdict": "wrong"}
    assert httpx.post(f"{server.url}/v1/feedback", json=verdict).status_code == 201
    assert_problem(httpx.post(f"{server.url}/v1/feedback", json=verdict), 507, "no more than 1 entries")
    assert httpx.get(f"{server.url}/readyz").json()["quotas"]["feedback"] == {"used": 1, "limit": 1}


def test_bytes_beyond_the_quota_are_refused(start_server: Callable[..., Server]) -> None:
    server = start_server(max_total_bytes=40)
    document = server.add("a", "Füße " * 4)  # 28 bytes, 20 characters
    assert_problem(post(server, "More than twelve."), 507, "no more than 40 bytes of text")
    assert post(server, "Eleven byte").status_code == 201
    longer = {"title": "a", "text": "Füße " * 5}
    assert_problem(httpx.put(f"{server.url}/v1/documents/{document}", json=longer), 507, "40 bytes")
    shorter = {"title": "a", "text": "Füße " * 3}
    assert httpx.put(f"{server.url}/v1/documents/{document}", json=shorter).status_code == 200
    assert httpx.get(f"{server.url}/readyz").json()["quotas"]["text_bytes"] == {"used": 21 + 11, "limit": 40}


def test_nobody_gets_past_it_by_coming_at_the_same_time(start_server: Callable[..., Server], tmp_path: Path) -> None:
    server = start_server(max_documents=5)
    with opened(tmp_path / "server-0", documents=5) as other, ThreadPoolExecutor(8) as threads:
        for n in range(12):
            threads.submit(other.add, DocumentDraft("", f"The bus {n} leaves."))
        answers = list(threads.map(lambda n: post(server, f"The ferry {n} leaves."), range(12)))
    assert {answer.status_code for answer in answers} <= {201, 507}
    assert httpx.get(f"{server.url}/v1/documents").json()["total"] == 5


def test_a_limit_that_was_lowered_keeps_nobody_from_removing_or_shortening(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        ids = [document.id for document, _ in add_many(index, [DocumentDraft("", f"Ferry {n}.") for n in range(5)])]
    with opened(tmp_path, documents=2, text_bytes=10) as index:
        with pytest.raises(QuotaExceeded):
            index.add(DocumentDraft("", "New."))
        index.replace(ids[0], DocumentDraft("", "Bus."))
        with pytest.raises(QuotaExceeded, match="bytes"):
            index.replace(ids[1], DocumentDraft("", "A longer one."))
        index.delete(ids[2])
        assert index.count()[0] == 4


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 2), st.text("aß€😀 ", min_size=1, max_size=30)), max_size=12))
def test_the_total_is_that_of_the_texts(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]) -> None:
    with opened(tmp_path_factory.mktemp("total")) as index:
        for what, text in steps:
            documents = index.documents(limit=1)
            draft = DocumentDraft("", f"x{text}")
            if what == 0 or not documents:
                index.add(draft)
            elif what == 1:
                index.delete(documents[0].id)
            elif index._catalogue.known(draft, None)[0] is None:
                index.replace(documents[0].id, draft)
        texts = [index.with_text(document.id)[1] for document in index.documents(limit=99)]
        assert index.usage == Usage(len(texts), sum(len(text.encode()) for text in texts))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_total_of_an_older_catalogue_is_counted(tmp_path: Path, version: int) -> None:
    with opened(tmp_path) as index:
        index.add(DocumentDraft("", "Füße"))
    make_older(tmp_path, version)
    with opened(tmp_path) as index:
        assert index.usage == Usage(1, 6)
        index.add(DocumentDraft("", "€"))
        assert index.usage == Usage(2, 9)

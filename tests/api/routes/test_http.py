"""The real server over real sockets, fake models behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import api
from tests.api.helpers import assert_problem
from tests.conftest import Server
from tests.stores import over_both  # noqa: F401

FERRY = "Timetable.\n\nThe ferry 👩‍👧 leaves Pier 9 at noon. It takes an hour."


def ask(server: Server, **body: object) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/ask", json=body)


def test_an_answer_has_everything_that_the_contract_says(server: Server) -> None:
    document_id = server.add("Ferries", FERRY, "ferry.md")
    body = ask(server, question="When does it leave? «noon»", include_passages=True).json()
    stored = httpx.get(f"{server.url}/v1/documents/{document_id}/text")
    (answer,) = body["answers"]
    text = stored.text
    assert text == FERRY
    assert text[answer["span"]["start"] : answer["span"]["end"]] == answer["text"] == "noon"
    sentence = answer["sentence"]
    assert text[sentence["start"] : sentence["end"]] == sentence["text"] == "The ferry 👩‍👧 leaves Pier 9 at noon."
    assert answer["quote"]["exact"] == "noon"
    assert text.index(answer["quote"]["prefix"] + "noon" + answer["quote"]["suffix"]) >= 0
    assert answer["document"]["id"] == document_id
    assert answer["document"]["sha256"] == stored.headers["etag"].strip('"')
    assert (answer["page"], answer["also_at"], body["abstained"], body["candidates"]) == (None, [], False, [])
    (passage,) = body["passages"]
    assert text[passage["start"] : passage["end"]] == passage["text"]
    assert set(body["timings_ms"]) == {"embed", "retrieve", "read", "total"}


def test_when_it_abstains_the_guess_is_a_candidate(server: Server) -> None:
    server.add("Ferries", FERRY)
    body = ask(server, question="guess?").json()
    assert (body["abstained"], body["answers"], len(body["candidates"])) == (True, [], 1)
    assert (body["status"], body["detail"], body["read_as"]) == ("not_found", None, None)
    assert body["passages"] == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"question": "When? «noon»"}, "answered"),
        ({"question": "When? «noon»", "min_confidence": 1}, "unsure"),
        ({"question": "Is there a bus?"}, "not_found"),
        ({"question": "Wann fährt die Fähre?"}, "not_understood"),
        ({"question": "hello"}, "not_understood"),
        ({"question": "When does it leave?"}, "not_understood"),
    ],
)
def test_it_says_which_of_the_states_it_is(server: Server, asked: dict[str, object], status: str) -> None:
    server.add("Ferries", FERRY)
    body = ask(server, **asked).json()
    assert (body["status"], body["abstained"]) == (status, status != "answered")
    assert (body["detail"] is None) == (status != "not_understood")


def test_a_follow_up_is_read_after_what_was_asked_before(server: Server) -> None:
    server.add("Ferries", FERRY)
    history = [{"question": "Where is the ferry?", "answer": "Pier 9"}, {"question": "Who owns it?"}]
    body = ask(server, question="And when does it leave?", history=history).json()
    assert (body["question"], body["read_as"]) == ("And when does it leave?", "When does the ferry leave?")
    assert ask(server, question="When does the ferry leave?", history=history).json()["read_as"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": " "}, "question"),
        ({"question": "x" * 1_001}, "question"),
        ({"question": 7}, "question"),
        ({"question": "x", "top_k": 51}, "top_k"),
        ({"question": "x", "n_best": 0}, "n_best"),
        ({"question": "x", "min_confidence": 1.1}, "min_confidence"),
        ({"question": "x", "topk": 3}, "topk"),
        ({"question": "x", "document_ids": "a"}, "document_ids"),
        ({"question": "x", "history": [{"question": "y"}] * 21}, "history"),
        ({"question": "x", "history": [{"answer": "y"}]}, "history.0.question"),
        ({"question": "x", "history": [{"question": "y" * 1_001}]}, "history.0.question"),
        ({"question": "x", "history": [{"question": "y", "answer": 1}]}, "history.0.answer"),
    ],
)
def test_a_wrong_field_is_named(server: Server, body: dict[str, object], field: str) -> None:
    response = httpx.post(f"{server.url}/v1/ask", json=body)
    assert_problem(response, 422, field)
    assert response.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b'{"question": "\\ud800"}',
        b'{"question": "x", "document_ids": ["\\ud800"]}',
        b'{"question": "x", "min_confidence": NaN}',
        b"\xff",
    ],
)
def test_a_malformed_body_is_a_problem_not_a_crash(server: Server, content: bytes) -> None:
    response = httpx.post(f"{server.url}/v1/ask", content=content, headers={"content-type": "application/json"})
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"


def test_the_life_of_a_document(server: Server) -> None:
    url = f"{server.url}/v1/documents"
    body = {"title": "Ferries", "text": FERRY, "source": "ferry.md", "metadata": {"line": 3}}
    made = httpx.post(url, json=body)
    assert made.status_code == 201
    document = made.json()
    assert document.pop("outcome") == "new"
    assert document["characters"] == len(FERRY)
    assert httpx.get(f"{server.url}{made.headers['location']}").json() == document
    again = httpx.post(url, json={**body, "title": "Other"})
    assert (again.status_code, again.json()) == (200, {**document, "outcome": "known"})
    listed = httpx.get(url).json()
    assert (listed["documents"], listed["total"]) == ([document], 1)
    replaced = httpx.put(f"{url}/{document['id']}", json={"title": "New", "text": "The train leaves at two."}).json()
    assert (replaced["id"], replaced["title"]) == (document["id"], "New")
    assert ask(server, question="«ferry»").json()["answers"] == []
    assert ask(server, question="«train»").json()["answers"][0]["text"] == "train"
    assert httpx.delete(f"{url}/{document['id']}").status_code == 204
    assert_problem(httpx.delete(f"{url}/{document['id']}"), 404, document["id"])
    assert ask(server, question="«train»").json()["answers"] == []


def test_the_list_of_documents_comes_in_pages(server: Server) -> None:
    ids = [server.add(f"title {n}", f"text {n}") for n in range(3)]
    body = httpx.get(f"{server.url}/v1/documents", params={"limit": 2, "offset": 1}).json()
    assert [document["id"] for document in body["documents"]] == ids[1:]
    assert (body["total"], body["limit"], body["offset"]) == (3, 2, 1)
    assert_problem(httpx.get(f"{server.url}/v1/documents", params={"limit": 0}), 422, "limit")


def test_the_text_is_not_sent_again_to_who_has_it(server: Server) -> None:
    url = f"{server.url}/v1/documents/{server.add('a', FERRY)}/text"
    etag = httpx.get(url).headers["etag"]
    known = httpx.get(url, headers={"If-None-Match": etag})
    assert (known.status_code, known.content) == (304, b"")
    assert httpx.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("text", ["e\u0301\r\n\tx\u00a0y", "\1 soh", "שלום\u202e 👍🏽\ufeff"])
def test_text_is_stored_exactly_as_given(server: Server, text: str) -> None:
    document_id = server.add("a", text)
    response = httpx.get(f"{server.url}/v1/documents/{document_id}/text")
    assert response.content.decode() == text


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"title": "a", "text": " \n"}, "no text"),
        ({"title": " ", "text": "x"}, "title"),
        ({"title": "a"}, "text"),
        ({"title": "a", "text": "x\0"}, "U+0000"),
        ({"title": "a", "text": "x", "metadata": {"by\0": 1}}, "U+0000"),
        ({"title": "a", "text": "x", "metadata": {"deep": {}}}, "metadata"),
    ],
)
def test_what_is_no_document_is_refused_with_the_reason(server: Server, body: dict[str, object], says: str) -> None:
    assert_problem(httpx.post(f"{server.url}/v1/documents", json=body), 422, says)


def test_what_is_too_large_is_refused(start_server: Callable[..., Server]) -> None:
    server = start_server(max_document_bytes=1_000)
    url = f"{server.url}/v1/documents"
    assert_problem(httpx.post(url, json={"title": "a", "text": "é" * 501}), 413, "1,002 bytes; the limit is 1,000")
    assert httpx.post(url, json={"title": "a", "text": "é" * 500}).status_code == 201
    assert_problem(httpx.post(url, content=b"x" * 6_001), 413, "6,000 bytes")
    chunks = (b"x" * 1_000 for _ in range(7))
    assert_problem(httpx.post(url, content=chunks, headers={"content-type": "application/json"}), 413, "6,000 bytes")


def test_the_text_of_another_document_cannot_replace_one(server: Server) -> None:
    first, second = server.add("a", "The ferry."), server.add("b", "The train.")
    response = httpx.put(f"{server.url}/v1/documents/{second}", json={"title": "b", "text": "The ferry."})
    assert_problem(response, 409, first)


def test_health_and_readiness(server: Server) -> None:
    server.add("a", "The ferry.")
    assert httpx.get(f"{server.url}/healthz").json() == {"status": "alive"}
    ready = httpx.get(f"{server.url}/readyz").json()
    assert (ready["status"], ready["documents"], ready["passages"]) == ("ready", 1, 1)
    assert (ready["embedder"], ready["reader"]) == ("bag-of-words@1", "quoting@1")


def test_unknown_addresses_and_methods_are_problems(server: Server) -> None:
    assert_problem(httpx.get(f"{server.url}/v1/nothing"), 404, "/v1/nothing")
    assert_problem(httpx.get(f"{server.url}/v1/ask"), 405)
    assert_problem(httpx.get(f"{server.url}/static/../settings.py"), 404)


def test_the_page_and_everything_else_come_with_a_strict_policy(server: Server) -> None:
    for path in ("/", "/static/app.js", "/healthz"):
        response = httpx.get(f"{server.url}{path}")
        assert response.status_code == 200
        assert "default-src 'self'" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"


def test_the_files_of_the_page_are_fetched_once_and_all_at_the_same_time(server: Server) -> None:
    with httpx.Client(base_url=server.url) as client:
        page = client.get("/")
        assert page.headers["cache-control"] == "no-cache"
        names = re.findall(r'"(static/(\w{16})/([^"]+))"', page.text)
        web = Path(api.__file__).parent / "web"
        assert {inside for _, _, inside in names} == {
            path.relative_to(web).as_posix() for path in web.rglob("*") if path.suffix in {".js", ".css", ".svg"}
        }
        for name, version, inside in names:
            kept = client.get(name)
            assert (kept.status_code, kept.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
            plain = client.get(f"/static/{inside}")
            assert (plain.content, plain.headers["cache-control"]) == (kept.content, "no-cache")
            assert_problem(client.get(f"/static/{version[::-1]}/{inside}"), 404)


def test_openapi_describes_the_contract(server: Server) -> None:
    paths = httpx.get(f"{server.url}/openapi.json").json()["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == {
        ("/v1/ask", "post"),
        ("/v1/access", "get"),
        ("/v1/examples", "get"),
        ("/v1/feedback", "delete"),
        ("/v1/documents/{document_id}/blocks", "get"),
        ("/v1/documents", "get"),
        ("/v1/documents", "post"),
        ("/v1/documents/{document_id}", "get"),
        ("/v1/documents/{document_id}", "put"),
        ("/v1/documents/{document_id}", "delete"),
        ("/v1/documents/{document_id}/text", "get"),
        ("/v1/documents/{document_id}/original", "get"),
        ("/v1/documents/{document_id}/boxes", "get"),
        ("/v1/documents/{document_id}/pages/{number}/image", "get"),
        ("/v1/search", "post"),
        ("/v1/chat/completions", "post"),
        ("/v1/completions", "post"),
        ("/v1/responses", "post"),
        ("/v1/embeddings", "post"),
        ("/retrieval", "post"),
        ("/v1/models", "get"),
        ("/v1/models/{model}", "get"),
        ("/v1/documents/{document_id}", "patch"),
        ("/v1/collections", "get"),
        ("/v1/collections", "post"),
        ("/v1/collections/{name}", "delete"),
        ("/v1/feedback", "post"),
        ("/v1/feedback/export", "get"),
        ("/metrics", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
    }


def test_asking_goes_on_while_documents_come_and_go(server: Server) -> None:
    server.add("stays", "The lighthouse is closed.")

    def come_and_go(n: int) -> None:
        document_id = server.add(f"title {n}", f"The lighthouse number {n} is open.")
        httpx.delete(f"{server.url}/v1/documents/{document_id}").raise_for_status()

    def ask_once(_: int) -> None:
        body = ask(server, question="«lighthouse»", n_best=20).raise_for_status().json()
        assert body["answers"][0]["text"] == "lighthouse"

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(work, n) for n in range(12) for work in (come_and_go, ask_once)]
    for job in jobs:
        job.result()

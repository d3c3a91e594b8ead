"""Keys that are bound to collections: on no route does one get at what is in others, or learn that it is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from api.keys import hash_of, new_key, parse_keys
from tests.api.helpers import assert_problem
from tests.conftest import Server
from tests.samples.files import pdf_of
from tests.stores import over_both  # noqa: F401

SECRET = "The secret lighthouse is in Bryanka."  # noqa: S105
OPEN = "The bakery opens at six."
OWNER, ALPHA, BETA, BETA_READS = (new_key() for _ in range(4))
KEYS = (
    f"write:{hash_of(OWNER)}, write:{hash_of(ALPHA)}:alpha, write:{hash_of(BETA)}:beta+Beta 2, "
    f"read:{hash_of(BETA_READS)}:beta"
)
# what shows nothing of any document
SHOWS_NOTHING = {
    "/v1/models",
    "/v1/models/{model}",
    "/v1/embeddings",
    "/v1/completions",
    "/metrics",
    "/healthz",
    "/readyz",
}


class Caller:
    """Calls a server with one key."""

    def __init__(self, server: Server, key: str) -> None:
        self.url, self.key = server.url, key

    def __call__(self, method: str, path: str, **given: Any) -> httpx.Response:  # noqa: ANN401
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=60, **given)

    def put_in(self, text: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401
        response = self("POST", "/v1/documents", json={"title": "a title", "text": text, **given})
        assert response.is_success, response.text
        document: dict[str, Any] = response.json()
        return document

    def ids(self, **query: str) -> list[str]:
        return [each["id"] for each in self("GET", "/v1/documents", params=query).json()["documents"]]

    def tool(self, name: str, **arguments: Any) -> Any:  # noqa: ANN401
        async def called() -> Any:  # noqa: ANN401
            headers = {"Authorization": f"Bearer {self.key}"}
            async with (
                httpx2.AsyncClient(headers=headers) as http,
                Client(streamable_http_client(f"{self.url}/mcp", http_client=http)) as client,
            ):
                return await client.call_tool(name, arguments)

        return anyio.run(called)


@pytest.fixture
def bound(start_server: Callable[..., Server]) -> Server:
    return start_server(api_keys=KEYS, rate_limit=0)


@pytest.fixture
def owner(bound: Server) -> Caller:
    return Caller(bound, OWNER)


@pytest.fixture
def alpha(bound: Server) -> Caller:
    return Caller(bound, ALPHA)


@pytest.fixture
def beta(bound: Server) -> Caller:
    return Caller(bound, BETA)


FEEDBACK = {"question": "Where?", "verdict": "right"}
QUOTED = {"span": {"start": 0, "end": 3}}
# method and path of a route → what is sent with it; the document is another group's
ATTEMPTS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/v1/documents/{document_id}"): {},
    ("PUT", "/v1/documents/{document_id}"): {"json": {"title": "x", "text": "Mine now."}},
    ("PATCH", "/v1/documents/{document_id}"): {"json": {"collections": ["beta"]}},
    ("DELETE", "/v1/documents/{document_id}"): {},
    ("GET", "/v1/documents/{document_id}/text"): {},
    ("GET", "/v1/documents/{document_id}/blocks"): {},
    ("GET", "/v1/documents/{document_id}/original"): {},
    ("GET", "/v1/documents/{document_id}/boxes"): {"params": {"start": 0, "end": 3}},
    ("GET", "/v1/documents/{document_id}/pages/{number}/image"): {},
}
# routes that name no document: what they give must not hold the secret, or its id
QUESTIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/ask"): {"json": {"question": "«Bryanka»", "include_passages": True}},
    ("POST", "/v1/search"): {"json": {"query": "lighthouse in Bryanka"}},
    ("POST", "/v1/chat/completions"): {"json": {"messages": [{"role": "user", "content": "«Bryanka»"}]}},
    ("POST", "/v1/responses"): {"json": {"input": "«Bryanka»"}},
    ("POST", "/retrieval"): {
        "json": {"query": "lighthouse", "knowledge_id": "sourcespan", "retrieval_setting": {"top_k": 5}}
    },
    ("GET", "/v1/documents"): {"params": {"search": "title"}},
    ("GET", "/v1/collections"): {},
    ("GET", "/v1/access"): {},
    ("GET", "/v1/examples"): {},
    ("GET", "/v1/feedback/export"): {},
    ("POST", "/v1/feedback"): {"json": {**FEEDBACK, "answer": None}},
}
ELSEWHERE = {
    *(("POST", "/v1/documents"), ("POST", "/v1/collections"), ("DELETE", "/v1/collections/{name}")),
    ("DELETE", "/v1/feedback"),  # by an id that only who gave it was told
}


def test_every_route_is_tried(bound: Server) -> None:
    paths = httpx.get(f"{bound.url}/openapi.json").json()["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    tried = {*ATTEMPTS, *QUESTIONS, *ELSEWHERE}
    assert {route for route in routes if route[1] not in SHOWS_NOTHING} == tried


@pytest.mark.parametrize("route", ATTEMPTS, ids=" ".join)
def test_what_is_elsewhere_is_as_if_it_were_not_there(alpha: Caller, beta: Caller, route: tuple[str, str]) -> None:
    kept = alpha("POST", "/v1/documents", files={"files": ("a.pdf", pdf_of([[("BodyText", SECRET)]]))}).json()
    method, path = route
    given = ATTEMPTS[route]
    there, missing = (
        beta(method, path.format(document_id=document_id, number=1), **given)
        for document_id in (kept["id"], "0123456789abcdef")
    )
    assert (there.status_code, missing.status_code) == (404, 404)
    assert there.json() == {
        **missing.json(),
        "detail": missing.json()["detail"].replace("0123456789abcdef", kept["id"]),
    }
    assert alpha("GET", f"/v1/documents/{kept['id']}").json() == {k: v for k, v in kept.items() if k != "outcome"}


@pytest.mark.parametrize("route", QUESTIONS, ids=" ".join)
def test_answers_and_lists_hold_nothing_of_others(alpha: Caller, beta: Caller, route: tuple[str, str]) -> None:
    kept = alpha.put_in(SECRET)
    alpha("POST", "/v1/feedback", json={**FEEDBACK, "answer": {**QUOTED, "document_id": kept["id"]}})
    own = beta.put_in(OPEN)
    beta("POST", "/v1/feedback", json={**FEEDBACK, "answer": {**QUOTED, "document_id": own["id"]}})
    response = beta(route[0], route[1], **QUESTIONS[route])
    assert response.is_success
    assert kept["id"] not in response.text
    for word in ("Bryanka is", "secret lighthouse", "alpha"):
        assert word not in response.text
    assert "Bryanka" in alpha("POST", "/v1/ask", json={"question": "«Bryanka»"}).text


@pytest.mark.parametrize(
    "among",
    [
        {"document_ids": ["ID"]},
        {"filter": {"collections": ["alpha"]}},
        {"filter": {"$not": {"collections": ["beta"]}}},
        {"filter": {"$or": [{"type": "text"}, {"collections": ["alpha"]}]}},
    ],
)
def test_no_filter_widens_what_is_seen(alpha: Caller, beta: Caller, among: dict[str, Any]) -> None:
    kept = alpha.put_in(SECRET)
    beta.put_in(OPEN)
    among = json.loads(json.dumps(among).replace("ID", kept["id"]))
    for path, body in (
        ("/v1/ask", {"question": "«Bryanka»", "include_passages": True}),
        ("/v1/search", {"query": "a"}),
    ):
        assert "lighthouse" not in beta("POST", path, json={**body, **among}).raise_for_status().text
    assert "lighthouse" not in str(beta.tool("ask", question="«Bryanka»", **among))
    if "filter" in among:
        assert kept["id"] not in beta.ids(filter=json.dumps(among["filter"]))


def test_agents_see_no_more(alpha: Caller, beta: Caller) -> None:
    kept = alpha.put_in(SECRET)
    beta.put_in(OPEN)
    assert "Bryanka" in str(alpha.tool("read_document", document_id=kept["id"]))
    for name, arguments in (
        ("ask", {"question": "«lighthouse»"}),
        ("search", {"query": "lighthouse"}),
        ("read_document", {"document_id": kept["id"]}),
        ("fetch", {"id": kept["id"]}),
        ("fetch", {"id": f"{kept['id']}:0-9"}),
        ("list_documents", {}),
    ):
        given = str(beta.tool(name, **arguments))
        assert "Bryanka" not in given
        assert kept["sha256"] not in given
    retrieval = {"query": "lighthouse", "knowledge_id": kept["id"], "retrieval_setting": {"top_k": 5}}
    assert beta("POST", "/retrieval", json=retrieval).status_code == 404


def test_the_resources_of_agents_are_their_own(alpha: Caller, beta: Caller) -> None:
    kept = alpha.put_in(SECRET)

    async def read(caller: Caller) -> str:
        headers = {"Authorization": f"Bearer {caller.key}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(f"{caller.url}/mcp", http_client=http)) as client,
        ):
            listed = str(await client.list_resources())
            try:
                return listed + str(await client.read_resource(f"sourcespan://documents/{kept['id']}"))
            except Exception as error:  # noqa: BLE001
                return listed + str(error)

    assert "Bryanka" in anyio.run(read, alpha)
    given = anyio.run(read, beta)
    assert "Bryanka" not in given
    assert kept["title"] not in given


def test_streamed_answers_hold_nothing_of_others(alpha: Caller, beta: Caller) -> None:
    alpha.put_in(SECRET)
    headers = {"Authorization": f"Bearer {BETA}", "Accept": "text/event-stream"}
    body = {"question": "«lighthouse»"}
    assert "Bryanka" not in httpx.post(f"{beta.url}/v1/ask", json=body, headers=headers, timeout=60).text


def test_the_same_text_of_two_groups_is_two_documents(owner: Caller, alpha: Caller, beta: Caller) -> None:
    first = alpha.put_in(SECRET, source="alpha.txt", metadata={"of": "alpha"})
    response = beta("POST", "/v1/documents", json={"title": "b", "text": SECRET, "source": "beta.txt"})
    assert (response.status_code, response.json()["outcome"]) == (201, "new"), "that it is there is not to be told"
    second = response.json()
    assert second["id"] != first["id"]
    assert (second["sha256"], second["sources"], second["metadata"]) == (first["sha256"], ["beta.txt"], {})
    assert (alpha.ids(), beta.ids()) == ([first["id"]], [second["id"]])
    assert set(owner.ids()) == {first["id"], second["id"]}
    assert beta.put_in(SECRET)["id"] == second["id"], "within a group it is one"
    assert beta("DELETE", f"/v1/documents/{second['id']}").status_code == 204
    assert alpha("GET", f"/v1/documents/{first['id']}/text").text == SECRET
    replaced = beta("POST", "/v1/documents", json={"title": "b", "text": OPEN}).json()
    put = beta("PUT", f"/v1/documents/{replaced['id']}", json={"title": "b", "text": SECRET})
    assert put.status_code == 200, "no conflict with what is not seen"
    assert alpha("POST", "/v1/ask", json={"question": "«Bryanka»"}).json()["answers"][0]["also_at"] == []


def test_a_text_that_another_group_has_too_is_renamed(owner: Caller, alpha: Caller, beta: Caller) -> None:
    first, second = alpha.put_in(SECRET), beta.put_in(SECRET)
    for caller, document in ((beta, second), (owner, first)):
        url = f"/v1/documents/{document['id']}"
        assert caller("PATCH", url, json={"title": "Lighthouses"}).json()["title"] == "Lighthouses"
        again = caller("PUT", url, json={"title": "Towers", "text": SECRET})
        assert (again.status_code, again.json()["title"]) == (200, "Towers"), "its own text is no conflict"
    assert {alpha.ids()[0], beta.ids()[0]} == {first["id"], second["id"]}


def test_a_change_that_is_refused_changes_nothing(alpha: Caller) -> None:
    kept = alpha.put_in(OPEN)
    url = f"/v1/documents/{kept['id']}"
    assert_problem(alpha("PATCH", url, json={"title": "new", "metadata": {"a": 1}, "collections": ["beta"]}), 403)
    shown = alpha("GET", url).json()
    assert (shown["title"], shown["metadata"]) == (kept["title"], {})


def test_what_others_asked_of_a_shared_document_is_not_exported(owner: Caller, alpha: Caller, beta: Caller) -> None:
    shared, own = owner.put_in(SECRET, collections=["alpha", "beta"]), beta.put_in(OPEN)
    for caller, document, question in ((alpha, shared, "Why is Alpha sold?"), (beta, own, "When does it open?")):
        answer = {**QUOTED, "document_id": document["id"]}
        given = {"question": question, "verdict": "right", "answer": answer}
        assert caller("POST", "/v1/feedback", json=given).status_code == 201
    exported = {caller.key: caller("GET", "/v1/feedback/export").text for caller in (owner, alpha, beta)}
    assert [("sold" in text, "open" in text) for text in exported.values()] == [
        (True, True),
        (False, False),
        (False, True),
    ]


def test_names_of_others_are_not_taken(alpha: Caller, beta: Caller) -> None:
    kept = alpha.put_in(SECRET, source="a.txt")
    for conflict in ("refuse", "replace"):
        body = {"title": "b", "text": f"{OPEN} {conflict}", "source": "a.txt"}
        response = beta("POST", "/v1/documents", json=body, params={"on_conflict": conflict})
        assert kept["id"] not in response.text
    assert alpha("GET", f"/v1/documents/{kept['id']}/text").text == SECRET


def test_a_key_puts_in_only_where_it_is_bound_to(owner: Caller, beta: Caller) -> None:
    assert beta.put_in("One.")["collections"] == ["Beta 2"], "the first in the alphabet"
    assert beta.put_in("Two.", collections=["beta"])["collections"] == ["beta"]
    for names in (["alpha"], ["beta", "alpha"], ["new"]):
        response = beta("POST", "/v1/documents", json={"title": "a", "text": "Three.", "collections": names})
        assert_problem(response, 403, "bound to collections")
    document = beta.put_in("Four.")
    url = f"/v1/documents/{document['id']}"
    assert_problem(beta("PATCH", url, json={"collections": ["alpha"]}), 403)
    assert beta("PATCH", url, json={"collections": []}).json()["collections"] == ["Beta 2"], "it stays in sight"
    assert_problem(beta("POST", "/v1/collections", json={"name": "beta"}), 403)
    assert_problem(beta("DELETE", "/v1/collections/beta"), 403)
    assert owner("POST", "/v1/collections", json={"name": "gamma"}).status_code == 201
    named = [each["name"] for each in beta("GET", "/v1/collections").json()["collections"]]
    assert named == ["Beta 2", "beta"]


def test_what_several_groups_share_is_read_and_changed_by_none_of_them(
    owner: Caller, alpha: Caller, beta: Caller
) -> None:
    shared = owner.put_in(SECRET, collections=["alpha", "beta"])
    url = f"/v1/documents/{shared['id']}"
    assert "Bryanka" in alpha("POST", "/v1/ask", json={"question": "«Bryanka»"}).text
    for method, given in (("DELETE", {}), ("PUT", {"json": {"title": "x", "text": "y"}}), ("PATCH", {"json": {}})):
        assert_problem(beta(method, url, **given), 403, "bound to collections")
    again = beta.put_in(SECRET, source="beta.txt")
    assert again["id"] != shared["id"], "its source would be seen by others"
    assert alpha("GET", url).json()["sources"] == []


def test_scopes_hold_beside_collections(bound: Server, alpha: Caller) -> None:
    reads = Caller(bound, BETA_READS)
    assert_problem(reads("POST", "/v1/documents", json={"title": "a", "text": "b"}), 403, "scope write")
    kept = alpha.put_in(SECRET)
    assert_problem(
        reads("POST", "/v1/feedback", json={**FEEDBACK, "answer": {**QUOTED, "document_id": kept["id"]}}), 404
    )
    assert httpx.get(f"{bound.url}/v1/documents").status_code == 401


def test_the_collections_that_a_document_shows_are_those_of_the_key(owner: Caller, alpha: Caller) -> None:
    shared = owner.put_in(SECRET, collections=["alpha", "board"])
    assert alpha("GET", f"/v1/documents/{shared['id']}").json()["collections"] == ["alpha"]
    assert [each["collections"] for each in alpha("GET", "/v1/documents").json()["documents"]] == [["alpha"]]
    assert alpha.ids(filter='{"collections": ["board"]}') == []
    assert alpha.ids(filter='{"$not": {"collections": ["board"]}}') == [shared["id"]]


def test_how_keys_are_written() -> None:
    (key,) = parse_keys(f"read:{'0' * 64}:Verträge 2024+b")
    assert key.collections == frozenset({"Verträge 2024", "b"})
    for wrong in ("", "a/b", "a++b", "a:b"):
        with pytest.raises(ValueError, match="entry 1"):
            parse_keys(f"read:{'0' * 64}:{wrong}")

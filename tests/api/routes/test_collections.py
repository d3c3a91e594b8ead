"""Collections, filters, names that are there already, and what a document is called."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.helpers import assert_problem, text_of
from tests.conftest import Server
from tests.stores import over_both  # noqa: F401


def put_in(server: Server, text: str, expect: int = 201, **given: Any) -> dict[str, Any]:  # noqa: ANN401
    query = {"on_conflict": given.pop("on_conflict")} if "on_conflict" in given else {}
    body = {"title": "a", "text": text, **given}
    response = httpx.post(f"{server.url}/v1/documents", json=body, params=query)
    assert response.status_code == expect, response.text
    put: dict[str, Any] = response.json()
    return put


def listed(server: Server, **query: Any) -> list[str]:  # noqa: ANN401
    response = httpx.get(f"{server.url}/v1/documents", params=query).raise_for_status().json()
    assert response["total"] == len(response["documents"])
    return [document["source"] or document["title"] for document in response["documents"]]


def test_collections_are_made_listed_and_removed_and_documents_stay(server: Server) -> None:
    url = f"{server.url}/v1/collections"
    assert httpx.post(url, json={"name": "empty"}).status_code == 201
    assert httpx.post(url, json={"name": "empty"}).status_code == 200
    document = put_in(server, "The ferry.", collections=["reports", "2024"])
    assert document["collections"] == ["2024", "reports"]
    counted = {each["name"]: each["documents"] for each in httpx.get(url).json()["collections"]}
    assert counted == {"2024": 1, "empty": 0, "reports": 1}
    assert httpx.delete(f"{url}/reports").status_code == 204
    assert_problem(httpx.delete(f"{url}/reports"), 404, "reports")
    assert httpx.get(f"{server.url}/v1/documents/{document['id']}").json()["collections"] == ["2024"]
    assert_problem(httpx.post(url, json={"name": "a/b"}), 422, "collections", "a/b")


def test_a_filter_is_the_same_wherever_it_is_given(server: Server) -> None:
    put_in(server, "The ferry leaves at noon.", source="ferry.md", metadata={"year": 2019, "tags": ["sea", "boat"]})
    put_in(server, "The ferry leaves at one.", source="new/ferry.txt", metadata={"year": 2024}, collections=["new"])
    wanted = {"metadata": {"year": {"$gte": 2020}}}
    question = "«The ferry leaves at»"
    answers = httpx.post(f"{server.url}/v1/ask", json={"question": question, "filter": wanted}).json()["answers"]
    assert [answer["document"]["source"] for answer in answers] == ["new/ferry.txt"]
    found = httpx.post(
        f"{server.url}/v1/search", json={"query": "ferry", "filter": {"metadata": {"tags": "sea"}}}
    ).json()
    assert [passage["text"] for passage in found["passages"]] == ["The ferry leaves at noon."]
    chat = {"messages": [{"role": "user", "content": question}], "filter": {"collections": ["new"]}}
    message = httpx.post(f"{server.url}/v1/chat/completions", json=chat).json()["choices"][0]["message"]
    assert message["sourcespan"]["answers"][0]["document"]["source"] == "new/ferry.txt"
    assert listed(server, filter='{"source": "new/*"}') == listed(server, collection="new") == ["new/ferry.txt"]
    assert listed(server, type=["md"], filter='{"metadata": {"year": 2019}}') == ["ferry.md"]
    assert (
        httpx.post(f"{server.url}/v1/ask", json={"question": question, "filter": {"type": "pdf"}}).json()["answers"]
        == []
    )
    for path, body in (("ask", {"question": "a"}), ("search", {"query": "a"})):
        response = httpx.post(f"{server.url}/v1/{path}", json={**body, "filter": {"metadata": {"year": {"$x": 1}}}})
        assert_problem(response, 422, "$gte")
        assert response.json()["errors"][0]["field"] == "filter.metadata.year.$x"
    assert_problem(httpx.get(f"{server.url}/v1/documents", params={"filter": "{"}), 422, "filter")


def test_the_list_is_searched_sorted_and_counts_kinds(server: Server) -> None:
    for source, text in [("a.md", "The longest of the three."), ("b.PDF.txt", "Short."), ("c.pdf", "Neither one.")]:
        put_in(server, text, source=source, title=f"title {source[0]}")
    assert listed(server, sort="newest") == ["c.pdf", "b.PDF.txt", "a.md"]
    assert listed(server, sort="size") == ["a.md", "c.pdf", "b.PDF.txt"]
    assert listed(server, search="PDF", sort="title") == ["b.PDF.txt", "c.pdf"]
    assert listed(server, search="title c") == ["c.pdf"]
    types = httpx.get(f"{server.url}/v1/documents", params={"search": "nothing"}).json()["types"]
    assert types == {"md": 1, "pdf": 1, "txt": 1}
    assert_problem(httpx.get(f"{server.url}/v1/documents", params={"sort": "colour"}), 422, "sort")


@pytest.mark.parametrize("as_file", [False, True])
def test_a_name_that_is_there(server: Server, *, as_file: bool) -> None:
    def put(text: str, conflict: str, **query: str) -> httpx.Response:
        url = f"{server.url}/v1/documents"
        if as_file:
            return httpx.post(url, files={"files": ("a.txt", text.encode())}, data={"on_conflict": conflict, **query})
        return httpx.post(url, json={"title": "a", "text": text, "source": "a.txt"}, params={"on_conflict": conflict})

    first = put("One.", "refuse").json()
    assert put("One.", "refuse").json()["outcome"] == "known"
    refused = put("Two.", "refuse")
    assert_problem(refused, 409, "a.txt", "on_conflict")
    assert refused.json()["document_id"] == first["id"]
    assert refused.json()["type"].endswith("name-taken")
    replaced = put("Two.", "replace")
    assert (replaced.status_code, replaced.json()["outcome"], replaced.json()["id"]) == (200, "replaced", first["id"])
    assert replaced.json()["created_at"] == first["created_at"] < replaced.json()["changed_at"]
    assert text_of(server, first["id"]) == "Two."
    assert put("Three.", "keep_both").status_code == 201
    assert listed(server) == ["a.txt", "a.txt"]


def test_the_same_text_has_several_sources_and_goes_with_the_last(server: Server) -> None:
    first = put_in(server, "The ferry.", source="a.txt")
    again = put_in(server, "The ferry.", source="b.txt", expect=200)
    assert (again["id"], again["outcome"]) == (first["id"], "known")
    assert again["sources"] == ["a.txt", "b.txt"]
    url = f"{server.url}/v1/documents/{first['id']}"
    assert_problem(httpx.delete(url, params={"source": "c.txt"}), 404, "c.txt")
    assert httpx.delete(url, params={"source": "a.txt"}).status_code == 204
    left = httpx.get(url).json()
    assert (left["source"], left["sources"]) == ("b.txt", ["b.txt"])
    assert httpx.delete(url, params={"source": "b.txt"}).status_code == 204
    gone = httpx.get(url)
    assert_problem(gone, 404, "was deleted on")
    assert gone.json()["type"].endswith("document-deleted")
    assert_problem(httpx.get(f"{server.url}/v1/documents/unknown"), 404, "there is no document")


def test_a_file_takes_the_place_of_a_document(server: Server) -> None:
    document = put_in(server, "The ferry.", source="a.txt", metadata={"year": 2019}, collections=["c"])
    url = f"{server.url}/v1/documents/{document['id']}"
    put = httpx.put(url, files={"files": ("b.md", b"# Boats\n\nThe boat.")}).raise_for_status().json()
    assert (put["title"], put["sources"], put["metadata"], put["collections"]) == (
        "Boats",
        ["b.md"],
        {"year": 2019},
        ["c"],
    )
    assert httpx.get(f"{url}/original").content == b"# Boats\n\nThe boat."
    assert_problem(httpx.put(url, files=[("files", ("a.txt", b"a")), ("files", ("b.txt", b"b"))]), 422, "one file")


def test_a_document_is_renamed_and_sorted_and_found_by_its_title(server: Server) -> None:
    document = put_in(server, "It leaves at noon.", source="a.txt", collections=["c"], metadata={"year": 1})
    url = f"{server.url}/v1/documents/{document['id']}"
    assert httpx.patch(url, json={"title": "Zeppelin"}).raise_for_status().json()["title"] == "Zeppelin"
    search = {"query": "zeppelin", "mode": "lexical"}
    found = httpx.post(f"{server.url}/v1/search", json=search).json()["passages"]
    assert [passage["text"] for passage in found] == ["It leaves at noon."]
    changed = httpx.patch(url, json={"collections": ["d"], "metadata": {"tags": ["x"]}}).json()
    assert (changed["collections"], changed["metadata"], changed["title"]) == (["d"], {"tags": ["x"]}, "Zeppelin")
    kept = {"sources", "created_at", "changed_at", "sha256", "original"}
    assert {name: changed[name] for name in kept} == {name: document[name] for name in kept}
    assert_problem(httpx.patch(url, json={"text": "x"}), 422, "text")
    assert_problem(httpx.patch(f"{server.url}/v1/documents/x", json={"title": "y"}), 404)


def test_files_come_with_collections_and_metadata(server: Server) -> None:
    files = [("files", ("a.txt", b"One.")), ("files", ("b.txt", b"Two."))]
    data = {"collections": ["c", "d"], "metadata": '{"year": 3}'}
    report = httpx.post(f"{server.url}/v1/documents", files=files, data=data).json()
    assert [file["outcome"] for file in report["files"]] == ["new", "new"]
    for file in report["files"]:
        assert (file["document"]["collections"], file["document"]["metadata"]) == (["c", "d"], {"year": 3})
    for wrong in (
        {"metadata": "{"},
        {"metadata": "[]"},
        {"on_conflict": "x"},
        {"colour": "red"},
        {"collections": "a/b"},
    ):
        response = httpx.post(f"{server.url}/v1/documents", files={"files": ("c.txt", b"Three.")}, data=wrong)
        assert_problem(response, 422, next(iter(wrong)))

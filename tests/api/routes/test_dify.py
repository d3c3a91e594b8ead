"""Dify's external knowledge, asked as `api/services/external_knowledge_service.py` asks it (2026-11-29)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from api.keys import hash_of, new_key
from tests.api.helpers import assert_problem
from tests.conftest import Server

FERRY = "Timetable.\n\nThe ferry 👩‍👧 leaves Pier 9 at noon."


def retrieved(server: Server, key: str = "none", **changed: Any) -> httpx.Response:  # noqa: ANN401
    setting = {"top_k": 2, "score_threshold": 0.0}
    body = {"retrieval_setting": setting, "query": "ferry", "knowledge_id": "sourcespan", **changed}
    return httpx.post(f"{server.url}/retrieval", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60)


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem that a response is."""
    assert_problem(response, status)
    body: dict[str, Any] = response.json()
    return body


def test_records_are_passages_with_where_they_stand(server: Server) -> None:
    document = {"title": "Ferries", "text": FERRY, "source": "note.txt", "metadata": {"year": 2024, "by": None}}
    document_id = httpx.post(f"{server.url}/v1/documents", json=document).json()["id"]
    (record,) = retrieved(server).json()["records"]
    assert set(record) == {"content", "score", "title", "metadata"}
    where = record["metadata"]
    assert FERRY[where["start"] : where["end"]] == record["content"]
    assert 0 < record["score"] <= 1
    assert record["title"] == "Ferries (note.txt)"
    assert (where["path"], where["document_id"], where["year"]) == ("note.txt", document_id, 2024)
    assert where["url"].startswith(f"{server.url}/#document={document_id}&span={where['start']}-{where['end']}")
    # a null makes Dify fail
    assert "by" not in where


def test_as_many_are_given_as_are_wanted_and_no_worse_ones(server: Server) -> None:
    for number in range(3):
        server.add(str(number), f"The ferry number {number}. " + "It rains. " * number)
    whole = retrieved(server, retrieval_setting={"top_k": 50}).json()["records"]
    assert len(whole) == 3
    assert retrieved(server).json()["records"] == whole[:2]
    least = whole[0]["score"]
    good = retrieved(server, retrieval_setting={"top_k": 1_000, "score_threshold": least}).json()["records"]
    assert good == [record for record in whole if record["score"] >= least]
    assert retrieved(server, query="?", retrieval_setting={"top_k": 1, "score_threshold": 1}).json() == {"records": []}


def test_one_document_may_be_the_knowledge(server: Server) -> None:
    first, _ = server.add("a", "The ferry a."), server.add("b", "The ferry b.")
    records = retrieved(server, knowledge_id=first).json()["records"]
    assert [record["content"] for record in records] == ["The ferry a."]
    body = problem(retrieved(server, knowledge_id="x"), 404)
    assert (body["error_code"], body["error_msg"]) == (2001, "there is no document 'x'")


def test_a_collection_may_be_the_knowledge(server: Server) -> None:
    for name in ("a", "b"):
        document = {"title": name, "text": f"The ferry {name}.", "collections": [f"shelf {name}"]}
        httpx.post(f"{server.url}/v1/documents", json=document, timeout=60).raise_for_status()
    records = retrieved(server, knowledge_id="shelf b").json()["records"]
    assert [record["content"] for record in records] == ["The ferry b."]


CONDITIONS = [
    ("year", "is", 2020, "a"),
    ("year", "=", "2020", "a"),
    ("year", "≠", "2020", "bc"),
    ("year", ">", "2020", "b"),
    ("year", "≥", 2020, "ab"),
    ("year", "<", 2021, "a"),
    ("year", "≤", "2021", "ab"),
    ("by", "in", ["Ann", "Bob"], "ab"),
    ("by", "not in", ["Ann"], "bc"),
    ("on", "before", "2020-06-01", "a"),
    ("on", "after", "2020-06-01", "b"),
    ("year", "empty", None, "c"),
    (["year", "by"], "not empty", None, "ab"),
]


def test_conditions_say_which_documents_are_looked_into(server: Server) -> None:
    for name, metadata in {
        "a": {"year": 2020, "by": "Ann", "on": "2020-01-31"},
        "b": {"year": 2021, "by": "Bob", "on": "2021-01-31"},
        "c": {},
    }.items():
        document = {"title": name, "text": f"The ferry {name}.", "metadata": metadata}
        httpx.post(f"{server.url}/v1/documents", json=document, timeout=60).raise_for_status()

    def titles(*conditions: tuple[object, str, object, object], together: str = "and") -> str:
        sent = [
            {"name": name, "comparison_operator": operator, "value": value} for name, operator, value, _ in conditions
        ]
        condition = {"logical_operator": together, "conditions": sent}
        setting = {"top_k": 9, "score_threshold": 0.0}
        response = retrieved(server, metadata_condition=condition, retrieval_setting=setting)
        return "".join(sorted(record["title"] for record in response.json()["records"]))

    for condition in CONDITIONS:
        assert titles(condition) == condition[-1], condition
    assert titles(CONDITIONS[0], CONDITIONS[3]) == ""
    assert titles(CONDITIONS[0], CONDITIONS[3], together="or") == "ab"
    assert titles() == "abc"


def test_mistakes_have_the_codes_of_dify(server: Server, start_server: Callable[..., Server]) -> None:
    key = new_key()
    locked = start_server(api_keys=f"read:{hash_of(key)}")
    assert retrieved(locked, key).status_code == 200
    assert problem(retrieved(locked, "wrong"), 401)["error_code"] == 1002
    assert problem(httpx.post(f"{locked.url}/retrieval", json={}), 401)["error_code"] == 1001
    assert problem(retrieved(server, query=" "), 422)["error_msg"]
    assert problem(retrieved(server, retrieval_setting={}), 422)["error_code"] == 422
    condition = {"conditions": [{"name": "year", "comparison_operator": "contains", "value": "1"}]}
    assert "'contains' is not possible" in problem(retrieved(server, metadata_condition=condition), 422)["detail"]
    assert retrieved(server, metadata_condition=None).status_code == 200

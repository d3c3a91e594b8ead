"""What is wrong with a request is told in short, whatever was sent, and found without looking at all of it."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.wire.strict_json import MalformedJson, parse_json
from tests.attacks.raw import Raw
from tests.conftest import Server

MOST_BYTES = 20_000
MOST_MEMORY = 120_000_000
HUGE = "k" * 100_000
DOCUMENT = {"title": "a", "text": "The ferry."}
TOOL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
MCP = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def many(n: int, value: object = 1) -> dict[str, object]:
    return {f"k{i}": value for i in range(n)}


def tool(name: str, **arguments: object) -> dict[str, object]:
    return {**TOOL, "params": {"name": name, "arguments": arguments}}


WRONG: dict[str, tuple[str, object]] = {
    "metadata of a wrong kind": ("/v1/documents", {**DOCUMENT, "metadata": many(700_000, [])}),
    "a hundred entries of a wrong kind": ("/v1/documents", {**DOCUMENT, "metadata": many(100, {"deep": HUGE})}),
    "huge keys of metadata": ("/v1/documents", {**DOCUMENT, "metadata": {HUGE + str(i): 1 for i in range(90)}}),
    "unknown fields": ("/v1/documents", {**DOCUMENT, **many(500_000)}),
    "an unknown field with a huge name": ("/v1/documents", {**DOCUMENT, HUGE: 1, "\ud800" + HUGE: 1}),
    "a huge title": ("/v1/documents", {"title": HUGE * 90, "text": "x"}),
    "metadata that is a list": ("/v1/documents", {**DOCUMENT, "metadata": [1] * 1_000_000}),
    "a huge integer": ("/v1/documents", {**DOCUMENT, "metadata": {"n": 10**4_000}}),
    "ids of a wrong kind": ("/v1/ask", {"question": "x", "document_ids": [1] * 80_000}),
    "too many ids": ("/v1/ask", {"question": "x", "document_ids": ["x"] * 60_000}),
    "unknown fields of a question": ("/v1/ask", {"question": "x", **many(20_000)}),
    "everything wrong": ("/v1/ask", {"question": [], "top_k": {}, "n_best": "x", "document_ids": 1, **many(9_000, [])}),
    "a mode that there is not": ("/v1/search", {"query": "x", "mode": HUGE}),
    "a list for a search": ("/v1/search", [{}] * 80_000),
    "feedback with unknown fields": (
        "/v1/feedback",
        {"question": "x", "verdict": "right", "answer": {"document_id": "a", "span": many(9_000), **many(9_000)}},
    ),
    "feedback on a huge id": (
        "/v1/feedback",
        {"question": "x", "verdict": "right", "answer": {"document_id": HUGE, "span": {"start": 0, "end": 1}}},
    ),
    "messages of a wrong kind": ("/v1/chat/completions", {"messages": [1] * 900_000}),
    "pieces of a wrong kind": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": [1] * 900} for _ in range(700)]},
    ),
    "empty messages": ("/v1/chat/completions", {"messages": [{}] * 600_000}),
    "a huge model": ("/v1/chat/completions", {"model": HUGE, "messages": [{"role": "user", "content": "x"}]}),
    "a huge role": ("/v1/chat/completions", {"messages": [{"role": HUGE, "content": "x"}]}),
    "ids of a wrong kind for a tool": ("/mcp", tool("ask", question="x", document_ids=[1] * 600_000)),
    "ids of a wrong kind in a string": ("/mcp", tool("ask", question="x", document_ids=json.dumps([1] * 600_000))),
    "too many ids for a tool": ("/mcp", tool("search", query="x", document_ids=["x"] * 300_000)),
    "unknown arguments": ("/mcp", tool("read_document", **many(100_000))),
    "a huge id for a tool": ("/mcp", tool("read_document", document_id=HUGE)),
    "a tool that there is not": ("/mcp", tool(HUGE)),
    "a huge method": ("/mcp", {"jsonrpc": "2.0", "id": 1, "method": HUGE}),
    "a huge id of a message": ("/mcp", {**tool("ask", question="x"), "id": HUGE}),
    "a batch": ("/mcp", [tool("ask", question="x")] * 10_000),
    "no message": ("/mcp", many(100_000)),
}


def fields(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault["field"], fault["detail"]) for fault in answer.get("errors", [])]


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_request_makes_a_short_answer_of_little_memory(server: Server, what: str) -> None:
    path, value = WRONG[what]
    body = json.dumps(value).encode()
    raw = Raw(server)
    tracemalloc.start()
    status, _, content = raw("POST", path, MCP, body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    raw.close()
    assert len(content) <= MOST_BYTES
    assert peak <= MOST_MEMORY + 25 * len(body)
    if path == "/mcp":
        assert status < 500
        return
    assert 400 <= status < 500
    faults = fields(json.loads(content))
    assert len(faults) <= 20
    assert len(set(faults)) == len(faults)
    assert all(len(field) <= 250 and len(detail) <= 550 for field, detail in faults)


def test_wrong_items_are_not_all_looked_at(server: Server) -> None:
    """However many there are, there is one fault: the first."""
    for path, value in (
        ("/v1/ask", {"question": "x", "document_ids": [1] * 30_000}),
        ("/v1/documents", {**DOCUMENT, "metadata": many(30_000, [])}),
        ("/v1/chat/completions", {"messages": [1] * 30_000}),
    ):
        answer = httpx.post(f"{server.url}{path}", json=value).json()
        assert len(answer["errors"]) == 1, answer


def test_the_first_faults_are_named_and_each_once(server: Server) -> None:
    value = {**DOCUMENT, "metadata": {"a": [[]], "b": {}}, "misspelt": 1}
    faults = fields(httpx.post(f"{server.url}/v1/documents", json=value).json())
    assert sorted(field for field, _ in faults) == ["metadata.a", "metadata.b", "misspelt"]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        *((path, 256_000) for path in ("/v1/ask", "/v1/search", "/v1/feedback")),
        *((path, 2_000_000) for path in ("/v1/chat/completions", "/mcp")),
    ],
)
def test_bodies_that_are_no_documents_are_small(server: Server, path: str, most: int) -> None:
    def status(content: Any) -> int:  # noqa: ANN401
        return httpx.post(f"{server.url}{path}", content=content, headers=MCP).status_code

    assert status(b" " * (most + 1)) == 413
    assert status(b" " * 1_000 for _ in range(most // 1_000 + 1)) == 413
    assert status(b" " * most) in {400, 422}


def test_what_is_shown_of_a_path_a_method_and_a_query_is_cut(server: Server) -> None:
    raw = Raw(server)
    for method, target in (
        ("GET", "/v1/" + "x" * 50_000),
        ("GET", "/v1/documents/" + "x" * 50_000),
        ("GET", "/v1/models/" + "x" * 50_000),
        ("GET", "/static/" + "x" * 50_000),
        ("X" * 50_000, "/v1/documents"),
        ("GET", "/v1/documents?" + "&".join(f"k{i}=1" for i in range(7_000))),
        ("GET", "/v1/documents?limit=" + "9" * 50_000),
        ("GET", "/v1/documents?" + "x" * 50_000),
        ("GET", "/v1/documents?limit=%ff%00%0a"),
    ):
        status, headers, content = raw(method, target)
        assert 400 <= status < 500
        assert headers["content-type"] == "application/problem+json"
        assert len(content) <= MOST_BYTES, target[:40]
        assert len(fields(json.loads(content))) <= 20
    raw.close()


def test_names_of_files_are_cut(server: Server) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for n in range(20):
            archive.writestr(f"{n}{'y' * 60_000}.bin", b"x")
    for name, content in (("z" * 50_000 + ".txt", b" "), ("z" * 50_000, b"x"), ("a.zip", packed.getvalue())):
        response = httpx.post(f"{server.url}/v1/documents", files=[("files", (name, content))])
        assert 400 <= response.status_code < 500
        assert len(response.content) <= MOST_BYTES


MALFORMED = (
    b"",
    b"{",
    b"null",
    b"[" * 100_000,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b'{"question": ' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"question": "x", "top_k": ' + b"9" * 100_000 + b"}",
    b'{"question": "x", "top_k": ' + b"9" * 4_000 + b"}",
    b'{"question": "x", "top_k": 1e999}',
    b'{"question": "x", "min_confidence": -1e999}',
    b'{"question": "x", "min_confidence": NaN}',
    b'{"question": "x", "min_confidence": Infinity}',
    b'{"question": "x", "question": "y"}',
    b'{"question": "x", "q\\u0075estion": "y"}',
    b'{"question": "\\ud800"}',
    b'{"question": "x", "\\ud800": 1}',
    b"\xff\xfe",
    '{"question": "x"}'.encode("utf-16"),
    b'{"question": "\x00"}',
    b'{"question": "x"} {}',
)


@pytest.mark.parametrize(
    "path", ["/v1/ask", "/v1/search", "/v1/feedback", "/v1/chat/completions", "/v1/documents", "/mcp"]
)
def test_malformed_json_is_the_clients_fault(server: Server, path: str) -> None:
    for body in MALFORMED:
        for headers in (MCP, {**MCP, "mcp-protocol-version": "2026-07-28"}):
            response = httpx.post(f"{server.url}{path}", content=body, headers=headers)
            assert 400 <= response.status_code < 500, (body[:60], response.text)
            assert len(response.content) <= MOST_BYTES


def test_a_key_that_stands_twice_is_named(server: Server) -> None:
    for path in ("/v1/ask", "/v1/documents", "/v1/chat/completions", "/mcp"):
        response = httpx.post(f"{server.url}{path}", content=b'{"text": "a", "text": "b"}', headers=MCP)
        assert response.status_code == 422
        assert "'text'" in response.json()["detail"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(value=json_values)
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass").decode().encode()) == value


@given(data=st.one_of(st.binary(max_size=40), st.text('{}[]":,0aeE+-.\\uNI', max_size=40).map(str.encode)))
def test_whatever_is_no_json_is_told_so(data: bytes) -> None:
    said = ""
    try:
        parse_json(data)
    except MalformedJson as error:
        said = str(error)
    assert said.isprintable()
    assert len(said) < 500


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=json_values,
    path=st.sampled_from(["/v1/ask", "/v1/search", "/v1/feedback", "/v1/chat/completions", "/v1/documents", "/mcp"]),
    wrapped=st.sampled_from(["", "question", "document_ids", "metadata", "messages", "answer", "params"]),
)
def test_no_value_in_any_place_is_our_fault(server: Server, value: object, path: str, wrapped: str) -> None:
    known = {"question": "x", "title": "a", "text": "b", "query": "c", **TOOL}
    sent = {**known, wrapped: value} if wrapped else value
    response = httpx.post(f"{server.url}{path}", content=json.dumps(sent).encode(), headers=MCP)
    assert response.status_code < 500
    assert len(response.content) <= MOST_BYTES


def test_the_memory_of_this_test_is_measured(start_server: Callable[..., Server]) -> None:
    """That a server in this process is what tracemalloc sees."""
    server = start_server()
    tracemalloc.start()
    httpx.post(f"{server.url}/v1/documents", json={"title": "a", "text": "x" * 3_000_000, "metadata": {"a": {}}})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak > 6_000_000

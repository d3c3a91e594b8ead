"""The Model Context Protocol, through the real client."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any, TypeVar

import anyio
import httpx
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent, TextResourceContents

from api.keys import hash_of, new_key
from api.mcp.tools import MOST_CHARACTERS
from tests import strategies
from tests.api.helpers import assert_exact, assert_problem, text_of
from tests.conftest import Server

T = TypeVar("T")

FERRY = "Timetable.\n\nThe ferry 👩‍👧 leaves Pier 9 at noon."


def call(server: Server, tool: str, **arguments: Any) -> CallToolResult:  # noqa: ANN401
    async def called() -> CallToolResult:
        async with Client(f"{server.url}/mcp") as client:
            return await client.call_tool(tool, arguments)

    return anyio.run(called)


def structured(server: Server, tool: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
    result = call(server, tool, **arguments)
    assert not result.is_error, result
    assert result.structured_content is not None
    content: dict[str, Any] = result.structured_content
    return content


def error_of(result: CallToolResult) -> str:
    assert result.is_error
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def ask_server(server: Server, does: Callable[[Client], Awaitable[T]]) -> T:
    async def asked() -> T:
        async with Client(f"{server.url}/mcp") as client:
            return await does(client)

    return anyio.run(asked)


def unions_with_null(schema: object) -> list[object]:
    if isinstance(schema, list):
        return [union for each in schema for union in unions_with_null(each)]
    if not isinstance(schema, dict):
        return []
    is_one = {"type": "null"} in schema.get("anyOf", []) or "null" in str(schema.get("type"))
    return [schema] * is_one + unions_with_null(list(schema.values()))


def test_the_tools_say_what_they_take(server: Server) -> None:
    tools = {tool.name: tool for tool in ask_server(server, lambda client: client.list_tools()).tools}
    assert set(tools) == {"ask", "search", "fetch", "list_documents", "read_document"}
    assert tools["ask"].input_schema["required"] == ["question"]
    # the contract of ChatGPT's connectors
    assert (tools["search"].input_schema["required"], tools["fetch"].input_schema["required"]) == (["query"], ["id"])
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        # Cursor, and Gemini behind Copilot, refuse a whole server for one of these
        assert unions_with_null([tool.input_schema, tool.output_schema]) == []
        assert "anyOf" not in tool.input_schema
        assert tool.input_schema["additionalProperties"] is False


def test_null_is_what_is_left_out(server: Server) -> None:
    server.add("Ferries", FERRY)
    left_out = {"top_k": None, "document_ids": None, "history": None}
    assert structured(server, "ask", question="When? «noon»", **left_out)["answers"][0]["text"] == "noon"
    assert "question" in error_of(call(server, "ask", question=None))


def test_it_says_which_version_it_is(server: Server) -> None:
    async def info(client: Client) -> tuple[str, str]:
        assert client.server_info is not None
        return client.server_info.name, client.server_info.version

    assert ask_server(server, info) == ("sourcespan", version("sourcespan"))


def test_what_is_asked_is_told_in_words_with_a_link_as_well(server: Server) -> None:
    document_id = server.add("Ferries", FERRY)
    result = call(server, "ask", question="When? «noon»")
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert content.text.startswith("**noon**\n\n> “")
    span = "-".join(map(str, (FERRY.index("noon"), FERRY.index("noon") + 4)))
    assert f"({server.url}/#document={document_id}&span={span}&sha256=" in content.text


def test_search_and_fetch_are_what_chatgpt_wants(server: Server) -> None:
    document_id = server.add("Ferries", FERRY)
    result = call(server, "search", query="ferry")
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert json.loads(content.text) == result.structured_content
    first = json.loads(content.text)["results"][0]
    assert FERRY[first["start"] : first["end"]] == first["text"]
    assert (first["title"], first["document_id"]) == ("Ferries (note.txt)", document_id)
    for wanted in (first["id"], document_id):
        fetched = structured(server, "fetch", id=wanted)
        assert (fetched["id"], fetched["title"], fetched["text"]) == (wanted, "Ferries", FERRY)
        assert fetched["url"].startswith(f"{server.url}/#document={document_id}&")
        assert fetched["metadata"]["characters"] == len(FERRY)
    assert "no document" in error_of(call(server, "fetch", id="x:1-y"))


def test_of_a_long_document_the_part_around_the_result_is_fetched(server: Server) -> None:
    text = "All work. " * 3_000 + "The ferry leaves at noon. " + "All play. " * 3_000
    server.add("long", text)
    (first, *_) = structured(server, "search", query="ferry noon", top_k=1)["results"]
    fetched = structured(server, "fetch", id=first["id"])
    start, end = fetched["metadata"]["start"], fetched["metadata"]["end"]
    assert (fetched["text"], end - start) == (text[start:end], MOST_CHARACTERS)
    assert start <= first["start"] < first["end"] <= end


def test_documents_are_listed_and_are_resources(server: Server) -> None:
    ids = [server.add(title, f"{title}: {FERRY}") for title in "abc"]
    listed = structured(server, "list_documents", limit=2, offset=1)
    assert ([each["id"] for each in listed["documents"]], listed["total"]) == (ids[1:], 3)

    async def resources(client: Client) -> tuple[list[str], str]:
        there = (await client.list_resources()).resources
        (content,) = (await client.read_resource(str(there[0].uri))).contents
        assert isinstance(content, TextResourceContents)
        return [str(each.uri) for each in there], content.text

    assert ask_server(server, resources) == ([f"sourcespan://documents/{each}" for each in ids], f"a: {FERRY}")

    async def missing(client: Client) -> None:
        with pytest.raises(MCPError, match="no document 'x'"):
            await client.read_resource("sourcespan://documents/x")

    ask_server(server, missing)


def test_ask_gives_exact_quotes(server: Server) -> None:
    server.add("Ferries", FERRY)
    body = structured(server, "ask", question="When? «noon»")
    assert [answer["text"] for answer in body["answers"]] == ["noon"]
    assert_exact(server, body["answers"][0])
    assert structured(server, "ask", question="guess?")["abstained"]
    history = [{"question": "Where is the ferry?", "answer": "at Pier 9"}]
    body = structured(server, "ask", question="And when does it leave?", history=history)
    assert (body["read_as"], body["status"]) == ("When does the ferry leave?", "not_found")


def test_search_and_read_give_exact_text(server: Server) -> None:
    document_id = server.add("Ferries", FERRY)
    (passage,) = structured(server, "search", query="ferry", mode="lexical")["results"]
    whole = structured(server, "read_document", document_id=document_id)
    assert (whole["text"], whole["characters"], whole["document"]["title"]) == (FERRY, len(FERRY), "Ferries")
    assert FERRY[passage["start"] : passage["end"]] == passage["text"]
    part = structured(server, "read_document", document_id=document_id, start=passage["start"], end=passage["end"])
    assert (part["text"], part["start"], part["end"]) == (passage["text"], passage["start"], passage["end"])
    past = structured(server, "read_document", document_id=document_id, start=len(FERRY) + 5)
    assert past["text"] == ""


def test_a_long_document_is_read_in_parts(server: Server) -> None:
    text = "All work. " * 5_000
    document_id = server.add("long", text)
    read, parts = "", 0
    while len(read) < len(text):
        part = structured(server, "read_document", document_id=document_id, start=len(read))
        assert len(part["text"]) <= MOST_CHARACTERS
        read, parts = read + part["text"], parts + 1
    assert (read, parts) == (text, 3)


def test_mistakes_are_told_in_words(server: Server) -> None:
    assert "blank" in error_of(call(server, "ask", question=" "))
    assert "no document 'x'" in error_of(call(server, "read_document", document_id="x"))
    assert error_of(call(server, "search", query="x", top_k=51)) == "top_k: Input should be less than or equal to 50"
    mistyped = error_of(call(server, "search", query="x", topk=5, document_id="x"))
    assert mistyped == "search takes no document_id, topk; it takes query, top_k, mode, document_ids, filter"
    assert "Unknown tool" in error_of(call(server, "answer", question="x"))


def test_it_is_behind_the_same_gate(start_server: Callable[..., Server]) -> None:
    key = new_key()
    server = start_server(api_keys=f"read:{hash_of(key)}")
    assert_problem(httpx.post(f"{server.url}/mcp", json={}), 401)

    async def tools() -> int:
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(f"{server.url}/mcp", http_client=http)) as client,
        ):
            return len((await client.list_tools()).tools)

    assert anyio.run(tools) == 5


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=strategies.documents)
def test_whatever_is_stored_is_quoted_exactly(server: Server, text: str) -> None:
    document_id = server.add("any", text)
    wanted = " ".join(text.split()[:3])
    body = structured(server, "ask", question=f"Where is «{wanted}»?"[:1_000], document_ids=[document_id])
    for answer in body["answers"]:
        stored = text_of(server, document_id)
        assert stored[answer["span"]["start"] : answer["span"]["end"]] == answer["text"]
        assert structured(server, "read_document", document_id=document_id, **answer["span"])["text"] == answer["text"]

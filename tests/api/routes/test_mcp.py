"""The Model Context Protocol, through the real client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import httpx
import httpx2
from hypothesis import HealthCheck, given, settings
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from api.keys import hash_of, new_key
from api.routes.mcp import MOST_CHARACTERS
from tests import strategies
from tests.api.helpers import assert_exact, assert_problem, text_of
from tests.conftest import Server

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


def test_the_tools_say_what_they_take(server: Server) -> None:
    async def listed() -> dict[str, Any]:
        async with Client(f"{server.url}/mcp") as client:
            return {tool.name: tool for tool in (await client.list_tools()).tools}

    tools = anyio.run(listed)
    assert set(tools) == {"ask", "search", "read_document"}
    assert tools["ask"].input_schema["required"] == ["question"]
    assert all(tool.description and tool.output_schema for tool in tools.values())


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
    (passage,) = structured(server, "search", query="ferry", mode="lexical")["passages"]
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
    assert "top_k" in error_of(call(server, "search", query="x", top_k=51))


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

    assert anyio.run(tools) == 3


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

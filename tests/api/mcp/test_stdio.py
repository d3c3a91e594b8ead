"""``sourcespan mcp``, started by the real client as Claude Desktop starts it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import TextContent

from index.documents import DocumentDraft
from rag.engine import Sourcespan

pytestmark = pytest.mark.model

TEXT = "The harbour guide.\n\nThe ferry to Oban leaves at 07:30 from pier two."


def test_an_agent_asks_searches_and_reads_over_stdio(tmp_path: Path) -> None:
    with Sourcespan.open(tmp_path / "data", answers=False) as library:
        (added,) = library.add(DocumentDraft("Timetable", TEXT, "ferries.txt"))
        document = added.document_or_error()

    async def session() -> dict[str, Any]:
        command = Path(sys.executable).parent / "sourcespan"
        arguments = ["mcp", "--data", str(tmp_path / "data")]
        started = StdioServerParameters(command=str(command), args=arguments, env=dict(os.environ))
        async with Client(stdio_client(started)) as client:
            asked = await client.call_tool("ask", {"question": "When does the ferry to Oban leave?"})
            searched = await client.call_tool("search", {"query": "pier"})
            read = await client.call_tool("read_document", {"document_id": document.id})
            (resource,) = (await client.list_resources()).resources
        assert asked.structured_content is not None
        assert searched.structured_content is not None
        assert read.structured_content is not None
        assert isinstance(asked.content[0], TextContent)
        return {
            "ask": asked.structured_content,
            "words": asked.content[0].text,
            "search": searched.structured_content,
            "read": read.structured_content,
            "resource": str(resource.uri),
        }

    seen = anyio.run(session)
    (best, *_) = seen["ask"]["answers"]
    span = best["span"]
    assert TEXT[span["start"] : span["end"]] == best["text"] == "07:30"
    # where `sourcespan serve` shows it
    link = f"http://127.0.0.1:8000/#document={document.id}&span={span['start']}-{span['end']}"
    assert seen["words"].startswith("**07:30**\n\n> “")
    assert f"[Timetable (ferries.txt)]({link}" in seen["words"]
    assert "likely right (" in seen["words"]
    assert seen["search"]["results"][0]["document_id"] == document.id
    assert seen["read"]["text"] == TEXT
    assert seen["resource"] == f"sourcespan://documents/{document.id}"

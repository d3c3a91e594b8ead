"""What the pages in docs/connect say to run is run, word for word but for addresses and paths."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
import yaml
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import TextContent
from openai import OpenAI

from docs.site import ROOT
from tests.connect.conftest import Served

pytestmark = pytest.mark.model

PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs/connect").glob("*.md"))}
QUESTION = "When does the ferry to Oban leave?"


def blocks(*languages: str) -> list[Any]:
    """The blocks of code of all pages, each named by its page and its number there."""
    return [
        pytest.param(block, id=f"{name}-{number}")
        for name, page in PAGES.items()
        for number, block in enumerate(re.findall(rf"```(?:{'|'.join(languages)})\n(.*?)```", page, re.DOTALL))
    ]


def servers() -> list[Any]:
    """The servers that the pages tell programs of."""
    return [pytest.param(json.loads(block.values[0])["mcpServers"], id=block.id) for block in blocks("json")]


def output(command: list[str], program: str, served: Served, folder: Path) -> str:
    """What it prints. It must end well."""
    here = program.replace("http://localhost:8000", served.url)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HAYSTACK_TELEMETRY_ENABLED": "False"}
    done = subprocess.run([*command, here], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("program", blocks("python"))
def test_python_as_written(program: str, served: Served, tmp_path: Path) -> None:
    assert "07:30" in output([sys.executable, "-c"], program, served, tmp_path)


@pytest.mark.parametrize("program", blocks("js"))
def test_javascript_as_written(program: str, served: Served, tmp_path: Path) -> None:
    assert "07:30" in output(["node", "--input-type=module", "--eval"], program, served, tmp_path)


@pytest.mark.parametrize("program", blocks("sh"))
def test_commands_as_written(program: str, served: Served, tmp_path: Path) -> None:
    printed = output(
        ["bash", "-euo", "pipefail", "-c"], program.replace("curl -s", "curl --fail-with-body -s"), served, tmp_path
    )
    assert re.search(r"07:30|Timetable|note\.txt", printed)


@pytest.mark.parametrize("told", servers())
def test_what_agents_are_told_of_answers_them(told: dict[str, Any], served: Served) -> None:
    (server,) = told.values()

    async def asked() -> str:
        async with _transport(server, served) as transport, Client(transport) as client:
            result = await client.call_tool("ask", {"question": QUESTION})
        (content,) = result.content
        assert isinstance(content, TextContent)
        return content.text

    assert "07:30" in anyio.run(asked)


@asynccontextmanager
async def _transport(server: dict[str, Any], served: Served) -> AsyncIterator[Any]:
    if url := server.get("url"):
        headers = {name: value.replace("${env:SOURCESPAN_KEY}", "none") for name, value in server["headers"].items()}
        async with httpx2.AsyncClient(headers=headers) as client:
            yield streamable_http_client(url.replace("http://localhost:8000", served.url), http_client=client)
        return
    assert server["command"] == "/path/to/.venv/bin/sourcespan"
    command = Path(sys.executable).parent / "sourcespan"
    arguments = [one.replace("/path/to/library", str(served.folder)) for one in server["args"]]
    yield stdio_client(StdioServerParameters(command=str(command), args=arguments, env=dict(os.environ)))


def test_librechat_finds_the_model_that_it_is_told_of(served: Served) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGES["librechat"], re.DOTALL)
    (endpoint,) = yaml.safe_load(block)["endpoints"]["custom"]
    base = endpoint["baseURL"].replace("http://HOST:8000", served.url)
    with OpenAI(base_url=base, api_key="none", max_retries=0) as client:
        assert endpoint["models"]["default"] == [endpoint["titleModel"]] == [one.id for one in client.models.list()]
        messages: list[Any] = [{"role": "user", "content": QUESTION}]
        answer = client.chat.completions.create(model=endpoint["titleModel"], messages=messages)
    assert "07:30" in str(answer.choices[0].message.content)


def test_open_webui_is_told_of_the_address_that_serves_it(served: Served) -> None:
    addresses = set(re.findall(r"http://HOST:8000[\w/]*", PAGES["open-webui"]))
    assert addresses == {"http://HOST:8000/v1"}
    assert httpx.get(f"{served.url}/v1/models").json()["data"][0]["id"] in PAGES["open-webui"]


def test_the_pages_are_short() -> None:
    assert {name: len(page.splitlines()) for name, page in PAGES.items() if len(page.splitlines()) > 60} == {}

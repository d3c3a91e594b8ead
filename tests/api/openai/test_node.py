"""OpenAI's client for JavaScript, which `.ci/run` puts into ``.cache/node``."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from api.wire.wording import quote_in
from tests.conftest import Server

MODULES = Path(__file__).parents[3] / ".cache" / "node" / "node_modules"
TEXT = "👩‍👧 Timetable.\n\nThe ferry 👩‍👧 leaves Pier 9 at noon."

pytestmark = pytest.mark.skipif(
    not MODULES.exists() and "CI" not in os.environ,
    reason="openai for Node is not installed: npm install --prefix .cache/node openai",
)


def test_a_program_in_javascript_sees_quote_source_confidence_and_link(server: Server) -> None:
    document_id = server.add("👩‍👧 Ferries", TEXT)
    command = ["node", str(Path(__file__).with_name("ask.cjs")), f"{server.url}/v1", "Which ferry? «👩‍👧 leaves»"]
    environment = {**os.environ, "NODE_PATH": str(MODULES)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    content = seen["message"]["content"]
    assert quote_in(content) == seen["quoted"] == seen["message"]["sourcespan"]["answers"][0]["text"] == "👩‍👧 leaves"
    start = TEXT.index("👩‍👧 leaves")
    link = f"{server.url}/#document={document_id}&span={start}-{start + len(seen['quoted'])}"
    assert f"[👩‍👧 Ferries (note.txt)]({link}" in content
    assert "very likely right (" in content
    assert seen["streamed"] == seen["response"]["text"] == content
    assert seen["response"]["output"][0]["content"][0]["annotations"][0]["url"].startswith(link)
    assert (seen["dimensions"], seen["models"]) == (32, ["sourcespan"])
    assert seen["failure"]["status"] == 404
    assert "there is 'sourcespan'" in seen["failure"]["message"]

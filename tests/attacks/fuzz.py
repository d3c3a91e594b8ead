"""Sends thousands of requests that no client would send to a real server, and counts what came of them.

    python -m tests.attacks.fuzz --requests 20000

Half of them are made from the OpenAPI document and the schemas of the tools for agents by schemathesis, valid ones and
broken ones; the other half are bytes on a socket: request lines, headers and bodies put together from fragments that
have harmed servers. Exit code 1: a 5xx other than the intended 503 and 507, a request without a response in time, or a
server that does not live on.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from api.keys import hash_of, new_key
from eval.benchmarks.served import served

CONTRACT = Path(__file__).parents[2] / "docs" / "openapi.json"
INTENDED = {503, 507}
HUNG, CLOSED = "no response in time", "closed without a response"
_SECONDS = 60
_OF_AGENTS = {"Accept": "application/json, text/event-stream"}

_METHODS = (
    *("GET", "GET", "GET", "POST", "POST", "POST", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"),
    *("CONNECT", "get", "\u00e4", "X" * 5_000),
)
_PATHS = (
    *("/v1/ask", "/v1/search", "/v1/documents", "/v1/documents/x", "/v1/documents/x/text", "/v1/feedback", "/mcp"),
    *("/v1/responses", "/v1/embeddings", "/v1/completions", "/retrieval"),
    *("/v1/feedback/export", "/v1/chat/completions", "/v1/models", "/v1/models/x", "/", "/healthz", "/metrics", "*"),
    *("/static/app.js", "/static/../../etc/passwd", "http://[", "//", "/v1//ask", "/" + "a" * 70_000),
)
_BEHIND_PATHS = (
    *("", "", "", "", "", "", "", "", "%0a", "%00", "%2f", "%252f", "%ff", "/", "/.", "/..", ";x=1", "#"),
    *("?limit=9e99", "?limit=1&limit=2", "?limit=%00"),
)
_HEADERS = (
    "Host: localhost",
    "Host: [",
    "Host: localhost\r\nHost: other",
    "Origin: http://[",
    "Origin: null",
    "Accept: text/event-stream",
    "Accept: " + "*/*," * 5_000,
    "Content-Type: application/json",
    "Content-Type: application/json; charset=utf-7",
    "Content-Type: multipart/form-data; boundary=b",
    "Content-Type: multipart/form-data",
    "Content-Type: " + "x" * 10_000,
    "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Expect: 100-continue",
    "Upgrade: websocket\r\nConnection: upgrade",
    "If-None-Match: " + '"' * 9_000,
    "X-Request-ID: a\tb",
    "X-Forwarded-For: ::1, 1.2.3.4, x",
    "X-Forwarded-Host: [, \u00e4",
    "X-OpenWebUI-Task: title_generation",
    "Mcp-Session-Id: \u00ff",
    "Cookie: " + "a=b;" * 2_000,
)
_BODIES: tuple[bytes, ...] = (
    b"",
    b"{",
    b"null",
    b'"x"',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"question": "\\ud800"}',
    b'{"question": "\xff"}',
    b'{"question": "Why?", "top_k": 1e400}',
    b'{"question": "Why?", "top_k": ' + b"9" * 5_000 + b"}",
    b'{"question": "Why?", "document_ids": [' + b'"x",' * 2_000 + b'"x"]}',
    b'{"title": "a", "text": "b", "metadata": {' + b",".join(b'"%d": []' % n for n in range(3_000)) + b"}}",
    b'{"messages": [{"role": "user", "content": [{"type": "text"}]}]}',
    b'{"knowledge_id": "sourcespan", "query": "x", "retrieval_setting": {"top_k": 1}, "metadata_condition": '
    b'{"conditions": [{"name": "a", "comparison_operator": "=", "value": "' + b"[" * 50_000 + b'"}]}}',
    b'{"messages": [{"role": "user", "content": "### Task:\\n' + b"<text>" * 9_000 + b'{\\"a\\": "}]}',
    b'{"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "json_schema", "json_schema": '
    b'{"schema": {"properties": {"page": {"anyOf": [1, {"type": [[]]}]}}, "required": [[]]}}}}',
    b'{"input": "Why?", "text": {"format": {"type": "json_schema", "schema": {"required": ["answer"]}}}}',
    b'{"input": [' + b'"x",' * 300 + b'"x"], "dimensions": 9}',
    b'{"knowledge_id": "sourcespan", "query": "x", "retrieval_setting": {"top_k": 9e9, "score_threshold": "x"}}',
    b'{"messages": ' + b"[" * 500 + b"]" * 500 + b"}",
    b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": 1}}}',
    b'{"jsonrpc": "2.0", "id": {}, "method": 7}',
    b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nThe ferry.\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="files"; filename="../\x00a.pdf"\r\n\r\n%PDF-1.4\r\n--b--\r\n',
    b"--b\r\n" * 5_000,
    b"5\r\nhello\r\nZZ\r\n",
    bytes(range(256)) * 100,
)


class Outcomes:
    """Counts the statuses of all requests, and keeps what must not be."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.broken: list[str] = []

    def add(self, status: int | str, request: str) -> None:
        """Counts one request; ``status`` is its HTTP status, or why there is none."""
        self.statuses[str(status)] += 1
        if status == HUNG or (isinstance(status, int) and status >= 500 and status not in INTENDED):
            self.broken.append(f"{status}: {request[:500]}")

    @property
    def count(self) -> int:
        """How many requests were sent."""
        return self.statuses.total()


def contract_of_names() -> dict[str, Any]:
    """The OpenAPI document, with names that there are: what is asked of others is refused before it is looked at."""
    contract: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    for schema in contract["components"]["schemas"].values():
        for field in {"model", "knowledge_id"} & set(schema.get("properties", {})):
            schema["properties"][field] = {"type": "string", "enum": ["sourcespan", "other"]}
    return contract


def with_agents(contract: dict[str, Any], url: str, key: str) -> dict[str, Any]:
    """With an operation for each tool of the Model Context Protocol, by the schema that it shows."""
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Authorization": f"Bearer {key}", **_OF_AGENTS}
    tools = httpx.post(f"{url}/mcp", json=ask, headers=headers, timeout=_SECONDS).json()["result"]["tools"]
    calls = [
        _object(name={"const": tool["name"]}, arguments=_inlined(tool["inputSchema"], tool["inputSchema"]))
        for tool in tools
    ]
    message = _object(
        jsonrpc={"const": "2.0"}, id={"type": "integer"}, method={"const": "tools/call"}, params={"anyOf": calls}
    )
    body = {"required": True, "content": {"application/json": {"schema": message}}}
    contract["paths"]["/mcp"] = {"post": {"requestBody": body, "responses": {"default": {"description": ""}}}}
    return contract


def _object(**properties: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": "object", "properties": properties, "required": list(properties)}


def _inlined(schema: Any, root: Any) -> Any:  # noqa: ANN401
    if isinstance(schema, list):
        return [_inlined(each, root) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    return {name: _inlined(value, root) for name, value in schema.items() if name != "$defs"}


def from_contract(url: str, key: str, requests: int, outcomes: Outcomes, progress: Callable[[], None]) -> None:
    """Sends requests that schemathesis makes for each operation of the OpenAPI document, an equal share for each."""
    contract = schemathesis.openapi.from_dict(with_agents(contract_of_names(), url, key))
    operations = [result.ok() for result in contract.get_all_operations() if isinstance(result, Ok)]
    share = -(-requests // len(operations))
    for operation in operations:

        @seed(0)
        @settings(
            max_examples=share,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def send(case: Case) -> None:  # type: ignore[type-arg]
            shown = f"{case.method} {case.path} {case.body!r}"
            try:
                headers = {"Authorization": f"Bearer {key}", **(_OF_AGENTS if case.path == "/mcp" else {})}
                response = case.call(base_url=url, headers=headers, timeout=_SECONDS)
                outcomes.add(response.status_code, shown)
            except OSError as error:
                outcomes.add(HUNG if "timed out" in str(error).casefold() else CLOSED, shown)
            progress()

        send()


def raw(url: str, key: str, requests: int, outcomes: Outcomes, progress: Callable[[], None]) -> None:
    """Sends bytes put together at random from fragments, each on a connection of its own."""
    draw = random.Random(0)
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 0
    for _ in range(requests):
        request = _raw_request(draw, key)
        outcomes.add(_status_of(host, port, request), repr(request[:200]))
        progress()


def _raw_request(draw: random.Random, key: str) -> bytes:
    path = draw.choice(_PATHS) + draw.choice(_BEHIND_PATHS)
    lines = [f"{draw.choice(_METHODS)} {path} HTTP/1.{draw.choice('1110')}"]
    lines += draw.sample(_HEADERS, draw.choice((0, 0, 1, 1, 2)))
    if draw.random() < 0.8:
        lines += ["Host: localhost", f"Authorization: Bearer {key}"]
    body = draw.choice(_BODIES)
    if draw.random() < 0.8:
        lines.append(f"Content-Length: {len(body) + draw.choice((0, 0, 0, -1, 1))}")
    request = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body
    if draw.random() < 0.2:  # a byte somewhere is another one
        at = draw.randrange(min(len(request), 300))
        request = request[:at] + bytes([draw.randrange(256)]) + request[at + 1 :]
    return request


def _status_of(host: str, port: int, request: bytes) -> int | str:
    """The status of the first response, after which the sending side is closed: no request stays unfinished."""
    try:
        with socket.create_connection((host, port), timeout=_SECONDS) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while b"\r\n" not in answer and (received := connection.recv(4_096)):
                answer += received
    except TimeoutError:
        return HUNG
    except OSError:
        return CLOSED
    parts = answer.split(b" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else CLOSED


def main() -> None:
    """Runs the fuzzer against a server of its own and prints how many requests had which status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    wanted = parser.parse_args().requests
    key = new_key()
    outcomes = Outcomes()

    def progress() -> None:
        if outcomes.count % 100 == 0:
            print(f"\r{outcomes.count:,} requests, {len(outcomes.broken)} broken", end="", file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="sourcespan-fuzz-") as data:
        settings_of_server = {"SOURCESPAN_DATA": data, "SOURCESPAN_API_KEYS": f"write:{hash_of(key)}"}
        with served(settings_of_server) as url:
            from_contract(url, key, wanted // 2, outcomes, progress)
            raw(url, key, wanted - outcomes.count, outcomes, progress)
            alive = httpx.get(f"{url}/readyz", timeout=_SECONDS).status_code == 200
    print()
    for status, count in sorted(outcomes.statuses.items()):
        print(f"{count:8,}  {status}")
    print("\n".join(sorted(set(outcomes.broken))[:20]))
    state = "ready" if alive else "NOT READY"
    print(f"{outcomes.count:,} requests, {len(outcomes.broken)} of them broken; the server is {state}")
    sys.exit(bool(outcomes.broken) or not alive)


if __name__ == "__main__":
    main()

"""What several of the HTTP tests need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from json import loads
from typing import Any

import httpx

from tests.conftest import Server

UPLOADS_ENDED = 'sourcespan_requests_total{method="POST",route="/v1/documents",status="200"}'
"""Uploads with progress that the server is done with, whether they came to their end or the client hung up."""


def assert_problem(response: httpx.Response, status: int, *says: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert {"type", "title", "detail"} <= set(body)
    for words in says:
        assert words in body["detail"]


def events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """The server-sent events of a response, as name and data."""
    assert response.headers["content-type"].startswith("text/event-stream")
    name = ""
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, loads(value)


def stream(
    server: Server, path: str, *, json: object = None, files: Sequence[tuple[str, tuple[str, bytes]]] | None = None
) -> list[tuple[str, Any]]:
    """All events of one request."""
    headers = {"Accept": "text/event-stream"}
    with httpx.stream("POST", f"{server.url}{path}", headers=headers, timeout=60, json=json, files=files) as response:
        assert response.status_code == 200, response.read()
        return list(events(response))


def text_of(server: Server, document_id: str) -> str:
    return httpx.get(f"{server.url}/v1/documents/{document_id}/text").raise_for_status().content.decode()


def assert_exact(server: Server, answer: dict[str, Any]) -> None:
    """Promise 1."""
    text = text_of(server, answer["document"]["id"])
    assert text[answer["span"]["start"] : answer["span"]["end"]] == answer["text"] != ""


def metric(server: Server, name: str) -> float:
    """A number of /metrics; 0 where it is not there."""
    lines = httpx.get(f"{server.url}/metrics").raise_for_status().text.splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name} ")), 0.0)


def until(true: Callable[[], bool]) -> None:
    """Asks again and again, each time over HTTP; gives up after far more than it can take."""
    for _ in range(2_000):
        if true():
            return
    raise AssertionError("it never came true")

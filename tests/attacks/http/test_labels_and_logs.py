"""Whatever is asked for, metrics have few series and a line of the log has few characters."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import socket
import string
import sys
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.middleware.logs import JsonLines
from api.serving.server import AcceptErrors
from tests.api.helpers import metric, until
from tests.conftest import Server

INVENTED = 1_000
LONGEST_LINE = 150_000


def invented(seed: int) -> tuple[str, str]:
    """A method that HTTP does not know, and a path that no route has, or one that a route with parameters has."""
    rng = random.Random(seed)
    word = "".join(rng.choices(string.ascii_letters, k=12))
    prefix = rng.choice(["/", "/v1/", "/v1/documents/", "/static/", "/mcp/", "/healthz", "/v1/documents/x/"])
    return rng.choice(["GET", "POST", "DELETE", word.upper()]), f"{prefix}{word}"


def ask_all(server: Server, requests: list[tuple[str, str]]) -> None:
    """Sends them over one connection after the other, whatever becomes of them."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for method, path in requests:
            client.request(method, path)


def series(server: Server) -> list[str]:
    lines = httpx.get(f"{server.url}/metrics").raise_for_status().text.splitlines()
    return [line for line in lines if line.startswith("sourcespan_request")]


def test_methods_and_paths_that_clients_invent_make_no_new_series(server: Server) -> None:
    ask_all(server, [invented(seed) for seed in range(60)])
    before = len(series(server))
    ask_all(server, [invented(seed) for seed in range(INVENTED)])
    assert len(series(server)) <= before + 20
    text = httpx.get(f"{server.url}/metrics").text
    assert not any(invented(seed)[1].rsplit("/", 1)[1] in text for seed in range(60))
    assert 'method="other",route="other"' in text


def test_the_routes_that_there_are_have_their_template_as_label(server: Server) -> None:
    document_id = server.add("a", "The ferry.")
    httpx.get(f"{server.url}/v1/documents/{document_id}/text")
    httpx.get(f"{server.url}/static/app.js")
    httpx.get(f"{server.url}/static/invented")
    httpx.post(f"{server.url}/mcp", json={})
    labels = {line.partition('route="')[2].partition('"')[0] for line in series(server)}
    assert {"/static", "/mcp"} <= labels
    assert not any("invented" in label for label in labels)
    name = 'sourcespan_requests_total{method="GET",route="/v1/documents/{document_id}/text",status="200"}'
    assert metric(server, name) == 1


@given(
    value=st.one_of(st.text(max_size=50), st.lists(st.text(max_size=9))),
    times=st.sampled_from([1, 10, 20_000]),
)
def test_a_line_of_the_log_is_bounded(value: object, times: int) -> None:
    hostile = value * times  # type: ignore[operator]
    record = logging.LogRecord("sourcespan", logging.INFO, __file__, 1, "%s", (hostile,), None)
    record.fields = {"path": hostile, "method": hostile, "client": hostile}
    try:
        raise ValueError(hostile)
    except ValueError:
        record.exc_info = sys.exc_info()
    line = JsonLines().format(record)
    assert len(line) < LONGEST_LINE
    assert line.isascii()
    assert line.isprintable()


def test_what_is_left_out_of_a_line_is_told_by_its_number() -> None:
    record = logging.LogRecord("sourcespan", logging.INFO, __file__, 1, "request", (), None)
    record.fields = {"path": "/" + "x" * 60_000}
    assert json.loads(JsonLines().format(record))["path"].endswith("x … and 59,801 characters more")


def test_paths_are_logged_as_they_were_sent(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "sourcespan.requests"):
        httpx.get(f"{server.url}/v1/%1b%5b31mred%0a")
        until(lambda: httpx.get(f"{server.url}/healthz").is_success and bool(caplog.records))
    assert caplog.records[0].fields["path"] == "/v1/%1b%5b31mred%0a"  # type: ignore[attr-defined]


def test_connections_that_cannot_be_accepted_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        handler = AcceptErrors()
        loop.set_exception_handler(handler)
        logged = asyncio.Event()
        caplog.handler.addFilter(lambda _: logged.set() or True)  # type: ignore[func-returns-value]
        for _ in range(3_000):
            context: dict[str, Any] = {
                "message": "socket.accept() out of system resource",
                "exception": OSError(24, "Too many open files"),
            }
            loop.call_exception_handler(context)
        await asyncio.wait_for(logged.wait(), 60)

    asyncio.run(run())
    (line,) = [record.getMessage() for record in caplog.records if record.name == "sourcespan.server"]
    assert "3000 times" in line
    assert "Too many open files" in line


def test_a_head_that_is_too_long_is_refused_before_it_is_logged(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    with caplog.at_level(logging.INFO):
        for head in (
            b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 60_000),
            b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: %b\r\n\r\n" % (b"y" * 60_000),
        ):
            with socket.create_connection(address, timeout=60) as connection:
                connection.sendall(head)
                assert connection.recv(100).startswith(b"HTTP/1.1 431 ")
    assert all(len(JsonLines().format(record)) < 2_000 for record in caplog.records)

"""Connections that say nothing, or little, keep nobody out."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest

from api.serving import connections
from tests.api.helpers import assert_problem, metric, until
from tests.conftest import Server
from tests.fakes import HeldReader

HALF_HEAD = b"GET /v1/documents HTTP/1.1\r\nHost: x\r\nX-More: "
ASK = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HALF_BODY = ASK + b"Content-Length: 900\r\n\r\n{"


def opened(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=60)


@pytest.fixture
def kept() -> Iterator[ExitStack]:
    """Connections that are open until the test ends."""
    with ExitStack() as stack:
        yield stack


def received(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    parts = []
    with suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("begun", [b"", HALF_HEAD, HALF_BODY], ids=["silent", "half a head", "half a body"])
def test_hundreds_of_connections_that_are_never_finished_keep_nobody_out(
    server: Server, kept: ExitStack, begun: bytes
) -> None:
    for n in range(1_100):
        connection = kept.enter_context(opened(server))
        connection.sendall(begun)
        if n % 50 == 0:
            assert httpx.get(f"{server.url}/healthz", timeout=60).status_code == 200
    assert httpx.get(f"{server.url}/v1/documents", timeout=60).status_code == 200


@pytest.mark.parametrize("begun", [HALF_HEAD, HALF_BODY], ids=["half a head", "half a body"])
def test_connections_that_are_opened_again_and_again_keep_nobody_out(
    start_server: Callable[..., Server], begun: bytes
) -> None:
    server = start_server(max_connections=100, rate_limit=0)
    stop = threading.Event()

    def attack() -> None:
        open_now: list[socket.socket] = []
        while not stop.is_set():
            open_now.append(opened(server))
            open_now[-1].sendall(begun)
            if len(open_now) > 300:
                open_now.pop(0).close()
        for connection in open_now:
            connection.close()

    attacker = threading.Thread(target=attack)
    attacker.start()
    try:
        for _ in range(50):
            assert httpx.get(f"{server.url}/healthz", timeout=60).status_code == 200
    finally:
        stop.set()
        attacker.join()


def test_who_has_waited_longest_goes_first_and_who_is_served_stays(start_server: Callable[..., Server]) -> None:
    reader = HeldReader()
    server = start_server(reader, max_connections=3)
    server.add("a", "The ferry leaves at noon.")
    with opened(server) as first, opened(server) as second, opened(server) as asking:
        first.sendall(HALF_HEAD)
        second.sendall(HALF_BODY)
        body = b'{"question": "Where is the ferry?"}'
        asking.sendall(ASK + b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        assert reader.entered.wait(60)
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert received(first) == b""
        reader.go.set()
        assert received(asking).startswith(b"HTTP/1.1 200 ")
        second.sendall(b" " * 897 + b"}}")
        assert second.recv(100).startswith(b"HTTP/1.1 422 ")


def test_where_all_are_busy_a_new_one_is_told_so_at_once(start_server: Callable[..., Server]) -> None:
    reader = HeldReader()
    server = start_server(reader, max_connections=1)
    url = f"{server.url}/v1/ask"
    server.add("a", "The ferry leaves at noon.")
    asking = threading.Thread(target=httpx.post, args=(url,), kwargs={"json": {"question": "«ferry»"}, "timeout": 60})
    asking.start()
    try:
        assert reader.entered.wait(60)
        refused = httpx.get(f"{server.url}/healthz")
        assert_problem(refused, 503, "too many connections")
        assert int(refused.headers["retry-after"]) > 0
    finally:
        reader.go.set()
        asking.join()
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_head_that_does_not_come_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_SECONDS_FOR_HEAD", 0.2)
    with opened(server) as silent, opened(server) as half, opened(server) as dripping:
        half.sendall(HALF_HEAD)
        assert received(silent) == b""
        assert received(half).startswith(b"HTTP/1.1 408 ")
        with suppress(ConnectionError):
            while dripping.send(b"G"):
                pass


def test_after_an_answer_the_next_head_is_not_waited_for_longer(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_SECONDS_FOR_HEAD", 0.5)
    with opened(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + HALF_HEAD)
        told = received(connection)
    assert told.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in told


def test_who_does_not_take_the_answer_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_SECONDS_FOR_WRITING", 0.2)
    with opened(server) as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
        connection.recv(1)
        until(lambda: metric(server, "sourcespan_connections") == 1)
        told = received(connection)
    assert told.count(b"HTTP/1.1 200 ") < 199


UNKNOWN_CODING = b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip"


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\r\n" * 50_000, b"\x00" * 40_000, UNKNOWN_CODING]
)
def test_what_is_no_http_is_refused(server: Server, junk: bytes) -> None:
    with opened(server) as connection:
        connection.sendall(junk + b"\r\n\r\n")
        told = received(connection)
    assert told == b"" or told.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))


def test_a_body_that_is_broken_off_or_no_http_leaves_no_traceback(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    chunked = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with opened(server) as connection:
        connection.sendall(chunked + b"5\r\nabcde\r\nno length\r\n")
        assert received(connection).startswith(b"HTTP/1.1 400 ")
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert not [record for record in caplog.records if record.exc_info]

"""Bodies of requests: what is held of them is bounded in size, in time and in all, and never left behind."""

from __future__ import annotations

import errno
import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from api.middleware import limits
from api.wire.documents import spool
from tests.api.helpers import assert_problem, metric, text_of, until
from tests.conftest import Server

UPLOAD = b"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
ASK = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
FORM = b"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
JSON = {"content-type": "application/json"}
BEGINNINGS = {"json": UPLOAD, "multipart": FORM}


def opened(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=60)


def begun(server: Server, head: bytes, body: bytes, length: int) -> socket.socket:
    """A connection on which a request has come as far as ``body``, which is to have ``length`` bytes."""
    connection = opened(server)
    connection.sendall(head + b"Content-Length: %d\r\n\r\n%b" % (length, body))
    return connection


def answer(connection: socket.socket) -> httpx.Response:
    """The response that the server has sent."""
    with connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        lines = iter(stream.readline, b"\r\n")
        headers = dict(line.decode().rstrip().split(": ", 1) for line in lines)
        length = next(value for name, value in headers.items() if name.lower() == "content-length")
        return httpx.Response(status, headers=headers, content=stream.read(int(length)))


def open_files() -> int:
    """Files that this process, the server's too, has open without a name."""
    targets = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            targets.append(os.readlink(link))
    return sum("(deleted)" in target for target in targets)


@pytest.fixture
def kept() -> Iterator[ExitStack]:
    """Connections that are open until the test ends."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize(
    ("head", "body"),
    [(ASK, b""), (ASK, b"{"), (UPLOAD, b""), (UPLOAD, b"{"), (FORM, b""), (FORM, PART)],
    ids=["ask", "ask begun", "json", "json begun", "multipart", "multipart begun"],
)
def test_a_body_that_makes_no_progress_is_ended(start_server: Callable[..., Server], head: bytes, body: bytes) -> None:
    server = start_server(body_seconds=1)
    with begun(server, head, body, 1_000) as connection:
        assert_problem(answer(connection), 408)
        assert connection.recv(1) == b""


def test_a_body_that_drips_is_ended(start_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_LEAST_BYTES_A_SECOND", 10_000_000)
    server = start_server(body_seconds=1)
    with begun(server, UPLOAD, b"{", 10_000_000) as connection:
        connection.settimeout(0.001)
        told = b""
        while not told:
            connection.sendall(b" ")
            try:
                told = connection.recv(65_536)
            except TimeoutError:
                continue
    assert told.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("head", BEGINNINGS.values(), ids=BEGINNINGS)
def test_what_all_bodies_take_is_bounded(start_server: Callable[..., Server], kept: ExitStack, head: bytes) -> None:
    server = start_server(max_pending_bytes=1_000_000)
    half = (PART if head is FORM else b"{") + b" " * 400_000
    waiting = [kept.enter_context(begun(server, head, half, 900_000)) for _ in range(2)]
    until(lambda: metric(server, "sourcespan_pending_bytes") >= 800_000)
    refused = httpx.post(f"{server.url}/v1/documents", json={"title": "b", "text": " " * 400_000}, timeout=60)
    assert_problem(refused, 503)
    assert int(refused.headers["retry-after"]) > 0
    assert httpx.post(f"{server.url}/v1/search", json={"query": "ferry"}).status_code == 200
    for connection in waiting:
        connection.close()
    until(lambda: metric(server, "sourcespan_pending_bytes") == 0)
    server.add("b", "The ferry leaves at noon." + " " * 400_000)


def test_uploads_are_bounded_in_number_too(start_server: Callable[..., Server], kept: ExitStack) -> None:
    server = start_server()
    for _ in range(64):
        kept.enter_context(begun(server, UPLOAD, b"{", 100))
    until(lambda: metric(server, "sourcespan_pending_bytes") == 64)
    assert_problem(httpx.post(f"{server.url}/v1/documents", json={"title": "b", "text": "x"}), 503)
    kept.close()
    until(lambda: metric(server, "sourcespan_pending_bytes") == 0)
    server.add("b", "The ferry leaves at noon.")


@pytest.mark.parametrize("head", BEGINNINGS.values(), ids=BEGINNINGS)
def test_nothing_of_a_broken_off_upload_is_left(server: Server, head: bytes) -> None:
    before = open_files()
    body = (PART if head is FORM else b'{"title": "a", "text": "') + b"x" * 2_000_000
    connections = [begun(server, head, body, 3_000_000) for _ in range(5)]
    until(lambda: metric(server, "sourcespan_pending_bytes") == 5 * len(body))
    assert open_files() >= before + 5, "written down as it came"
    for connection in connections:
        connection.close()
    until(lambda: metric(server, "sourcespan_pending_bytes") == 0)
    until(lambda: open_files() == before)
    assert httpx.get(f"{server.url}/v1/documents").json()["total"] == 0


def test_a_form_made_to_be_cut_into_many_pieces_is_taken_whole(server: Server) -> None:
    text = "The ferry.\n" + "\r\n--x\r\n-\r\r\n--" * 20_000
    response = httpx.post(f"{server.url}/v1/documents", files=[("files", ("a.txt", text.encode()))], timeout=60)
    assert text_of(server, response.raise_for_status().json()["id"]).count("--x") == 20_000


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
@pytest.mark.parametrize("kind", BEGINNINGS)
def test_a_full_folder_for_temporary_files_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, number: int, kind: str
) -> None:
    kept_document = server.add("a", "The ferry leaves at noon.")
    before = open_files()
    real = tempfile.TemporaryFile

    class Full:
        """A file that takes nothing."""

        def __init__(self, **named: int) -> None:
            self._file = real(**named)  # type: ignore[call-overload]

        def write(self, _: object) -> int:
            raise OSError(number, os.strerror(number))

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

    url = f"{server.url}/v1/documents"
    with monkeypatch.context() as patched:
        patched.setattr(spool, "TemporaryFile", Full)
        patched.setattr(tempfile, "TemporaryFile", Full)
        if kind == "json":
            refused = httpx.post(url, json={"title": "b", "text": "Text."})
            replaced = httpx.put(f"{url}/{kept_document}", json={"title": "b", "text": "Text."})
            assert_problem(replaced, 507, "temporary files")
        else:
            refused = httpx.post(url, files=[("files", ("b.txt", b"Text."))])
    assert_problem(refused, 507, "temporary files", os.strerror(number))
    assert text_of(server, kept_document) == "The ferry leaves at noon."
    server.add("b", "Room again.")
    until(lambda: open_files() == before)


def test_a_body_refused_on_the_way_is_told_whatever_the_route_makes_of_it(server: Server) -> None:
    chunked = b"Transfer-Encoding: chunked\r\n\r\n" + b"40000\r\n" + b" " * 0x40000 + b"\r\n"
    for path in (b"/v1/ask", b"/v1/search", b"/v1/feedback"):
        with opened(server) as connection:
            head = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" % path
            connection.sendall(head + chunked)
            assert_problem(answer(connection), 413)


def test_json_of_every_size_arrives_as_it_was_sent(server: Server) -> None:
    for size in (0, 1, 65_535, 262_144, 600_000):
        body = {"title": "a", "text": f"The ferry {size}." + "ä" * size}
        response = httpx.post(f"{server.url}/v1/documents", content=json.dumps(body), headers=JSON, timeout=60)
        assert text_of(server, response.raise_for_status().json()["id"]) == body["text"]

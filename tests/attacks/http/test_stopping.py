"""Stopping: what takes seconds is finished, questions end in time, and who is cut off is told so."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from index.interfaces import Vectors
from tests.api.helpers import assert_problem, events, metric, until
from tests.conftest import Server
from tests.fakes import BagOfWordsEmbedder, HeldReader

LONG = "\n\n".join(f"Paragraph {n} is about the number {n} and nothing but the number." for n in range(6_000))


@dataclass(frozen=True)
class Embedding:
    """Calls of the embedder: each says that it began, and takes a permit before it goes on."""

    began: threading.Semaphore
    permits: threading.Semaphore

    def wait(self) -> None:
        """Until one more call has begun."""
        assert self.began.acquire(timeout=60)

    def release(self, calls: int = 1_000) -> None:
        """Lets calls go on, by default all that a test can make."""
        self.permits.release(calls)


@pytest.fixture
def embedding(monkeypatch: pytest.MonkeyPatch) -> Iterator[Embedding]:
    calls = Embedding(threading.Semaphore(0), threading.Semaphore(0))
    embed = BagOfWordsEmbedder.embed_passages

    def held(embedder: BagOfWordsEmbedder, texts: Sequence[str]) -> Vectors:
        calls.began.release()
        assert calls.permits.acquire(timeout=60)
        return embed(embedder, texts)

    monkeypatch.setattr(BagOfWordsEmbedder, "embed_passages", held)
    yield calls
    calls.release()


@pytest.fixture
def hurried(start_server: Callable[..., Server]) -> Server:
    """A server whose stop lets nothing be finished."""
    return start_server(shutdown_seconds=1)


def test_what_has_begun_is_finished_and_a_body_on_its_way_is_waited_for(server: Server, embedding: Embedding) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    body = b'{"title": "a", "text": "The ferry leaves at noon."}'
    head = b"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with (
        ThreadPoolExecutor() as clients,
        socket.create_connection(("127.0.0.1", port), timeout=60) as slow,
        socket.create_connection(("127.0.0.1", port), timeout=60) as silent,
    ):
        slow.sendall(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:1])
        until(lambda: metric(server, "sourcespan_pending_bytes") == 1)
        post = clients.submit(httpx.post, f"{server.url}/v1/documents", json={"title": "b", "text": "b"}, timeout=60)
        embedding.wait()
        server.begin_stop()
        until(lambda: not accepts(port))
        slow.sendall(body[1:])
        embedding.release()
        assert post.result().status_code == 201
        assert slow.recv(100).startswith(b"HTTP/1.1 201 ")
        assert not silent.recv(100)
    server.join()


def accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def test_documents_under_way_end_at_once_and_nothing_is_half_done(hurried: Server, embedding: Embedding) -> None:
    server = hurried
    url = f"{server.url}/v1/documents"
    with ThreadPoolExecutor() as clients:
        posts = [
            clients.submit(httpx.post, url, json={"title": f"{n}", "text": f"{n} {LONG}"}, timeout=60) for n in (1, 2)
        ]
        forms = [("files", (f"{n}.txt", f"{n} {LONG}".encode())) for n in range(3)]
        posts.append(clients.submit(httpx.post, url, files=forms, timeout=60))
        embedding.wait()
        until(lambda: metric(server, "sourcespan_ingests_pending") == 3)
        server.begin_stop()
        embedding.release()
        for post in posts:
            assert_problem(post.result(), 503, "being stopped")
            assert int(post.result().headers["retry-after"]) > 0
    server.join()


def test_a_stream_of_progress_ends_with_an_error_event(hurried: Server, embedding: Embedding) -> None:
    server = hurried
    parts = [("files", ("a.txt", LONG.encode())), ("files", ("b.txt", b"Another one."))]
    headers = {"Accept": "text/event-stream"}
    embedding.release(1)
    with httpx.stream("POST", f"{server.url}/v1/documents", files=parts, headers=headers, timeout=60) as response:
        told = events(response)
        assert next(told)[0] == "progress"
        embedding.wait()
        embedding.wait()  # the second call, which is held
        server.begin_stop()
        embedding.release()
        *_, (name, said) = told
    assert (name, said["status"]) == ("error", 503)


def test_a_question_under_way_is_still_answered(start_server: Callable[..., Server]) -> None:
    reader = HeldReader()
    server = start_server(reader)
    server.add("a", "The ferry leaves at noon.")
    with ThreadPoolExecutor() as clients:
        asked = clients.submit(httpx.post, f"{server.url}/v1/ask", json={"question": "«ferry»"}, timeout=60)
        assert reader.entered.wait(60)
        server.begin_stop()
        reader.go.set()
        assert asked.result().json()["answers"][0]["text"] == "ferry"


def test_at_the_deadline_who_still_waits_is_told_to_come_back(start_server: Callable[..., Server]) -> None:
    reader = HeldReader()
    server = start_server(reader, shutdown_seconds=1)
    server.add("a", "The ferry leaves at noon.")
    with ThreadPoolExecutor() as clients:
        asked = clients.submit(httpx.post, f"{server.url}/v1/ask", json={"question": "«ferry»"}, timeout=60)
        assert reader.entered.wait(60)
        server.begin_stop()
        response = asked.result()
        reader.go.set()
    assert_problem(response, 503, "being stopped")
    assert int(response.headers["retry-after"]) > 0
    server.join()


def test_a_stream_that_the_deadline_cuts_off_says_why(start_server: Callable[..., Server]) -> None:
    reader = HeldReader()
    server = start_server(reader, shutdown_seconds=1)
    server.add("a", "The ferry leaves at noon.")
    headers = {"Accept": "text/event-stream"}
    body = {"question": "«ferry»"}
    with httpx.stream("POST", f"{server.url}/v1/ask", json=body, headers=headers, timeout=60) as response:
        told = events(response)
        assert next(told)[0] == "passages"
        server.begin_stop()
        name, said = next(told)
        reader.go.set()
    assert (name, said["status"]) == ("error", 503)
    server.join()


def test_a_body_that_has_not_arrived_is_not_waited_for_long(hurried: Server) -> None:
    server = hurried
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=60) as connection:
        head = b"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(head + b"Content-Length: 900\r\n\r\n{")
        until(lambda: metric(server, "sourcespan_pending_bytes") == 1)
        server.begin_stop()
        assert connection.recv(100).startswith(b"HTTP/1.1 503 ")
    server.join()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_process_at_once(tmp_path: Path, sent: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.attacks.serving", str(tmp_path), '{"shutdown_seconds": 3600}']
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # what runs the tests in the background may have them ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with httpx.stream("GET", f"{url}/openapi.json") as response:  # which is never read
            assert response.status_code == 200
            with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))) as unread:
                unread.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
                unread.recv(1)
                until(lambda: httpx.get(f"{url}/healthz").status_code == 200)
                process.send_signal(sent)
                refused = False
                while not refused:
                    try:
                        refused = httpx.get(f"{url}/healthz").status_code == 503
                    except httpx.TransportError:
                        refused = True
                process.send_signal(sent)
                assert process.wait(60) == -sent

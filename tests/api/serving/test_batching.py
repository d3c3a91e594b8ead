"""Many ask at once: together, bounded, and never for somebody who has left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from tests.api.helpers import assert_exact, assert_problem, metric, until
from tests.conftest import Server
from tests.fakes import HeldReader


@pytest.fixture
def reader() -> Iterator[HeldReader]:
    held = HeldReader()
    yield held
    held.go.set()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


def asking(pool: ThreadPoolExecutor, server: Server, question: str) -> Future[httpx.Response]:
    return pool.submit(httpx.post, f"{server.url}/v1/ask", json={"question": question}, timeout=60)


def occupied(
    start_server: Callable[..., Server], reader: HeldReader, pool: ThreadPoolExecutor, **given: object
) -> Server:
    """A server whose reader is busy with a first question."""
    server = start_server(reader=reader, **given)
    server.add("a", "The ferry leaves Pier 9 at noon. The red door is shut.")
    asking(pool, server, "first")
    assert reader.entered.wait(60)
    return server


def waiting(server: Server, count: int) -> None:
    until(lambda: metric(server, "sourcespan_queue_depth") == count)


def test_those_who_wait_are_read_together(
    start_server: Callable[..., Server], reader: HeldReader, pool: ThreadPoolExecutor
) -> None:
    server = occupied(start_server, reader, pool, batch_questions=4)
    wanted = ["ferry", "Pier", "noon", "red", "door", "shut"]
    answers = [asking(pool, server, f"«{word}»?") for word in wanted]
    waiting(server, 6)
    reader.go.set()
    for word, answer in zip(wanted, answers, strict=True):
        body = answer.result().json()
        assert body["answers"][0]["text"] == word
        assert_exact(server, body["answers"][0])
    assert [len(batch) for batch in reader.batches] == [1, 4, 2]
    assert metric(server, "sourcespan_batch_questions_count") == 3


def test_batching_can_be_turned_off(
    start_server: Callable[..., Server], reader: HeldReader, pool: ThreadPoolExecutor
) -> None:
    server = occupied(start_server, reader, pool, batch_questions=1)
    answers = [asking(pool, server, f"«{word}»?") for word in ("ferry", "Pier", "noon")]
    waiting(server, 3)
    reader.go.set()
    assert all(answer.result().is_success for answer in answers)
    assert [len(batch) for batch in reader.batches] == [1, 1, 1, 1]


def test_past_the_bound_the_answer_is_503_at_once(
    start_server: Callable[..., Server], reader: HeldReader, pool: ThreadPoolExecutor
) -> None:
    server = occupied(start_server, reader, pool, max_waiting=2)
    answers = [asking(pool, server, f"«{word}»?") for word in ("ferry", "Pier")]
    waiting(server, 2)
    for headers in ({}, {"Accept": "text/event-stream"}):
        refused = httpx.post(f"{server.url}/v1/ask", json={"question": "one more"}, headers=headers)
        assert_problem(refused, 503, "2 others are waiting")
        assert int(refused.headers["retry-after"]) >= 1
    assert httpx.get(f"{server.url}/healthz").is_success
    assert server.add("b", "Documents come in while the reader is busy.")
    assert httpx.post(f"{server.url}/v1/search", json={"query": "documents"}).json()["passages"]
    reader.go.set()
    assert all(answer.result().is_success for answer in answers)


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_who_leaves_before_the_turn_is_never_read_for(
    start_server: Callable[..., Server], reader: HeldReader, pool: ThreadPoolExecutor, accept: str
) -> None:
    server = occupied(start_server, reader, pool)
    leaving = httpx.Client(timeout=60)
    request = leaving.build_request(
        "POST", f"{server.url}/v1/ask", json={"question": "gone"}, headers={"Accept": accept}
    )
    left = pool.submit(leaving.send, request)
    waiting(server, 1)
    hang_up(leaving)
    waiting(server, 0)
    reader.go.set()
    assert asking(pool, server, "«ferry»?").result().is_success
    assert [question for batch in reader.batches for question in batch] == ["first", "«ferry»?"]
    assert left.exception() is not None


def test_a_stop_finishes_what_is_running_and_waiting(
    start_server: Callable[..., Server], reader: HeldReader, pool: ThreadPoolExecutor
) -> None:
    server = occupied(start_server, reader, pool)
    answers = [asking(pool, server, f"«{word}»?") for word in ("ferry", "Pier")]
    waiting(server, 2)
    server.begin_stop()
    reader.go.set()
    assert [answer.result().json()["answers"][0]["text"] for answer in answers] == ["ferry", "Pier"]
    server.join()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/healthz")


def test_however_many_ask_whether_it_is_ready_it_is_tested_once_at_a_time(
    start_server: Callable[..., Server], reader: HeldReader, pool: ThreadPoolExecutor
) -> None:
    server = occupied(start_server, reader, pool)
    ready = [pool.submit(httpx.get, f"{server.url}/readyz", timeout=60) for _ in range(6)]
    served = 'sourcespan_requests_total{method="GET",route="/healthz",status="200"}'
    until(lambda: httpx.get(f"{server.url}/healthz").is_success and metric(server, served) > len(ready))
    reader.go.set()
    assert {response.result().status_code for response in ready} == {200}
    assert len(reader.batches) <= 3


def hang_up(client: httpx.Client) -> None:
    """Closes the socket under a request that another thread waits for."""
    import socket

    pool = client._transport._pool  # type: ignore[attr-defined]
    (connection,) = pool.connections
    stream = connection._connection._network_stream
    stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

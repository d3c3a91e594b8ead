"""`ask` as server-sent events."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.api.helpers import assert_exact, assert_problem, stream
from tests.conftest import Server
from tests.fakes import FailingReader

HEADERS = {"Accept": "text/event-stream"}


def test_passages_then_every_better_answer_then_the_whole_response(server: Server) -> None:
    server.add("a", "The red 🚪 door is shut.")
    server.add("b", "One door.")
    body = {"question": "«red 🚪 door»?", "include_passages": True}
    heard = stream(server, "/v1/ask", json=body)
    assert [name for name, _ in heard] == ["passages", "answer", "answer", "done"]
    (_, passages), (_, first), (_, second), (_, done) = heard
    assert passages["passages"] == done["passages"]
    assert [first["text"], second["text"]] == ["door", "red 🚪 door"]
    assert second == done["answers"][0]
    for answer in (first, second, *done["answers"]):
        assert_exact(server, answer)
    alone = httpx.post(f"{server.url}/v1/ask", json=body).json()
    assert {**alone, "timings_ms": None} == {**done, "timings_ms": None}


def test_nothing_is_called_an_answer_when_it_abstains(server: Server) -> None:
    server.add("a", "The ferry leaves at noon.")
    heard = stream(server, "/v1/ask", json={"question": "guess?"})
    assert [name for name, _ in heard] == ["passages", "done"]
    assert heard[-1][1]["abstained"]
    assert heard[-1][1]["passages"] == []


def test_what_is_wrong_from_the_start_has_its_status(server: Server) -> None:
    response = httpx.post(f"{server.url}/v1/ask", json={"question": " "}, headers=HEADERS)
    assert_problem(response, 422, "question")


def test_a_reader_that_breaks_tells_no_path(start_server: Callable[..., Server]) -> None:
    server = start_server(reader=FailingReader())
    server.add("a", "The ferry leaves at noon.")
    response = httpx.post(f"{server.url}/v1/ask", json={"question": "break"})
    assert_problem(response, 500)
    assert "path" not in response.text
    assert httpx.post(f"{server.url}/v1/ask", json={"question": "«ferry»"}).json()["answers"], "it goes on"

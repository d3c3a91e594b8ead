"""Metrics, logs and settings."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.middleware.logs import JsonLines
from api.settings import Settings
from tests.api.helpers import metric, until
from tests.conftest import Server


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the process logs, as `serve` would print it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("sourcespan")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_metrics_count_what_happened(server: Server) -> None:
    server.add("a", "The ferry leaves at noon.")
    httpx.post(f"{server.url}/v1/ask", json={"question": "«ferry»?"})
    httpx.post(f"{server.url}/v1/ask", json={"question": "guess?"})
    httpx.post(f"{server.url}/v1/ask", json={"question": "Summarise it."})
    assert metric(server, "sourcespan_documents") == 1
    assert metric(server, "sourcespan_passages") == 1
    assert metric(server, "sourcespan_queue_depth") == 0
    assert metric(server, 'sourcespan_questions_total{outcome="answered"}') == 1
    assert metric(server, 'sourcespan_questions_total{outcome="not_found"}') == 1
    assert metric(server, 'sourcespan_questions_total{outcome="not_understood"}') == 1
    for part in ("wait", "embed", "retrieve", "read"):
        assert metric(server, f'sourcespan_question_seconds_count{{part="{part}"}}') >= 2
    assert metric(server, 'sourcespan_requests_total{method="POST",route="/v1/ask",status="200"}') == 3


def test_addresses_that_clients_invent_make_no_new_metrics(server: Server) -> None:
    document_id = server.add("a", "The ferry.")
    for n in range(5):
        httpx.get(f"{server.url}/invented/{n}")
        httpx.get(f"{server.url}/v1/documents/{document_id if n else 'x'}")
    text = httpx.get(f"{server.url}/metrics").text
    assert "invented" not in text
    assert document_id not in text
    assert metric(server, 'sourcespan_requests_total{method="GET",route="other",status="404"}') == 5
    assert (
        metric(server, 'sourcespan_requests_total{method="GET",route="/v1/documents/{document_id}",status="200"}') == 4
    )


def test_the_log_says_what_was_done_but_not_what_was_asked(server: Server, log: io.StringIO) -> None:
    server.add("a", "The ferry leaves at noon.")
    response = httpx.post(f"{server.url}/v1/ask?private=1", json={"question": "«ferry» private?"})
    until(lambda: httpx.get(f"{server.url}/healthz").is_success and len(lines(log)) >= 3)
    _, question, request = lines(log)[:3]
    assert (request["path"], request["status"], request["method"]) == ("/v1/ask", 200, "POST")
    assert question["request_id"] == request["request_id"] == response.headers["x-request-id"]
    assert question["abstained"] is False
    assert "private" not in log.getvalue()
    assert "healthz" not in log.getvalue()


def test_questions_are_logged_when_the_operator_says_so(start_server: Callable[..., Server], log: io.StringIO) -> None:
    server = start_server(log_questions=True)
    server.add("a", "The ferry leaves at noon.")
    httpx.post(f"{server.url}/v1/ask", json={"question": "«ferry» now?"})
    assert "«ferry» now?" in [line.get("question") for line in lines(log)]


def test_a_request_id_is_kept_if_it_is_a_sound_one(server: Server) -> None:
    for given_id, kept in (("abc-1.2_3", True), ("x" * 65, False), ('"}{', False), ("a b", False)):
        response = httpx.get(f"{server.url}/healthz", headers={"X-Request-ID": given_id})
        assert (response.headers["x-request-id"] == given_id) == kept


@given(hostile=st.text(max_size=200))
def test_nothing_that_is_logged_can_end_its_line(hostile: str) -> None:
    record = logging.LogRecord("sourcespan", logging.INFO, __file__, 1, "%s", (hostile,), None)
    record.fields = {"path": hostile}
    line = JsonLines().format(record)
    assert line.isprintable()
    assert line.isascii()
    assert json.loads(line)["message"] == json.loads(line)["path"] == hostile


def test_a_path_cannot_forge_a_line(server: Server, log: io.StringIO) -> None:
    httpx.get(f"{server.url}/x%0a%7b%22level%22:%22forged%22%7d")
    httpx.get(f"{server.url}/healthz")
    assert all(line["level"] == "info" for line in lines(log))


def test_settings_come_from_the_env_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SOURCESPAN_TOP_K=7\nSOURCESPAN_PORT=9\nOTHER=x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCESPAN_PORT", "10")
    settings = Settings.model_validate({})
    assert (settings.top_k, settings.port) == (7, 10)

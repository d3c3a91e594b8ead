"""OpenTelemetry: what arrives at a collector."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from tests.conftest import Server


class Collector(HTTPServer):
    """Keeps what is exported to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.exported: list[tuple[str, bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.exported.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


def test_traces_are_exported_when_they_are_asked_for(
    start_server: Callable[..., Server], collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    silent = start_server()
    assert httpx.get(f"{silent.url}/v1/models").is_success
    server = start_server(traces=True)
    assert httpx.post(f"{server.url}/v1/ask", json={"question": "What is secret?"}).is_success
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    provider.force_flush()
    paths = {path for path, _ in collector.exported}
    exported = b"".join(body for _, body in collector.exported)
    assert paths == {"/v1/traces"}
    assert b"/v1/ask" in exported
    assert b"/v1/models" not in exported
    assert b"secret" not in exported

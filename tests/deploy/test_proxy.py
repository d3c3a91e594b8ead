"""nginx before three replicas, as its sample says: the real nginx, before servers that only tell who they are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from tests.api.helpers import until
from tests.attacks.http.test_nginx import NGINX, free_port, reached, replaced, started
from tests.deploy.image import TOP

SAMPLE = (TOP / "deploy" / "nginx.replicas.conf").read_text(encoding="utf-8")
CLIENTS = [f"198.51.100.{number}" for number in range(1, 31)]

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


class Tells(BaseHTTPRequestHandler):
    """Answers with its own port, and for whom it is asked."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = f"{self.server.server_port} {self.headers['X-Forwarded-For']}".encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        pass


@contextmanager
def replica() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Tells) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def before(replicas: list[HTTPServer], folder: Path) -> Iterator[str]:
    """The address of nginx before them; this machine is believed as the one is that the sample names."""
    port = free_port()
    changes = {
        "set_real_ip_from 172.28.7.1;": "set_real_ip_from 127.0.0.1;",
        "listen 8080;": f"listen 127.0.0.1:{port};",
    }
    for number, server in enumerate(replicas, 11):
        changes[f"server 172.28.7.{number}:8000 "] = f"server 127.0.0.1:{server.server_port} "
    nginx = started(folder, replaced(SAMPLE, **changes))
    try:
        until(lambda: reached(f"http://127.0.0.1:{port}"))
        yield f"http://127.0.0.1:{port}"
    finally:
        nginx.terminate()
        nginx.wait(60)


def asked(url: str) -> dict[str, int]:
    """Which replica is there for each client; a question is a POST."""
    found = {}
    for client in CLIENTS:
        response = httpx.post(f"{url}/v1/ask", json={}, headers={"X-Forwarded-For": client}, timeout=60)
        port, told = response.raise_for_status().text.split()
        assert told == client
        found[client] = int(port)
    return found


def test_a_client_stays_with_a_replica_until_that_is_stopped(tmp_path: Path) -> None:
    with ExitStack() as first, ExitStack() as running:
        leaving = first.enter_context(replica())
        staying = [running.enter_context(replica()) for _ in range(2)]
        url = running.enter_context(before([leaving, *staying], tmp_path))
        at_first = asked(url)
        assert set(at_first.values()) == {server.server_port for server in (leaving, *staying)}
        assert asked(url) == at_first
        assert httpx.get(f"{url}/metrics").status_code == 404, "each replica has its own"
        first.close()
        later = asked(url)
        assert set(later.values()) == {server.server_port for server in staying}
        moved = {client for client, port in at_first.items() if later[client] != port}
        assert moved == {client for client, port in at_first.items() if port == leaving.server_port}

"""The sample for nginx in front of the service: the real nginx, before the real server."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.helpers import assert_exact, events, until
from tests.api.test_operators import lines, log
from tests.conftest import Server
from tests.fakes import HeldReader

__all__ = ["log"]

SAMPLE = (Path(__file__).parents[3] / "deploy" / "nginx.conf").read_text(encoding="utf-8")
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def replaced(text: str, **changes: str) -> str:
    """The sample with other values of some of its lines, each of which must be there once."""
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture
def proxied(tmp_path: Path, start_server: Callable[..., Server]) -> Iterator[Callable[..., tuple[Server, str]]]:
    """Starts a server and nginx before it, below a path if one is given; gives the server and its address."""
    running: list[subprocess.Popen[bytes]] = []

    def start(below: str = "", **given: object) -> tuple[Server, str]:
        server = start_server(trusted_proxies="127.0.0.1", **given)
        port = free_port()
        changes = {
            "server 127.0.0.1:8000 ": f"server {server.url.removeprefix('http://')} ",
            "listen 80;": f"listen 127.0.0.1:{port};",
        }
        sample = replaced(SAMPLE, **changes)
        running.append(started(tmp_path, served_below(below, sample) if below else sample))
        url = f"http://127.0.0.1:{port}{below}"
        until(lambda: reached(url))
        return server, url

    yield start
    for process in running:
        process.terminate()
        process.wait(60)


def started(folder: Path, sample: str) -> subprocess.Popen[bytes]:
    """Starts nginx as a sample says, but with all that it writes in a folder. It must find nothing wrong."""
    folders = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    changes = {
        "pid /run/nginx.pid;": f"pid {folder}/nginx.pid;" + ("user root;" if os.geteuid() == 0 else ""),
        "access_log /var/log/nginx/access.log;": f"access_log off; {folders}",
    }
    config = folder / "nginx.conf"
    config.write_text(replaced(sample, **changes), encoding="utf-8")
    command = [str(NGINX), "-c", str(config), "-p", str(folder), "-e", "stderr", "-g", "daemon off;"]
    tested = subprocess.run([*command[:-2], "-t"], capture_output=True, text=True, timeout=60, check=False)
    assert tested.returncode == 0, tested.stderr
    assert "warn" not in tested.stderr
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def served_below(path: str, sample: str) -> str:
    """The sample as its comments say that it is changed to serve below ``path``, which is ``/library`` there."""
    lines = [line.strip() for line in sample.splitlines()]
    begin = lines.index("# Below a path, beside other sites:") + 1
    end = lines.index("#     }", begin) + 1
    locations = "\n".join(line.removeprefix("#") for line in lines[begin:end]).replace("/library", path)
    changes = {
        'X-Forwarded-Prefix "";': f'X-Forwarded-Prefix "{path}";',
        "location / {": f"{locations}\nlocation /elsewhere {{",
    }
    return replaced(sample, **changes)


def reached(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.ConnectError:
        return False


def test_asking_uploading_and_streaming_go_through(proxied: Callable[..., tuple[Server, str]]) -> None:
    server, url = proxied()
    large = "The ferry leaves at noon." + "\n" * 3_000_000
    files = [("files", ("large.txt", large.encode())), ("files", ("small.txt", b"The bakery opens at six."))]
    assert httpx.post(f"{url}/v1/documents", files=files, timeout=60).status_code == 201
    put_in = httpx.post(f"{url}/v1/documents", json={"title": "a", "text": "The mill stands."}, timeout=60)
    assert put_in.headers["location"].startswith("/v1/documents/")
    answers = httpx.post(f"{url}/v1/ask", json={"question": "«opens at six»"}, timeout=60).json()["answers"]
    assert_exact(server, answers[0])
    assert httpx.get(f"{url}/").status_code == 200
    changes = httpx.post(f"{url}/v1/search", json={"query": "mill"}, headers={"Origin": url})
    assert changes.status_code == 200, "the page that nginx serves is not of another site"


def test_events_arrive_one_by_one(proxied: Callable[..., tuple[Server, str]]) -> None:
    reader = HeldReader()
    server, url = proxied(reader=reader)
    server.add("a", "The ferry leaves at noon.")
    headers = {"Accept": "text/event-stream"}
    body = {"question": "«ferry»"}
    with httpx.stream("POST", f"{url}/v1/ask", json=body, headers=headers, timeout=60) as response:
        told = events(response)
        assert next(told)[0] == "passages"
        reader.go.set()
        assert [name for name, _ in told][-1] == "done"


def test_clients_cannot_choose_their_address(proxied: Callable[..., tuple[Server, str]], log: io.StringIO) -> None:
    _, url = proxied()
    httpx.get(f"{url}/v1/documents", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"})
    until(lambda: httpx.get(f"{url}/healthz").is_success and len(lines(log)) > 0)
    assert {line["client"] for line in lines(log)} == {"127.0.0.1"}


def test_clients_cannot_choose_where_links_lead(proxied: Callable[..., tuple[Server, str]]) -> None:
    server, url = proxied()
    server.add("Ferries", "The ferry leaves at noon.")
    body = {"messages": [{"role": "user", "content": "«noon»"}]}
    made_up = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil", "X-Forwarded-Proto": "https"}
    for headers in ({}, made_up):
        message = httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers).json()["choices"][0]["message"]
        assert f"]({url}/#document=" in message["content"]


def test_below_a_path_links_and_locations_lead_there(proxied: Callable[..., tuple[Server, str]]) -> None:
    _, url = proxied("/library")
    put_in = httpx.post(
        f"{url}/v1/documents", json={"title": "Ferries", "text": "The ferry leaves at noon."}, timeout=60
    )
    assert put_in.headers["location"].startswith(f"{url}/v1/documents/")
    body = {"messages": [{"role": "user", "content": "«noon»"}]}
    message = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60).json()["choices"][0]["message"]
    assert f"]({url}/#document=" in message["content"]
    assert httpx.get(url).headers["location"].endswith("/library/")
    assert httpx.get(f"{url.removesuffix('/library')}/v1/documents").status_code == 404


def test_limits_of_size_and_rate(proxied: Callable[..., tuple[Server, str]]) -> None:
    _, url = proxied()
    port = int(url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    with httpx.Client() as client:
        answered = [client.get(f"{url}/healthz").status_code for _ in range(300)]
    assert set(answered) == {200, 429}

"""nginx before three replicas, as its sample says: the real nginx, before servers with a document of their own each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.api.helpers import until
from tests.attacks.http.test_nginx import NGINX, free_port, reached, replaced, started
from tests.conftest import Server
from tests.deploy.image import TOP

SAMPLE = (TOP / "deploy" / "nginx.replicas.conf").read_text(encoding="utf-8")
CLIENTS = [f"198.51.100.{number}" for number in range(1, 31)]

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@contextmanager
def before(urls: list[str], folder: Path) -> Iterator[str]:
    """The address of nginx before them; this machine is believed as the one is that the sample names."""
    address = f"127.0.0.1:{free_port()}"
    changes = {"set_real_ip_from 172.28.7.1;": "set_real_ip_from 127.0.0.1;", "listen 8080;": f"listen {address};"}
    for number, replica in enumerate(urls, 11):
        changes[f"server 172.28.7.{number}:8000 "] = f"server {replica.removeprefix('http://')} "
    nginx = started(folder, replaced(SAMPLE, **changes))
    try:
        until(lambda: reached(f"http://{address}"))
        yield f"http://{address}"
    finally:
        nginx.terminate()
        nginx.wait(60)


def found(url: str) -> dict[str, str]:
    """Which document each client finds."""
    with httpx.Client(timeout=60) as http:
        responses = {
            client: http.post(f"{url}/v1/search", json={"query": "ferry"}, headers={"X-Forwarded-For": client})
            for client in CLIENTS
        }
    return {
        client: response.raise_for_status().json()["passages"][0]["document_id"]
        for client, response in responses.items()
    }


def test_a_client_stays_with_a_replica_until_that_is_stopped(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    replicas = [start_server(trusted_proxies="127.0.0.1") for _ in range(3)]
    leaving, *staying = (server.add(f"{number}", f"Ferry {number}.") for number, server in enumerate(replicas))
    with before([replica.url for replica in replicas], tmp_path) as url:
        at_first = found(url)
        assert set(at_first.values()) == {leaving, *staying}
        assert found(url) == at_first
        assert httpx.get(f"{url}/metrics").status_code == 404, "each replica has its own"
        replicas[0].begin_stop()
        replicas[0].join()
        later = found(url)
    assert set(later.values()) == set(staying)
    assert {client for client in CLIENTS if later[client] != at_first[client]} == {
        client for client in CLIENTS if at_first[client] == leaving
    }

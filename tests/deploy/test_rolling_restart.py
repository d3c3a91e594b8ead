"""A rolling restart behind the real nginx, as its sample says: who asks and writes without pause notices nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import randrange

import httpx
import pytest

from tests.attacks.http.test_nginx import NGINX
from tests.deploy.test_proxy import before
from tests.postgres.server import PostgresServer, free_port

pytestmark = [pytest.mark.skipif(NGINX is None, reason="nginx is not installed"), pytest.mark.model]

SOURCESPAN = Path(sys.executable).with_name("sourcespan")


class Replica:
    """`sourcespan serve` at a port that stays."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns when it is ready."""
        self._process = subprocess.Popen(
            [SOURCESPAN, "serve", "--port", str(self._port), "--data", str(self._folder)],
            env={
                **os.environ,
                "SOURCESPAN_DATABASE": self._database,
                "SOURCESPAN_TRUSTED_PROXIES": "127.0.0.1",
                "SOURCESPAN_RATE_LIMIT": "0",
                "SOURCESPAN_SHUTDOWN_SECONDS": "240",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith(b"Sourcespan is at"), line

    def stop(self, with_signal: signal.Signals) -> None:
        """Returns when it is gone."""
        self._process.send_signal(with_signal)
        self._process.wait(300)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def three_replicas(folder: Path, database: str) -> Iterator[list[Replica]]:
    with ExitStack() as running:
        replicas = [Replica(folder / f"{number}", database) for number in range(3)]
        for replica in replicas:
            replica.start()
            running.callback(replica.stop, signal.SIGKILL)
        yield replicas


def without_pause(url: str, client: str, ends: threading.Event) -> tuple[set[str], list[str]]:
    """The documents that are put in and stay, and what was not answered as it should be."""
    stored, faults = set(), []
    with httpx.Client(base_url=url, headers={"X-Forwarded-For": client}, timeout=120) as http:
        number = 0
        while not ends.is_set():
            number += 1
            # long enough to be under way when its replica is stopped
            text = " ".join(f"The ferry {number} of {client} leaves from pier {pier}." for pier in range(150))
            try:
                as_file = {"files": (f"{number}.txt", text.encode())}
                added = (
                    http.post("/v1/documents", files=as_file)
                    if number % 2
                    else http.post("/v1/documents", json={"title": "a", "text": text})
                )
                body = added.raise_for_status().json()
                document_id = body["id"] if "id" in body else body["documents"][0]["id"]
                stored.add(document_id)
                asked = {"question": "In which town is the detention centre?"}
                http.post("/v1/ask", json=asked).raise_for_status()
                http.get(f"/v1/documents/{document_id}").raise_for_status()
                if number % 5 == 0:
                    http.delete(f"/v1/documents/{document_id}").raise_for_status()
                    stored.remove(document_id)
            except httpx.HTTPError as error:
                faults.append(f"{error!r} {getattr(getattr(error, 'response', None), 'text', '')}")
    return stored, faults


def test_each_replica_is_restarted_and_no_request_fails(tmp_path: Path, postgres: PostgresServer) -> None:
    database = postgres.new_database()
    ends = threading.Event()
    with (
        three_replicas(tmp_path, database) as replicas,
        before([replica.url for replica in replicas], tmp_path) as url,
        ThreadPoolExecutor() as clients,
    ):
        futures = [clients.submit(without_pause, url, f"198.51.100.{number}", ends) for number in range(3)]
        try:
            for replica in replicas:
                replica.stop(signal.SIGTERM)
                replica.start()
        finally:
            ends.set()
        results = [future.result() for future in futures]
        assert [faults for _, faults in results] == [[] for _ in results]
        for document_id in set().union(*(ids for ids, _ in results)):
            headers = {"X-Forwarded-For": f"198.51.101.{randrange(250)}"}  # whom nginx counts
            httpx.get(f"{url}/v1/documents/{document_id}", headers=headers, timeout=120).raise_for_status()
    assert all(len(ids) > 1 for ids, _ in results)

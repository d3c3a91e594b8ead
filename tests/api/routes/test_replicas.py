"""Several servers over one PostgreSQL: what is changed through one is found through the others."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.api.helpers import until
from tests.conftest import Server
from tests.postgres.server import PostgresServer

SOURCESPAN = Path(sys.executable).with_name("sourcespan")
LATER = httpx.Timeout(300)


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    return postgres.new_database()


def sources(url: str, query: str) -> set[str]:
    body = httpx.post(f"{url}/v1/search", json={"query": query}, timeout=LATER).raise_for_status().json()
    return {passage["document_id"] for passage in body["passages"]}


def test_servers_show_find_and_count_what_the_others_did(start_server: Callable[..., Server]) -> None:
    one, other = start_server(), start_server()
    ferry = one.add("Ferries", "The ferry leaves at noon.")
    assert sources(other.url, "ferry") == {ferry}
    train = other.add("Trains", "The train leaves at two.")
    assert httpx.get(f"{one.url}/readyz").json()["words_behind"] > 0
    assert sources(one.url, "train") == {train, ferry}
    assert httpx.get(f"{one.url}/readyz").json()["words_behind"] == 0
    assert httpx.get(f"{one.url}/readyz").json()["documents"] == 2
    truth = {"document_id": ferry, "span": {"start": 0, "end": 9}, "text": "The ferry"}
    given = {"question": "What leaves?", "answer": None, "verdict": "missing", "corrected": truth}
    httpx.post(f"{one.url}/v1/feedback", json=given).raise_for_status()
    assert "What leaves?" in httpx.get(f"{other.url}/v1/feedback/export").text
    assert httpx.delete(f"{other.url}/v1/documents/{ferry}").is_success
    assert sources(one.url, "ferry leaves") == {train}
    listed = httpx.get(f"{one.url}/v1/documents").json()["documents"]
    assert [document["id"] for document in listed] == [train]


def test_a_database_that_is_gone_is_a_503_until_it_is_back(
    start_server: Callable[..., Server], postgres: PostgresServer
) -> None:
    server = start_server()
    ferry = server.add("Ferries", "The ferry leaves at noon.")
    postgres.kill()
    try:
        for response in (
            httpx.get(f"{server.url}/v1/documents", timeout=LATER),
            httpx.post(f"{server.url}/v1/search", json={"query": "ferry"}, timeout=LATER),
            httpx.post(f"{server.url}/v1/ask", json={"question": "When «noon»?"}, timeout=LATER),
            httpx.post(f"{server.url}/v1/documents", json={"title": "a", "text": "b"}, timeout=LATER),
        ):
            assert response.status_code == 503, response.text
            assert int(response.headers["retry-after"]) > 0
    finally:
        postgres.start()
    until(lambda: httpx.get(f"{server.url}/v1/documents", timeout=LATER).is_success)
    assert sources(server.url, "ferry") == {ferry}


@contextmanager
def serving(folder: Path, database: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [SOURCESPAN, "serve", "--port", "0", "--data", str(folder)],
        env={**os.environ, "SOURCESPAN_DATABASE": database},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = re.search(r"http://\S+", process.stdout.readline())
        assert url is not None
        yield process, url.group()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.model
def test_of_three_real_servers_two_may_go(tmp_path: Path, database: str) -> None:
    question = {"question": "In which town is the detention centre?"}
    with serving(tmp_path / "1", database) as (first, url), serving(tmp_path / "2", database) as (second, other):
        for each in (url, other):
            body = httpx.post(f"{each}/v1/ask", json=question, timeout=LATER).json()
            assert body["answers"][0]["text"] == "Bryanka"
        added = httpx.post(
            f"{url}/v1/documents",
            json={"title": "Ferries", "text": "The ferry to Bryanka leaves at noon."},
            timeout=LATER,
        ).json()["id"]
        first.kill()
        assert added in sources(other, "ferry to Bryanka")
        with serving(tmp_path / "3", database) as (_, third):
            second.send_signal(signal.SIGTERM)
            assert added in sources(third, "ferry to Bryanka")
            assert httpx.delete(f"{third}/v1/documents/{added}", timeout=LATER).is_success
            assert added not in sources(third, "ferry to Bryanka")
            assert second.wait() == -signal.SIGTERM, "uvicorn shuts down in order, and raises it once more"

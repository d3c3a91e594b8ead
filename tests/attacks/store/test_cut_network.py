"""A replica whose network to PostgreSQL is cut: in a network namespace, a cable to which is pulled out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from tests.fakes import BagOfWordsEmbedder
from tests.index.store.databases.test_postgres import found
from tests.postgres.server import PostgresServer, postgres_server

LATER = httpx.Timeout(300)
# seconds instead of the tens of seconds that are waited for otherwise
NOTICED = (
    "connect_timeout=2&tcp_user_timeout=2000&keepalives_idle=1&keepalives_interval=1&keepalives_count=2&options="
    + (
        quote(
            "-c tcp_user_timeout=3000 -c tcp_keepalives_idle=1 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=2",
            safe="",
        )
    )
)
WRITES = """
import sys
from index.store.databases.postgres import PostgresDatabase
with PostgresDatabase(sys.argv[1]).change() as db:
    db.execute("INSERT INTO collections VALUES ('half')")
    print("writes", flush=True)
    sys.stdin.read()
"""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=60)


@dataclass(frozen=True)
class Away:
    """A place with two cables to here: one to the database, one for its clients."""

    name: str

    @property
    def database(self) -> str:
        """The address at this end of the one."""
        return f"10.{os.getpid() % 250}.37.1"

    @property
    def host(self) -> str:
        """The address at the other end of the other."""
        return f"10.{os.getpid() % 250}.38.2"

    def command(self, *command: str) -> list[str]:
        return ["ip", "netns", "exec", self.name, *command]

    def cut(self) -> None:
        ip("link", "set", "dev", f"{self.name}-d", "down")

    def heal(self) -> None:
        ip("link", "set", "dev", f"{self.name}-d", "up")


@pytest.fixture
def away() -> Iterator[Away]:
    there = Away(f"ss{os.getpid() % 100_000}")
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("needs iproute2 and root, to make a network namespace")
    try:
        ip("netns", "add", there.name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces are not permitted here: {error.stderr.decode()}")
    try:
        for net, end in ((there.database[:-1], "d"), (there.host[:-1], "c")):
            ip("link", "add", f"{there.name}-{end}", "type", "veth", "peer", "name", end, "netns", there.name)
            ip("address", "add", f"{net}1/24", "dev", f"{there.name}-{end}")
            ip("link", "set", "dev", f"{there.name}-{end}", "up")
            ip("-n", there.name, "address", "add", f"{net}2/24", "dev", end)
            ip("-n", there.name, "link", "set", "dev", end, "up")
        yield there
    finally:
        ip("netns", "delete", there.name)


@pytest.fixture
def server(away: Away) -> Iterator[PostgresServer]:
    with postgres_server() as running:
        running.listen_on(away.database)
        yield running


@contextmanager
def running(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process, and its first line."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_who_is_cut_off_says_so_others_go_on_and_nothing_is_lost(
    tmp_path: Path, away: Away, server: PostgresServer
) -> None:
    database = server.new_database()
    from_away = database.replace("127.0.0.1", away.database) + "?" + NOTICED
    given = f'{{"database": "{from_away}", "host": "{away.host}", "allowed_hosts": "*"}}'
    serving = away.command(sys.executable, "-m", "tests.attacks.serving", str(tmp_path / "away"), given)
    with PassageIndex(tmp_path / "here", BagOfWordsEmbedder(), database=database) as here, running(serving) as (_, url):

        def put_in(text: str) -> httpx.Response:
            return httpx.post(f"{url}/v1/documents", json={"title": "a", "text": text}, timeout=LATER)

        stored = {put_in(f"Ferry {number}.").raise_for_status().json()["id"] for number in range(5)}
        with running(away.command(sys.executable, "-c", WRITES, from_away)) as (_, line):
            assert line == "writes"
            away.cut()
            # which has to wait until the one that is cut off has lost its turn
            stored.add(here.add(DocumentDraft("", "Ferry from here."))[0].id)
            for response in (
                put_in("Ferry nowhere."),
                httpx.get(f"{url}/v1/documents", timeout=LATER),
                httpx.post(f"{url}/v1/search", json={"query": "ferry"}, timeout=LATER),
                httpx.get(f"{url}/readyz", timeout=LATER),
            ):
                assert response.status_code == 503, response.text
                assert int(response.headers["retry-after"]) > 0
            stored.add(here.add(DocumentDraft("", "Ferry from here again."))[0].id)
            assert found(here) == [stored, stored]
            away.heal()
        for number in range(100):
            response = put_in(f"Ferry after {number}.")
            if response.is_success:
                stored.add(response.json()["id"])
                break
        assert found(here) == [stored, stored], "what was not acknowledged was not made"
        assert not here.shelves.collections()
        body = httpx.post(f"{url}/v1/search", json={"query": "ferry", "top_k": 20}, timeout=LATER).json()
        assert {passage["document_id"] for passage in body["passages"]} == stored

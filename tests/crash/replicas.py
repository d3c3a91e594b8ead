"""kill -9 of two servers over one PostgreSQL, in turn, while both are written to: is anything lost or half there?

    python -m tests.crash.replicas --trials 300

Both are the real `sourcespan serve` with the real models. In each trial a client of each adds, replaces and deletes
over HTTP until one server is killed at a random moment; the other must go on without a failed request. The killed one
is started again, and then both must list exactly the documents that may be there, find each of them by its words and
by its vectors, and none that went.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx

from tests.crash.commands import PATIENCE_SECONDS, address, bundled, change, running
from tests.crash.folder import Acknowledged, Lost
from tests.postgres.server import postgres_server

_MOST_SECONDS = 2
_LISTED_AT_ONCE = 100


class Replica:
    """A server that is killed and started again."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database
        self._stack = ExitStack()

    def start(self) -> None:
        """Returns when it is ready."""
        command = ["serve", "--port", "0", "--data", str(self._folder)]
        process, lines = self._stack.enter_context(running(command, self._database))
        self.kill_at_once = process.kill
        self.http = self._stack.enter_context(httpx.Client(base_url=address(lines), timeout=PATIENCE_SECONDS))

    def kill(self) -> None:
        """Returns when it is gone."""
        self._stack.close()


def trial(killed: Replica, other: Replica, stored: dict[str, str], draw: random.Random) -> tuple[dict[str, str], int]:
    """What is stored afterwards, by id, and how many changes were acknowledged. Raises Lost."""
    ids = sorted(stored)
    heard, of_other = (Acknowledged({each: stored[each] for each in ids[half::2]}) for half in range(2))
    seeds = draw.getrandbits(60), draw.getrandbits(60)
    is_killed = threading.Event()
    with ThreadPoolExecutor() as clients:
        of_killed = clients.submit(_until_killed, killed.http, heard, seeds[0])
        going_on = clients.submit(_until, is_killed, other.http, of_other, seeds[1])
        threading.Timer(draw.uniform(0, _MOST_SECONDS), killed.kill_at_once).start()
        of_killed.result()
        is_killed.set()
        going_on.result()
    killed.kill()
    killed.start()
    found = _documents(other.http)
    replace(heard, stored=heard.stored | of_other.stored).check(found)
    went = set(stored.values()) - set(found.values())
    for replica in (other, killed):
        if _documents(replica.http) != found:
            raise Lost("the two servers list different documents")
        _check_search(replica.http, found, went)
    return found, heard.finished + of_other.finished


def _until_killed(http: httpx.Client, heard: Acknowledged, seed: int) -> None:
    draw = random.Random(seed)
    try:
        while True:
            change(http, heard, draw)
    except httpx.TransportError:
        pass


def _until(ends: threading.Event, http: httpx.Client, heard: Acknowledged, seed: int) -> None:
    """At least one change is made after it."""
    draw = random.Random(seed)
    while not ends.is_set():
        change(http, heard, draw)
    change(http, heard, draw)


def _documents(http: httpx.Client) -> dict[str, str]:
    """The texts of all documents but the bundled one, by id."""
    listed: list[str] = []
    while True:
        page = http.get("/v1/documents", params={"limit": _LISTED_AT_ONCE, "offset": len(listed)}).raise_for_status()
        documents = [each["id"] for each in page.json()["documents"]]
        listed += documents
        if len(documents) < _LISTED_AT_ONCE:
            break
    texts = {each: http.get(f"/v1/documents/{each}/text").raise_for_status().text for each in listed}
    return {each: text for each, text in texts.items() if text != bundled()}


def _check_search(http: httpx.Client, found: dict[str, str], went: set[str]) -> None:
    """Each document is found by its name, and by meaning among itself alone, for all are alike."""
    for document_id, text in found.items():
        if _sources(http, _name(text), "lexical") != {document_id}:
            raise Lost(f"{document_id} is stored, and its words are not found")
        if _sources(http, text, "dense", [document_id]) != {document_id}:
            raise Lost(f"{document_id} is stored, and its vectors are not found")
    for text in went:
        if _sources(http, _name(text), "lexical"):
            raise Lost("a document that went is found")


def _name(text: str) -> str:
    return text.split()[2]


def _sources(http: httpx.Client, query: str, mode: str, among: list[str] | None = None) -> set[str]:
    asked = {"query": query[:200], "mode": mode, "top_k": 20, "document_ids": among}
    body = http.post("/v1/search", json=asked).raise_for_status().json()
    return {passage["document_id"] for passage in body["passages"]}


def main() -> None:
    """Runs the trials and prints how many servers were killed, and what had been acknowledged."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    stored: dict[str, str] = {}
    acknowledged = 0
    with tempfile.TemporaryDirectory(prefix="sourcespan-crash-") as folder, postgres_server() as server:
        database = server.new_database()
        replicas = [Replica(Path(folder) / name, database) for name in ("one", "two")]
        try:
            for replica in replicas:
                replica.start()
            for number in range(arguments.trials):
                stored, more = trial(replicas[number % 2], replicas[1 - number % 2], stored, draw)
                acknowledged += more
                print(f"\r{number + 1} of {arguments.trials} trials", end="", file=sys.stderr, flush=True)
        finally:
            for replica in replicas:
                replica.kill()
    print(
        f"\n{arguments.trials} servers killed, {acknowledged:,} changes acknowledged, nothing lost, nothing half there"
    )


if __name__ == "__main__":
    main()

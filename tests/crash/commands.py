"""kill -9 of the two commands that write, `sourcespan index` and `sourcespan serve`: is anything lost or half there?

    python -m tests.crash.commands --trials 300

The trials take turns between the commands and share one data directory. Each starts the real command with the real
models, kills it at a random moment after its first acknowledgement, and then compares the directory with what had been
acknowledged: by JSON lines on the terminal, or by HTTP responses. `sourcespan doctor`'s checks must find nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

import httpx

from index.interfaces import Embedder
from index.upkeep.doctor import examine
from rag.config import ModelConfig
from rag.engine import Sourcespan
from rag.models.loading import load_embedder
from tests.crash.folder import ALL, MOST_DOCUMENTS, Acknowledged, Lost

_PROGRAM = [str(Path(sys.executable).with_name("sourcespan"))]
_FILES = 30
PATIENCE_SECONDS = 120


def main() -> None:
    """Runs the trials and prints how many processes of each command were killed, and what had been acknowledged."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    embedder = load_embedder(ModelConfig())
    killed: Counter[str] = Counter()
    acknowledged: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="sourcespan-crash-") as folder:
        data = Path(folder) / "data"
        stored: dict[str, str] = {}
        for number in range(arguments.trials):
            command, trial = (("index", _index), ("serve", _serve))[number % 2]
            heard = trial(data, Path(folder), stored, draw)
            stored = check(data, embedder, heard)
            killed[command] += 1
            acknowledged[command] += heard.finished
            print(f"\r{killed.total()} of {arguments.trials} trials", end="", file=sys.stderr, flush=True)
    print()
    for command in killed:
        print(f"{killed[command]:6} × {command} killed, {acknowledged[command]:,} changes acknowledged before")
    print("nothing lost, nothing half there")


def check(data: Path, embedder: Embedder, heard: Acknowledged) -> dict[str, str]:
    """The documents in ``data``, by id. Raises Lost where they are none of what may be after ``heard``."""
    faults = [finding for finding in examine(data, embedder) if finding.severity == "fault"]
    if faults:
        raise Lost(f"the doctor finds: {faults}")
    index = Sourcespan.open(data, answers=False).index
    documents = index.documents(limit=ALL)
    texts = {document.id: index.with_text(document.id)[1] for document in documents}
    index._catalogue.close()  # no snapshot: the next process starts from what the killed ones left
    heard.check(texts)
    return texts


def _index(data: Path, folder: Path, stored: dict[str, str], draw: random.Random) -> Acknowledged:
    """Kills `sourcespan index` while it stores files, at a random one of its acknowledgements or shortly after."""
    texts = {f"{draw.getrandbits(60):x}.txt": _text(draw) for _ in range(_FILES)}
    files = folder / f"files-{draw.getrandbits(60):x}"
    files.mkdir()
    for name, text in texts.items():
        (files / name).write_text(text, encoding="utf-8")
    heard = Acknowledged(dict(stored), doing="index", adding=list(texts.values()))
    with running(["index", str(files), "--data", str(data), "--json"]) as (process, lines):
        timer = threading.Timer(draw.uniform(1, 4), process.kill)
        timer.start()
        for line in lines:
            outcome = json.loads(line)
            heard.hear(("stored", outcome["id"], texts[Path(outcome["path"]).name]))
            heard.finished += 1
        timer.cancel()
    return heard


def _serve(data: Path, folder: Path, stored: dict[str, str], draw: random.Random) -> Acknowledged:
    """Kills `sourcespan serve` while documents are added, replaced and deleted over HTTP."""
    heard = Acknowledged(dict(stored))
    with running(["serve", "--port", "0", "--data", str(data)]) as (process, lines):
        url = address(lines)
        timer = threading.Timer(draw.uniform(0, 2), process.kill)
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as http:
            timer.start()
            try:
                while True:
                    change(http, heard, draw)
            except httpx.HTTPError:
                pass  # it was killed
        timer.cancel()
    # the bundled article comes in at the first start of an empty directory
    heard.adding.append(bundled())
    return heard


def change(http: httpx.Client, heard: Acknowledged, draw: random.Random) -> None:
    """One change, noted before it is sent and once it is acknowledged."""
    ids = sorted(heard.stored)
    kind = "delete" if len(ids) > MOST_DOCUMENTS else draw.choice(("add", "add", "replace", "delete"))
    text = _text(draw)
    if kind == "add" or not ids:
        heard.hear(("begin", "add", [text]))
        response = http.post("/v1/documents", json={"title": "a", "text": text}).raise_for_status()
        heard.hear(("stored", response.json()["id"], text))
    elif kind == "replace":
        document_id = draw.choice(ids)
        heard.hear(("begin", "replace", document_id, text))
        http.put(f"/v1/documents/{document_id}", json={"title": "a", "text": text}).raise_for_status()
        heard.hear(("stored", document_id, text))
    else:
        document_id = draw.choice(ids)
        heard.hear(("begin", "delete", document_id))
        http.delete(f"/v1/documents/{document_id}").raise_for_status()
        heard.hear(("deleted", document_id))
    heard.hear(("done",))


@contextmanager
def running(arguments: list[str], database: str = "") -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    """A command in a process of its own and the lines of its output, which end when it has been killed."""
    environment = {**os.environ, "SOURCESPAN_RATE_LIMIT": "0", "SOURCESPAN_DATABASE": database}
    command = [*_PROGRAM, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, _lines(process.stdout)
        finally:
            process.kill()
    if process.returncode not in (0, -signal.SIGKILL):
        raise Lost(f"{arguments[0]} ended by itself, with exit code {process.returncode}")


def address(lines: Iterator[str]) -> str:
    """Where a server says that it is."""
    return next(match.group() for line in lines if (match := re.search(r"http://[\w.:]+", line)))


def _lines(stream: IO[str]) -> Iterator[str]:
    """Whole lines alone: what was cut by the kill was not acknowledged."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while (line := lines.get(timeout=PATIENCE_SECONDS)) is not None:
        if line.endswith("\n"):
            yield line


@cache
def bundled() -> str:
    """The text of the article that the first start of an empty index puts in."""
    from eval.suites.datasets import ARTICLE
    from index.parsing import parse_file

    return parse_file(ARTICLE).text


def _text(draw: random.Random) -> str:
    """Some to many sentences that no other text has."""
    name = f"{draw.getrandbits(60):x}"
    count = int(10 ** draw.uniform(0, 2))
    return " ".join(f"The story {name} says word {draw.randrange(1_000)} about a ferry." for _ in range(count))


if __name__ == "__main__":
    main()

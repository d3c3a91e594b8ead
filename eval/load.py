"""``sourcespan eval load``: many clients ask a running server at once, every answer checked against the stored text."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import httpx
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from eval.datasets import ARTICLE_QUESTIONS, read_questions

REFUSED = 503
BROKEN = 1

_MEMORY = "process_resident_memory_bytes"


@dataclass(slots=True)
class Tally:
    """What the clients of one round saw."""

    clients: int
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    """Of the questions that were answered, in seconds."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Of all requests; 0 where there was no response."""
    answers_checked: int = 0
    not_exact: int = 0
    memory_mb: float = 0.0
    """Of the server, at the end."""

    @property
    def errors(self) -> int:
        """Responses that are neither a success nor the intended refusal."""
        return sum(count for status, count in self.statuses.items() if status != REFUSED and not 200 <= status < 300)

    def as_dict(self) -> dict[str, Any]:
        """For JSON and for the table; latencies in milliseconds."""
        asked = self.latencies or [float("nan")]
        p50, p95, p99 = (round(float(ms), 1) for ms in np.percentile(np.array(asked) * 1e3, [50, 95, 99]))
        total = max(1, self.statuses.total())
        return {
            "clients": self.clients,
            "seconds": round(self.seconds, 1),
            "answered": len(self.latencies),
            "questions_per_second": round(len(self.latencies) / self.seconds, 2),
            "p50_ms": p50,
            "p95_ms": p95,
            "p99_ms": p99,
            "refused_503": self.statuses[REFUSED],
            "error_rate": round(self.errors / total, 4),
            "answers_checked": self.answers_checked,
            "not_exact": self.not_exact,
            "memory_mb": round(self.memory_mb, 1),
        }


class Texts:
    """The stored texts by their hash, fetched once."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def holds(self, http: httpx.AsyncClient, answer: dict[str, Any]) -> bool | None:
        """Whether the answer is exactly its span; None where its text cannot be had any more."""
        sha256 = answer["document"]["sha256"]
        if sha256 not in self.known:
            try:
                response = await http.get(f"/v1/documents/{answer['document']['id']}/text")
            except httpx.HTTPError:
                return None
            if response.headers.get("etag") != f'"{sha256}"':
                return None
            self.known[sha256] = response.content.decode()
        text: str = answer["text"]
        return self.known[sha256][answer["span"]["start"] : answer["span"]["end"]] == text


async def run_round(
    url: str, questions: list[str], *, clients: int, seconds: float, mixed: bool, key: str | None = None
) -> Tally:
    """``clients`` ask for so long, one question after the other each; ``mixed``: one more uploads and deletes."""
    tally, texts = Tally(clients), Texts()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    limits = httpx.Limits(max_connections=clients + 2)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120, limits=limits) as http:
        began = perf_counter()
        until = began + seconds
        # each client begins at another question
        asking = [_ask(http, questions[n:] + questions[:n], until, tally, texts) for n in range(clients)]
        changing = [_change(http, until, tally, texts)] if mixed else []
        await asyncio.gather(*asking, *changing)
        tally.seconds = perf_counter() - began
    # on a connection of its own: a server error closes the one it was on
    async with httpx.AsyncClient(base_url=url, headers=headers) as http:
        tally.memory_mb = _memory((await http.get("/metrics")).text) / 1e6
    return tally


async def _ask(http: httpx.AsyncClient, questions: Sequence[str], until: float, tally: Tally, texts: Texts) -> None:
    for question in itertools.cycle(questions):
        if perf_counter() >= until:
            return
        began = perf_counter()
        response = await _send(http, tally, "POST", "/v1/ask", {"question": question})
        if response is None:
            continue
        if response.status_code == REFUSED:
            await asyncio.sleep(float(response.headers["retry-after"]))
        elif response.is_success:
            tally.latencies.append(perf_counter() - began)
            await _check(http, response.json(), tally, texts)


async def _check(http: httpx.AsyncClient, body: dict[str, Any], tally: Tally, texts: Texts) -> None:
    for answer in (*body["answers"], *body["candidates"]):
        exact = await texts.holds(http, answer)
        tally.answers_checked += exact is not None
        tally.not_exact += exact is False


async def _change(http: httpx.AsyncClient, until: float, tally: Tally, texts: Texts) -> None:
    for n in itertools.count():
        if perf_counter() >= until:
            return
        text = (
            f"Bulletin {n}.\n\n" + f"The ferry number {n} leaves Pier {n % 9} at noon. It takes an hour. 👩‍👧\n\n" * 20
        )
        made = await _send(http, tally, "POST", "/v1/documents", {"title": f"Bulletin {n}", "text": text})
        if made is not None and made.is_success:
            texts.known[made.json()["sha256"]] = text
            await _send(http, tally, "DELETE", f"/v1/documents/{made.json()['id']}")


async def _send(
    http: httpx.AsyncClient, tally: Tally, method: str, path: str, body: dict[str, Any] | None = None
) -> httpx.Response | None:
    try:
        response = await http.request(method, path, json=body)
    except httpx.HTTPError:
        tally.statuses[0] += 1
        return None
    tally.statuses[response.status_code] += 1
    return response


def _memory(metrics: str) -> float:
    values = (line.rsplit(" ", 1)[1] for line in metrics.splitlines() if line.startswith(f"{_MEMORY} "))
    return float(next(values, "nan"))


def load(
    url: Annotated[str, typer.Option(help="Where the server is.")] = "http://127.0.0.1:8000",
    clients: Annotated[str, typer.Option(help="Rounds, each by its number of clients.")] = "1,8,32",
    seconds: Annotated[float, typer.Option(min=1, help="How long a round takes.")] = 30,
    mixed: Annotated[bool, typer.Option(help="One client more uploads and deletes documents meanwhile.")] = False,
    questions: Annotated[
        Path, typer.Option(help="JSON lines of questions.", show_default="the article's", exists=True, dir_okay=False)
    ] = ARTICLE_QUESTIONS,
    key: Annotated[str | None, typer.Option(help="API key.", envvar="SOURCESPAN_LOAD_KEY")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a running server with many clients: speed, errors, and whether every answer is exact.

    Exit code 1: there was an error other than the intended 503, or an answer that is not its span.
    """
    asked = [question.question for question in read_questions(questions)]
    rounds = [
        asyncio.run(run_round(url, asked, clients=int(count), seconds=seconds, mixed=mixed, key=key))
        for count in clients.split(",")
    ]
    rows = [tally.as_dict() for tally in rounds]
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        _show(rows)
    if any(tally.errors or tally.not_exact for tally in rounds):
        sys.exit(BROKEN)


def _show(rows: Sequence[dict[str, Any]]) -> None:
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)

"""``sourcespan eval load``: many clients ask a running server at once, every answer checked against the stored text."""

from __future__ import annotations

import asyncio
import json
import sys
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
from eval.load_clients import REFUSED, Clients, Seen

BROKEN = 1

_NOT_A_NUMBER = float("nan")


@dataclass(slots=True)
class Tally:
    """One round: how many clients for how long, and what they saw."""

    clients: int
    seconds: float = 0.0
    seen: Seen = field(default_factory=Seen)

    @property
    def errors(self) -> int:
        """Responses that are neither a success nor the intended refusal."""
        statuses = self.seen.statuses
        return sum(count for status, count in statuses.items() if status != REFUSED and not 200 <= status < 300)

    @property
    def questions_per_second(self) -> float:
        """Those that were answered."""
        return len(self.seen.latencies) / self.seconds

    def memory_mb(self) -> tuple[float, float, float]:
        """Of the server: at the start; in the second fifth of the round, when it is warm; in the last fifth.

        The latter two are medians: while it reads, a model holds some ten MB more than between two questions.
        """
        looks = np.array(self.seen.memory or [_NOT_A_NUMBER]) / 1e6
        fifth = max(1, len(looks) // 5)
        warm = looks[fifth : 2 * fifth] if len(looks) > fifth else looks
        return float(looks[0]), float(np.median(warm)), float(np.median(looks[-fifth:]))

    def as_dict(self) -> dict[str, Any]:
        """For JSON and for the table; latencies in milliseconds."""
        seen = self.seen
        asked = np.array(seen.latencies or [_NOT_A_NUMBER]) * 1e3
        p50, p95, p99 = (round(float(ms), 1) for ms in np.percentile(asked, [50, 95, 99]))
        start, warm, end = self.memory_mb()
        return {
            "clients": self.clients,
            "seconds": round(self.seconds, 1),
            "answered": len(seen.latencies),
            "questions_per_second": round(self.questions_per_second, 2),
            "p50_ms": p50,
            "p95_ms": p95,
            "p99_ms": p99,
            "refused_503": seen.statuses[REFUSED],
            "error_rate": round(self.errors / max(1, seen.statuses.total()), 4),
            "statuses": {str(status): count for status, count in sorted(seen.statuses.items())},
            "answers_checked": seen.answers_checked,
            "not_checked": seen.not_checked,
            "not_exact": seen.not_exact,
            "memory_start_mb": round(start, 1),
            "memory_warm_mb": round(warm, 1),
            "memory_end_mb": round(end, 1),
            "memory_growth_mb": round(end - warm, 1),
        }


async def run_round(
    url: str, questions: list[str], *, clients: int, seconds: float, mixed: bool, key: str | None = None
) -> Tally:
    """``clients`` ask for so long, one question after the other each; ``mixed``: one more changes the documents."""
    tally = Tally(clients)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    limits = httpx.Limits(max_connections=clients + 3)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120, limits=limits) as http:
        began = perf_counter()
        they = Clients(http, began + seconds, tally.seen)
        # each client begins at another question
        asking = [they.ask(questions[n % len(questions) :] + questions[: n % len(questions)]) for n in range(clients)]
        changing = [they.change()] if mixed else []
        await asyncio.gather(they.look_at_memory(), *asking, *changing)
        tally.seconds = perf_counter() - began
    return tally


def load(
    url: Annotated[str, typer.Option(help="Where the server is.")] = "http://127.0.0.1:8000",
    against: Annotated[
        str, typer.Option(help="Another server, asked in turn with the first: how many times faster is the first?")
    ] = "",
    clients: Annotated[str, typer.Option(help="Rounds, each by its number of clients.")] = "1,8,32",
    seconds: Annotated[float, typer.Option(min=1, help="How long a round takes.")] = 30,
    mixed: Annotated[
        bool, typer.Option(help="One client more adds, replaces and deletes documents meanwhile.")
    ] = False,
    questions: Annotated[
        Path, typer.Option(help="JSON lines of questions.", show_default="the article's", exists=True, dir_okay=False)
    ] = ARTICLE_QUESTIONS,
    key: Annotated[str | None, typer.Option(help="API key.", envvar="SOURCESPAN_LOAD_KEY")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a running server with many clients: speed, errors, memory, and whether every answer is exact.

    Exit code 1: there was an error other than the intended 503, or an answer that is not its span. Serve with
    SOURCESPAN_RATE_LIMIT=0. What batching gives: a server with SOURCESPAN_BATCH_QUESTIONS=1 as the other one.
    """
    asked = [question.question for question in read_questions(questions)]

    def one_round(server: str, count: int) -> Tally:
        return asyncio.run(run_round(server, asked, clients=count, seconds=seconds, mixed=mixed, key=key))

    rows: list[dict[str, Any]] = []
    broken = False
    for count in map(int, clients.split(",")):
        tallies = {server: one_round(server, count) for server in (url, against) if server}
        broken |= any(tally.errors or tally.seen.not_exact for tally in tallies.values())
        rows += [{"server": server, **tally.as_dict()} for server, tally in tallies.items()]
        if against:
            rows[-2]["times_faster"] = _times(tallies[url], tallies[against])
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        _show(rows)
    if broken:
        sys.exit(BROKEN)


def _times(one: Tally, other: Tally) -> float | None:
    """Questions a second over questions a second; None where the other answered none."""
    return round(one.questions_per_second / other.questions_per_second, 2) if other.seen.latencies else None


def _show(rows: Sequence[dict[str, Any]]) -> None:
    """A column for each round: there are more figures than a terminal is wide."""
    table = Table("", *(f"round {n}" for n in range(1, len(rows) + 1)), show_header=False)
    for name in rows[0]:
        table.add_row(name, *(str(row.get(name, "")) for row in rows))
    Console().print(table)

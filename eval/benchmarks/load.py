"""``sourcespan eval load``: many clients ask a server at once, every answer checked against the stored text."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import httpx
import numpy as np
import typer
from rich.table import Table

from eval.benchmarks.facts import Facts
from eval.benchmarks.load_clients import REFUSED, Clients, Seen
from eval.benchmarks.served import served
from eval.suites.datasets import ARTICLE_QUESTIONS, read_questions
from index.terminal import Console

BROKEN = 1

_NOT_A_NUMBER = float("nan")
# columns that say something only of two kinds of rounds
_OF_TWO = ("server", "faster", "slower")
# the most that a client may want, see docs/openapi.json
_GREEDY = {"top_k": 50, "n_best": 20}


@dataclass(slots=True)
class Tally:
    """One round: how many clients for how long, and what they saw."""

    clients: int
    seconds: float = 0.0
    seen: Seen = field(default_factory=Seen)
    of_greedy: Seen = field(default_factory=Seen)

    @property
    def statuses(self) -> Counter[int]:
        """Of all requests, those of the greedy ones too."""
        return self.seen.statuses + self.of_greedy.statuses

    @property
    def errors(self) -> int:
        """Responses that are neither a success nor the intended refusal."""
        statuses = self.statuses
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
        """For JSON; latencies in milliseconds."""
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
            "error_rate": round(self.errors / max(1, self.statuses.total()), 4),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "answers_checked": seen.answers_checked,
            "not_checked": seen.not_checked,
            "not_exact": seen.not_exact,
            "greedy_answered": len(self.of_greedy.latencies),
            "memory_start_mb": round(start, 1),
            "memory_warm_mb": round(warm, 1),
            "memory_end_mb": round(end, 1),
            "memory_growth_mb": round(end - warm, 1),
        }


async def run_round(
    url: str,
    questions: list[str],
    *,
    clients: int,
    seconds: float,
    mixed: bool,
    greedy: int = 0,
    key: str | None = None,
) -> Tally:
    """``clients`` ask for so long, one question after the other each; ``mixed``: one more changes the documents.

    So many ``greedy`` ones beside them want the most that may be wanted, which the tally keeps apart.
    """
    tally = Tally(clients)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    limits = httpx.Limits(max_connections=clients + greedy + 3)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120, limits=limits) as http:
        began = perf_counter()
        they = Clients(http, began + seconds, tally.seen)
        # each client begins at another question
        asking = [they.ask(questions[n % len(questions) :] + questions[: n % len(questions)]) for n in range(clients)]
        changing = [they.change()] if mixed else []
        wanting = Clients(http, began + seconds, tally.of_greedy)
        asking += [wanting.ask(questions[n % len(questions) :] + questions[:n], **_GREEDY) for n in range(greedy)]
        await asyncio.gather(they.look_at_memory(), *asking, *changing)
        tally.seconds = perf_counter() - began
    return tally


def load(
    url: Annotated[
        str, typer.Option(help="Where the server is.", show_default="one is started that holds our article")
    ] = "",
    against: Annotated[
        str, typer.Option(help="Another server, asked in turn with the first: how many times faster is the first?")
    ] = "",
    unbatched: Annotated[
        bool, typer.Option("--unbatched", help="Start one that reads each question by itself, as the other.")
    ] = False,
    greedy: Annotated[
        int, typer.Option(min=0, help="So many more that want 50 passages and 20 answers, every second round.")
    ] = 0,
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
    """Ask a server with many clients: speed, errors, memory, and whether every answer is exact.

    Exit code 1: there was an error other than the intended 503, or an answer that is not its span. A server of yours
    should have SOURCESPAN_RATE_LIMIT=0.
    """
    if unbatched and (url or against):
        raise typer.BadParameter("it compares two servers of our own: leave out --url and --against")
    if greedy and (unbatched or against):
        raise typer.BadParameter("--greedy compares rounds with one server: leave out --unbatched and --against")
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", clients):
        raise typer.BadParameter(f"--clients must be like 1,8,32, not {clients}")
    asked = [question.question for question in read_questions(questions)]
    counts = [int(count) for count in clients.split(",")]
    with ExitStack() as running:
        servers = {"first": url or running.enter_context(_started())}
        if against or unbatched:
            servers["against"] = against or running.enter_context(_started(SOURCESPAN_BATCH_QUESTIONS="1"))
        if greedy:
            servers["greedy"] = servers["first"]
            asyncio.run(_fill(servers["first"], key))
        status = running.enter_context(Console(stderr=True).status(""))

        def one_round(name: str, count: int) -> Tally:
            status.update(f"{count} clients ask {servers[name]} for {seconds:g} seconds")
            wanting = greedy if name == "greedy" else 0
            return asyncio.run(
                run_round(servers[name], asked, clients=count, seconds=seconds, mixed=mixed, greedy=wanting, key=key)
            )

        rounds = [{name: one_round(name, count) for name in servers} for count in counts]
    rows: list[dict[str, Any]] = []
    for tallies in rounds:
        rows += [{"server": servers[name], "kind": name, **tally.as_dict()} for name, tally in tallies.items()]
        if "against" in tallies:
            rows[-2]["times_faster"] = _times(tallies["first"], tallies["against"])
        if "greedy" in tallies:
            rows[-1]["times_slower"] = round(rows[-1]["p50_ms"] / rows[-2]["p50_ms"], 2)
    if as_json:
        print(json.dumps({**asdict(Facts.here()), "rounds": rows}, indent=2))
    else:
        _show(rows)
    if any(
        tally.errors or tally.seen.not_exact or tally.of_greedy.not_exact
        for tallies in rounds
        for tally in tallies.values()
    ):
        sys.exit(BROKEN)


@contextmanager
def _started(**settings: str) -> Iterator[str]:
    """The URL of a server of our own, whose index goes with it."""
    with (
        tempfile.TemporaryDirectory(prefix="sourcespan-load-") as data,
        served({**settings, "SOURCESPAN_DATA": data}) as url,
    ):
        yield url


async def _fill(url: str, key: str | None) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as http:
        await Clients(http, 0.0, Seen()).fill()


def _times(one: Tally, other: Tally) -> float | None:
    """Questions a second over questions a second; None where the other answered none."""
    return round(one.questions_per_second / other.questions_per_second, 2) if other.seen.latencies else None


def _show(rows: Sequence[dict[str, Any]]) -> None:
    """A row for each round; of its statuses and its seconds only JSON tells."""
    cells = [_cells(row) for row in rows]
    compared = len({row["kind"] for row in rows}) > 1
    heads = [head for head in cells[0] if head not in _OF_TWO or (compared and any(row[head] for row in cells))]
    table = Table(*heads, box=None, padding=(0, 1, 0, 0))
    for told in cells:
        table.add_row(*(told[head] for head in heads))
    Console().print(table)


def _cells(row: dict[str, Any]) -> dict[str, str]:
    return {
        "clients": str(row["clients"]),
        "server": {"first": "first", "against": "other", "greedy": "+ greedy"}[row["kind"]],
        "answers/s": f"{row['questions_per_second']:.1f}",
        "faster": str(row.get("times_faster") or ""),
        "slower": str(row.get("times_slower") or ""),
        "p50/p95/p99, ms": "/".join(f"{row[f'{percentile}_ms']:.0f}" for percentile in ("p50", "p95", "p99")),
        "503": str(row["refused_503"]),
        "errors": f"{row['error_rate']:.1%}",
        "not exact": f"{row['not_exact']} of {row['answers_checked']:,}",
        "MB": f"{row['memory_end_mb']:.0f} ({row['memory_growth_mb']:+.0f})",
    }

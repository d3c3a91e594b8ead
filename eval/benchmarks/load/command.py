"""``sourcespan eval load``."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from index.upkeep.terminal import Console

if TYPE_CHECKING:
    from eval.benchmarks.load.rounds import Tally

BROKEN = 1

# columns that say something only of two kinds of rounds
_OF_TWO = ("server", "faster", "slower")


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
        Path | None,
        typer.Option(help="JSON lines of questions.", show_default="the article's", exists=True, dir_okay=False),
    ] = None,
    key: Annotated[str | None, typer.Option(help="API key.", envvar="SOURCESPAN_LOAD_KEY")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a server with many clients: speed, errors, memory, and whether every answer is exact.

    Exit code 1: there was an error other than the intended 503, or an answer that is not its span. A server of yours
    should have SOURCESPAN_RATE_LIMIT=0.
    """
    from eval.benchmarks.facts import Facts
    from eval.benchmarks.load.rounds import fill, run_round
    from eval.suites.datasets import ARTICLE_QUESTIONS, read_questions

    if unbatched and (url or against):
        raise typer.BadParameter("it compares two servers of our own: leave out --url and --against")
    if greedy and (unbatched or against):
        raise typer.BadParameter("--greedy compares rounds with one server: leave out --unbatched and --against")
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", clients):
        raise typer.BadParameter(f"--clients must be like 1,8,32, not {clients}")
    asked = [question.question for question in read_questions(questions or ARTICLE_QUESTIONS)]
    counts = [int(count) for count in clients.split(",")]
    with ExitStack() as running:
        servers = {"first": url or running.enter_context(_started())}
        if against or unbatched:
            servers["against"] = against or running.enter_context(_started(SOURCESPAN_BATCH_QUESTIONS="1"))
        if greedy:
            servers["greedy"] = servers["first"]
            asyncio.run(fill(servers["first"], key))
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
    from eval.benchmarks.served import served

    with (
        tempfile.TemporaryDirectory(prefix="sourcespan-load-") as data,
        served({**settings, "SOURCESPAN_DATA": data}) as url,
    ):
        yield url


def _times(one: Tally, other: Tally) -> float | None:
    """Questions a second over questions a second; None where the other answered none."""
    return round(one.questions_per_second / other.questions_per_second, 2) if other.seen.latencies else None


def _show(rows: Sequence[dict[str, Any]]) -> None:
    """A row for each round; of its statuses and its seconds only JSON tells."""
    cells = [_cells(row) for row in rows]
    compared = len({row["kind"] for row in rows}) > 1
    heads = [head for head in cells[0] if head not in _OF_TWO or (compared and any(row[head] for row in cells))]
    table = Table(*heads, box=None, padding=(0, 1, 0, 0))
    for row_cells in cells:
        table.add_row(*(row_cells[head] for head in heads))
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

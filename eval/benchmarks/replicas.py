"""How many times more questions a second several replicas over one PostgreSQL answer than one; what each part costs.

    python -m eval.benchmarks.replicas postgresql://…

The database is to be an empty one on this machine. Each replica may use one processor, and as many clients ask each of
them directly. Rounds with one replica and with all take turns, so that what else the machine does meets both alike.
Clients and database need time of the same processors: ``ratio`` is what came of it, and ``ratio_of_own_time`` what it
would be if the replicas had theirs for themselves, as on machines of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import process_time

import httpx

from eval.benchmarks.facts import Facts
from eval.benchmarks.load import run_round
from eval.benchmarks.postgres_cost import PostgresCost
from eval.benchmarks.served import served
from eval.suites.datasets import ARTICLE_QUESTIONS, read_questions
from index.store.opening import at

_CPU = "process_cpu_seconds_total"


@dataclass(frozen=True, slots=True)
class Round:
    """What was asked of some replicas at once; processor time in milliseconds for each question."""

    replicas: int
    answered: int
    questions_per_second: float
    errors: int
    not_exact: int
    replica_ms: float
    database_ms: float
    client_ms: float
    busy: float
    """How much of the replicas' processors they used, 1: all of it."""


def main() -> None:
    """Prints every round and what comes of them, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--clients", type=int, default=4, help="of each replica")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    questions = [question.question for question in read_questions(ARTICLE_QUESTIONS)]
    database = at(arguments.database)
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="sourcespan-replicas-")))
        urls = [
            running.enter_context(
                served(
                    {"SOURCESPAN_DATABASE": arguments.database, "SOURCESPAN_DATA": str(folder / str(number))}, number
                )
            )
            for number in range(arguments.replicas)
        ]
        cost = PostgresCost(database)

        def one_round(asked: Sequence[str], seconds: float = arguments.seconds) -> Round:
            return asyncio.run(_round(asked, questions, arguments.clients, seconds, cost))

        one_round(urls, min(10, arguments.seconds))  # what is computed first pays for warming up
        rounds = [one_round(asked) for _ in range(arguments.rounds) for asked in (urls[:1], urls)]
    database.close()
    print(json.dumps({**asdict(Facts.here()), **summed_up(rounds), "rounds": [asdict(r) for r in rounds]}, indent=2))


def summed_up(rounds: Sequence[Round]) -> dict[str, float]:
    """The ratios of one replica to all, and how many replicas one processor of the database feeds."""
    most = max(r.replicas for r in rounds)
    one, several = ([r for r in rounds if r.replicas == count] for count in (1, most))
    speeds = [median(r.questions_per_second for r in of) for of in (one, several)]
    own = [median(r.questions_per_second / r.busy for r in of) for of in (one, several)]
    database_ms = median(r.database_ms for r in rounds)
    return {
        "replicas": most,
        "ratio": round(speeds[1] / speeds[0], 2),
        "ratio_of_own_time": round(own[1] / own[0], 2),
        "replica_ms": round(median(r.replica_ms for r in rounds), 2),
        "database_ms": round(database_ms, 2),
        "client_ms": round(median(r.client_ms for r in rounds), 2),
        "replicas_for_a_processor_of_the_database": round(1e3 / database_ms / own[0], 1),
    }


async def _round(urls: Sequence[str], questions: list[str], clients: int, seconds: float, cost: PostgresCost) -> Round:
    async with httpx.AsyncClient() as http:
        before = [await _cpu_seconds(http, url) for url in urls]
        of_database, of_client = cost.cpu_seconds(), process_time()
        tallies = await asyncio.gather(
            *(run_round(url, questions, clients=clients, seconds=seconds, mixed=False) for url in urls)
        )
        client, database = process_time() - of_client, cost.cpu_seconds() - of_database
        replicas = sum([await _cpu_seconds(http, url) for url in urls]) - sum(before)
    answered = sum(len(tally.seen.latencies) for tally in tallies)
    took = max(tally.seconds for tally in tallies)
    return Round(
        len(urls),
        answered,
        answered / took,
        sum(tally.errors for tally in tallies),
        sum(tally.seen.not_exact for tally in tallies),
        replicas * 1e3 / answered,
        database * 1e3 / answered,
        client * 1e3 / answered,
        replicas / took / len(urls),
    )


async def _cpu_seconds(http: httpx.AsyncClient, url: str) -> float:
    metrics = (await http.get(f"{url}/metrics")).text
    return next(float(line.split()[1]) for line in metrics.splitlines() if line.startswith(f"{_CPU} "))


if __name__ == "__main__":
    main()

"""How many times more questions a second several replicas over one PostgreSQL answer than one; what each part costs.

    python -m eval.benchmarks.replicas postgresql://…

The database is to be an empty one on this machine. Each replica may use one processor, and as many clients ask each of
them directly. Rounds with one replica and with all take turns, so that what else the machine does meets both alike.
Clients and database need time of the same processors: ``ratio`` is what came of it, and ``ratio_of_own_time`` what it
would be if the replicas had theirs for themselves, as on machines of their own.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import httpx

from eval.benchmarks.facts import Facts
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
    asked = [json.dumps({"question": each.question}).encode() for each in read_questions(ARTICLE_QUESTIONS)]
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

        def one_round(urls: Sequence[str], seconds: float = arguments.seconds) -> Round:
            return _round(urls, asked, arguments.clients, seconds, cost)

        one_round(urls, min(10, arguments.seconds))  # what is computed first pays for warming up
        rounds = [one_round(some) for _ in range(arguments.rounds) for some in (urls[:1], urls)]
    database.close()
    print(json.dumps({**asdict(Facts.here()), **summed_up(rounds), "rounds": [asdict(r) for r in rounds]}, indent=2))


def summed_up(rounds: Sequence[Round]) -> dict[str, float]:
    """The ratios of one replica to all, and how many replicas one processor of the database feeds."""
    most = max(r.replicas for r in rounds)
    one, several = ([r for r in rounds if r.replicas == count] for count in (1, most))
    speeds = [median(r.questions_per_second for r in chosen) for chosen in (one, several)]
    own = [median(r.questions_per_second / r.busy for r in chosen) for chosen in (one, several)]
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


def _round(urls: Sequence[str], asked: Sequence[bytes], clients: int, seconds: float, cost: PostgresCost) -> Round:
    before, database_before, client_before = sum(map(_cpu_seconds, urls)), cost.cpu_seconds(), process_time()
    began = perf_counter()
    # each begins at another question
    each = [(url, [*asked[number:], *asked[:number]], began + seconds) for url in urls for number in range(clients)]
    with ThreadPoolExecutor(len(each)) as threads:
        counted = list(threads.map(_ask, *zip(*each, strict=True)))
    took, client = perf_counter() - began, process_time() - client_before
    database, replicas = cost.cpu_seconds() - database_before, sum(map(_cpu_seconds, urls)) - before
    answered = sum(count for count, _ in counted)
    return Round(
        len(urls),
        answered,
        answered / took,
        sum(errors for _, errors in counted),
        replicas * 1e3 / answered,
        database * 1e3 / answered,
        client * 1e3 / answered,
        replicas / took / len(urls),
    )


def _ask(url: str, asked: Sequence[bytes], until: float) -> tuple[int, int]:
    """Asks one question after the other: how many answers there were, and how many errors.

    Without the checks of `sourcespan eval load`, which take as long as the database.
    """
    answered = errors = 0
    with closing(HTTPConnection(url.removeprefix("http://").rstrip("/"), timeout=120)) as connection:
        for body in cycle(asked):
            if perf_counter() >= until:
                break
            connection.request("POST", "/v1/ask", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            answered += response.status == HTTPStatus.OK
            errors += response.status != HTTPStatus.OK
    return answered, errors


def _cpu_seconds(url: str) -> float:
    metrics = httpx.get(f"{url}/metrics").text
    return next(float(line.split()[1]) for line in metrics.splitlines() if line.startswith(f"{_CPU} "))


if __name__ == "__main__":
    main()

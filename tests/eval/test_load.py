"""The load test itself: it counts what it sees and notices what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from eval.load import Tally, Texts, run_round
from tests.conftest import Server
from tests.fakes import FailingReader

QUESTIONS = ["When? «noon»", "Who? «ferry»", "guess?"]


def one_round(server: Server, questions: list[str], *, mixed: bool = False) -> Tally:
    return asyncio.run(run_round(server.url, questions, clients=3, seconds=1, mixed=mixed))


def test_a_round_counts_questions_and_checks_every_answer(server: Server) -> None:
    server.add("a", "The ferry 👩‍👧 leaves at noon.")
    tally = one_round(server, QUESTIONS, mixed=True)
    told = tally.as_dict()
    assert told["answered"] >= 3
    assert tally.answers_checked >= told["answered"]
    assert (tally.not_exact, tally.errors, told["error_rate"]) == (0, 0, 0)
    assert set(tally.statuses) == {200, 201, 204}
    assert told["p50_ms"] <= told["p95_ms"] <= told["p99_ms"]
    assert told["memory_mb"] > 1


def test_errors_are_seen(start_server: Callable[..., Server]) -> None:
    server = start_server(reader=FailingReader())
    server.add("a", "The ferry leaves at noon.")
    tally = one_round(server, ["break"])
    assert tally.errors >= tally.statuses[500] > 0
    assert tally.as_dict()["error_rate"] == 1


def test_an_answer_that_is_not_its_span_is_seen() -> None:
    texts = Texts()
    texts.known["x"] = "The ferry."
    answer = {"text": "ferry", "span": {"start": 4, "end": 9}, "document": {"id": "1", "sha256": "x"}}

    async def check() -> list[bool | None]:
        http = None
        wrong = {**answer, "span": {"start": 3, "end": 9}}
        return [await texts.holds(http, answer), await texts.holds(http, wrong)]  # type: ignore[arg-type]

    assert asyncio.run(check()) == [True, False]

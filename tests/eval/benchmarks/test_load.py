"""The load test itself: it counts what it sees and notices what is wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import httpx
import pytest
from typer.testing import CliRunner

from api.cli import app
from eval.benchmarks.load.clients import Clients, Seen, Texts, seconds_to_wait
from eval.benchmarks.load.rounds import Tally, run_round
from eval.errors import ServerUnusable
from tests.conftest import Server
from tests.fakes import FailingReader

QUESTIONS = ["When? «noon»", "Who? «ferry»", "guess?"]


def one_round(server: Server, questions: list[str], *, mixed: bool = False) -> Tally:
    return asyncio.run(run_round(server.url, questions, clients=3, seconds=1, mixed=mixed))


def test_a_round_counts_questions_and_checks_every_answer(start_server: Callable[..., Server]) -> None:
    server = start_server(rate_limit=0)
    server.add("a", "The ferry 👩‍👧 leaves at noon.")
    told = one_round(server, QUESTIONS).as_dict()
    assert told["answers_checked"] >= told["answered"] >= 3
    assert (told["not_checked"], told["not_exact"], told["error_rate"]) == (0, 0, 0)


def test_answers_are_exact_while_documents_come_and_go(start_server: Callable[..., Server]) -> None:
    server = start_server(rate_limit=0)
    server.add("a", "The ferry 👩‍👧 leaves at noon.")
    tally = one_round(server, QUESTIONS, mixed=True)
    told = tally.as_dict()
    assert told["answers_checked"] >= told["answered"] >= 3
    assert (told["not_checked"], told["not_exact"], tally.errors, told["error_rate"]) == (0, 0, 0, 0)
    assert set(tally.seen.statuses) == {200, 201, 204}
    assert told["p50_ms"] <= told["p95_ms"] <= told["p99_ms"]
    assert told["memory_start_mb"] > 1
    assert httpx.get(f"{server.url}/v1/documents").json()["total"] == 1, "what the round brought is gone again"


def test_errors_are_seen(start_server: Callable[..., Server]) -> None:
    server = start_server(reader=FailingReader(), rate_limit=0)
    server.add("a", "The ferry leaves at noon.")
    tally = one_round(server, ["break"])
    assert tally.errors == tally.seen.statuses[500] > 0
    assert tally.as_dict()["error_rate"] == 1


def test_growth_is_counted_from_when_the_server_is_warm() -> None:
    looks = [100.0, 300.0, 500.0, 520.0, 510.0, 530.0, 600.0, 590.0, 560.0, 540.0]
    tally = Tally(1, 10, Seen(memory=[look * 1e6 for look in looks]))
    assert tally.memory_mb() == (100, 510, 550)
    assert tally.as_dict()["memory_growth_mb"] == 40


def test_an_answer_that_is_not_its_span_is_seen() -> None:
    texts = Texts()
    texts.known["x"] = "The ferry."
    answer = {"text": "ferry", "span": {"start": 4, "end": 9}, "document": {"id": "1", "sha256": "x"}}

    async def check() -> list[bool | None]:
        http = None
        wrong = {**answer, "span": {"start": 3, "end": 9}}
        return [await texts.holds(http, answer), await texts.holds(http, wrong)]  # type: ignore[arg-type]

    assert asyncio.run(check()) == [True, False]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "7"}, 7),
        ({}, 1),
        ({"Retry-After": ""}, 1),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1),
        ({"Retry-After": "-3"}, 1),
        ({"Retry-After": "²"}, 1),
    ],
)
def test_a_refusal_says_how_long_to_wait_or_not(header: dict[str, str], seconds: float) -> None:
    raw = [(name.encode(), value.encode()) for name, value in header.items()]
    assert seconds_to_wait(httpx.Response(503, headers=raw)) == seconds


def test_refusals_that_do_not_say_when_to_come_back_are_counted() -> None:
    async def one_client() -> Seen:
        refusing = httpx.MockTransport(lambda _: httpx.Response(503))
        async with httpx.AsyncClient(transport=refusing, base_url="http://test") as http:
            clients = Clients(http, perf_counter() + 0.01, Seen())
            await clients.ask(QUESTIONS)
            return clients.seen

    seen = asyncio.run(one_client())
    assert seen.statuses[503] >= 1
    assert seen.latencies == []


@pytest.mark.parametrize("as_json", [True, False])
def test_two_servers_are_compared(start_server: Callable[..., Server], tmp_path: Path, as_json: bool) -> None:
    servers = [start_server(rate_limit=0), start_server(rate_limit=0, batch_questions=1)]
    for server in servers:
        server.add("a", "The ferry leaves at noon.")
    questions = tmp_path / "questions.jsonl"
    questions.write_text(
        json.dumps(
            {"id": "1", "question": "When? «noon»", "kind": "when", "difficulty": "same words", "answers": ["noon"]}
        )
    )
    command = ["eval", "load", "--url", servers[0].url, "--against", servers[1].url, "--clients", "2", "--seconds", "1"]
    ran = CliRunner().invoke(app, [*command, "--questions", str(questions), *["--json"] * as_json])
    assert ran.exit_code == 0, ran.output
    if as_json:
        told = json.loads(ran.stdout)
        assert {"machine", "commit", "versions"} < set(told)
        rows = told["rounds"]
        assert [row["server"] for row in rows] == [server.url for server in servers]
        rates = [row["questions_per_second"] for row in rows]
        assert rows[0]["times_faster"] == pytest.approx(rates[0] / rates[1], rel=0.05)
    else:
        first, other = ran.stdout.splitlines()[-2:]
        assert first.split()[:2] == ["2", "first"]
        assert other.split()[:2] == ["2", "other"]
        assert " 0 of " in first


@pytest.mark.parametrize("as_json", [True, False])
def test_rounds_with_and_without_greedy_clients_are_compared(
    start_server: Callable[..., Server], tmp_path: Path, as_json: bool
) -> None:
    server = start_server(rate_limit=0)
    server.add("a", "The ferry leaves at noon.")
    questions = tmp_path / "questions.jsonl"
    question = {"id": "1", "question": "When? «noon»", "kind": "when", "difficulty": "same words", "answers": ["noon"]}
    questions.write_text(json.dumps(question))
    command = ["eval", "load", "--url", server.url, "--greedy", "2", "--clients", "2", "--seconds", "1"]
    ran = CliRunner().invoke(app, [*command, "--questions", str(questions), *["--json"] * as_json])
    assert ran.exit_code == 0, ran.output
    assert httpx.get(f"{server.url}/v1/documents").json()["total"] > 50, "there is something to be greedy for"
    if as_json:
        without, beside = json.loads(ran.stdout)["rounds"]
        assert (without["greedy_answered"], beside["kind"]) == (0, "greedy")
        assert beside["greedy_answered"] > 0
        assert beside["times_slower"] == pytest.approx(beside["p50_ms"] / without["p50_ms"], rel=0.05, abs=0.01)
    else:
        assert "slower" in ran.stdout
        assert "+ greedy" in ran.stdout.splitlines()[-1]


@pytest.mark.model
def test_without_a_server_one_is_started_and_another_that_does_not_batch() -> None:
    command = ["eval", "load", "--unbatched", "--clients", "2", "--seconds", "1", "--json"]
    ran = CliRunner().invoke(app, command)
    assert ran.exit_code == 0, ran.output
    one, other = json.loads(ran.stdout)["rounds"]
    assert one["server"] != other["server"]
    assert min(one["answered"], other["answered"]) > 0
    assert one["not_exact"] == other["not_exact"] == 0
    for server in (one["server"], other["server"]):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server}/v1/health")


def test_a_server_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCESPAN_READER", "no-such-reader")
    ran = CliRunner().invoke(app, ["eval", "load", "--seconds", "1"])
    assert isinstance(ran.exception, ServerUnusable)
    assert "no-such-reader" in str(ran.exception), "the reason is told"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["--unbatched", "--url", "http://127.0.0.1:1"], "two servers of our own"),
        (["--unbatched", "--against", "http://127.0.0.1:1"], "two servers of our own"),
        (["--greedy", "1", "--unbatched"], "with one server"),
        (["--clients", "1,many"], "1,many"),
        (["--clients", "0"], "must be like"),
    ],
)
def test_what_makes_no_round_is_refused_before_any_server_is_asked(wrong: list[str], says: str) -> None:
    ran = CliRunner().invoke(app, ["eval", "load", *wrong])
    assert ran.exit_code == 2
    assert says in ran.stderr

"""Who asks for much, or often, or over many connections does not make the others wait for it."""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.keys import hash_of
from api.middleware.metrics import Metrics
from api.middleware.rate import RateLimit
from api.serving import readiness
from api.serving.batching import Batcher
from api.serving.fairness import FairQueue, QueueFull, weight
from index.errors import Overloaded, QuestionError, RateLimited
from rag.answers import Result, Timings
from rag.config import MAX_N_BEST, MAX_TOP_K
from rag.interfaces import PassageSpan, Reading
from rag.questions import Question
from tests.api.helpers import assert_exact, assert_problem, metric, until
from tests.conftest import Server, fake_answerer
from tests.fakes import HeldReader, QuotingReader

GREEDY = {"top_k": MAX_TOP_K, "n_best": MAX_N_BEST}
DEFAULT_TOP_K = 5


class NotingReader(HeldReader):
    """Notes how many passages of which questions it is given at once."""

    def __init__(self) -> None:
        super().__init__()
        self.slices: list[dict[str, int]] = []

    def read_many(self, readings: Sequence[Reading]) -> Iterator[list[tuple[int, PassageSpan]]]:
        self.slices.append({reading.question: len(reading.passages) for reading in readings})
        yield from super().read_many(readings)


@pytest.fixture
def reader() -> Iterator[NotingReader]:
    held = NotingReader()
    yield held
    held.go.set()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as threads:
        yield threads


Ask = Callable[..., Future[httpx.Response]]


@pytest.fixture
def ask(pool: ThreadPoolExecutor) -> Ask:
    def asking(server: Server, question: str, *, key: str = "", **wanted: object) -> Future[httpx.Response]:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        sent = {"question": question, **wanted}
        return pool.submit(httpx.post, f"{server.url}/v1/ask", json=sent, headers=headers, timeout=60)

    return asking


def occupied(start_server: Callable[..., Server], reader: NotingReader, ask: Ask, **given: object) -> Server:
    """A server with sixty passages, whose reader is busy with a first question."""
    server = start_server(reader=reader, **given)
    server.add("words", "\n\n".join(f"The {number} ferry leaves. " + "It rains. " * 12 for number in range(60)))
    ask(server, "first")
    assert reader.entered.wait(60)
    return server


def waiting(server: Server, count: int) -> None:
    until(lambda: metric(server, "sourcespan_queue_depth") == count)


def test_a_long_question_is_read_in_slices_between_which_others_are_answered(
    start_server: Callable[..., Server], reader: NotingReader, ask: Ask
) -> None:
    server = occupied(start_server, reader, ask, batch_questions=2)
    greedy = [ask(server, f"«{word}» long?", **GREEDY) for word in ("ferry", "leaves")]
    waiting(server, 2)
    ordinary = [ask(server, f"«rains» {n}?") for n in range(6)]
    waiting(server, 8)
    reader.go.set()
    for answer in (*greedy, *ordinary):
        assert_exact(server, answer.result().json()["answers"][0])
    turns = [turn for turn in reader.slices if "first" not in turn]
    of_long = [any("long" in question for question in turn) for turn in turns]
    passages = [sum(turn.values()) for turn in turns]
    assert all(len(turn) == 1 and n <= 2 for turn, long, n in zip(turns, of_long, passages, strict=True) if long)
    last_ordinary = max(at for at, long in enumerate(of_long) if not long)
    read_of_long = sum(n for n, long in zip(passages[:last_ordinary], of_long, strict=False) if long)
    read_of_ordinary = sum(n for n, long in zip(passages, of_long, strict=True) if not long)
    assert read_of_long > 0, "long questions are not put off until nobody else asks"
    assert read_of_long <= read_of_ordinary / 2 + 2
    assert sum(passages) == 2 * MAX_TOP_K + read_of_ordinary


def test_a_question_in_slices_is_answered_as_at_once(start_server: Callable[..., Server]) -> None:
    server = start_server()
    server.add("words", "\n\n".join(f"The {number} ferry leaves at noon. " + "It rains. " * 12 for number in range(60)))
    answerer = fake_answerer(server.index)
    for question in ("«ferry leaves at noon»?", "guess?", "«nothing»?"):
        body = httpx.post(f"{server.url}/v1/ask", json={"question": question, **GREEDY}).json()
        alone = answerer.ask(question, top_k=MAX_TOP_K, n_best=MAX_N_BEST)
        assert [(a["text"], a["span"]["start"]) for a in body["answers"]] == [
            (a.text, a.span.start) for a in alone.answers
        ]
        assert body["passages_read"] == alone.passages_read


def test_a_client_that_queues_many_questions_gets_no_more_than_its_share(
    start_server: Callable[..., Server], reader: NotingReader, ask: Ask
) -> None:
    keys = ",".join(f"write:{hash_of(key)}" for key in ("many", "few"))
    server = start_server(reader=reader, api_keys=keys, batch_questions=2)
    headers = {"Authorization": "Bearer many"}
    httpx.post(f"{server.url}/v1/documents", json={"title": "a", "text": "The ferry leaves."}, headers=headers)
    ask(server, "first", key="many")
    assert reader.entered.wait(60)
    answers = [ask(server, f"«ferry» {n}?", key="many") for n in range(8)]

    def depth() -> float:
        told = httpx.get(f"{server.url}/metrics", headers=headers).text.splitlines()
        return float(next(line for line in told if line.startswith("sourcespan_queue_depth ")).split()[-1])

    until(lambda: depth() == 8)
    answers += [ask(server, f"«leaves» {n}?", key="few") for n in range(2)]
    until(lambda: depth() == 10)
    reader.go.set()
    assert all(answer.result().is_success for answer in answers)
    turns = [Counter("leaves" in question for question in batch) for batch in reader.batches[1:]]
    assert [turn[True] for turn in turns[:2]] == [1, 1], "who came last waits for one turn of the other's eight"


def test_long_questions_keep_no_ordinary_one_out(
    start_server: Callable[..., Server], reader: NotingReader, ask: Ask
) -> None:
    server = occupied(start_server, reader, ask, max_waiting=20, batch_questions=1)
    # together they may wait to read twenty times five passages: two wait, one more than is being read by turns
    answers = [ask(server, f"«ferry» {n}?", **GREEDY) for n in range(2)]
    waiting(server, 2)
    refused = httpx.post(f"{server.url}/v1/ask", json={"question": "one more", **GREEDY})
    assert_problem(refused, 503, "2 others are waiting")
    assert int(refused.headers["retry-after"]) >= 2
    answers += [ask(server, "«ferry»?")]
    waiting(server, 3)
    reader.go.set()
    assert all(answer.result().is_success for answer in answers)


@pytest.mark.parametrize("stream", [False, True])
def test_the_rate_counts_what_a_question_may_read(start_server: Callable[..., Server], stream: bool) -> None:
    server = start_server(rate_limit=20)
    headers = {"Accept": "text/event-stream"} if stream else {}

    def asked(**wanted: object) -> httpx.Response:
        sent = {"question": "«a»?", **wanted}
        return httpx.post(f"{server.url}/v1/ask", json=sent, headers=headers)

    assert [asked(**GREEDY).status_code for _ in range(2)] == [200, 200], "ten calls each"
    refused = asked()
    assert_problem(refused, 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert httpx.get(f"{server.url}/healthz").is_success


def test_a_long_question_over_mcp_counts_as_much(start_server: Callable[..., Server]) -> None:
    server = start_server(rate_limit=20)
    call = {"name": "ask", "arguments": {"question": "«a»?", "top_k": MAX_TOP_K}}
    for expected in (200, 200, 429):
        response = httpx.post(
            f"{server.url}/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call},
            headers={"Accept": "application/json, text/event-stream"},
        )
        assert response.status_code == expected


@given(
    per_minute=st.integers(1, 100),
    calls=st.lists(st.tuples(st.floats(0, 30), st.floats(0, 40)), min_size=1, max_size=100),
)
def test_no_client_gets_more_than_its_rate_and_one_question(per_minute: int, calls: list[tuple[float, float]]) -> None:
    now = 0.0
    limit = RateLimit(per_minute, clock=lambda: now)
    had = 0.0
    for gap, more in calls:
        now += gap
        if limit.wait("a") == 0:
            had += 1
            had += more if limit.wait_for_more("a", more) == 0 else 0
    assert had <= per_minute + now * per_minute / 60 + 40 + 1e-6


def test_readiness_is_told_while_questions_are_read(
    start_server: Callable[..., Server], reader: NotingReader, ask: Ask
) -> None:
    reader.go.set()
    server = start_server(reader=reader)
    server.add("a", "The ferry leaves Pier 9 at noon.")
    assert ask(server, "«ferry»?").result().is_success
    reader.go.clear()
    reader.entered.clear()
    answers = [ask(server, f"«ferry» {n}?", **GREEDY) for n in range(6)]
    assert reader.entered.wait(60)
    assert [httpx.get(f"{server.url}/readyz").status_code for _ in range(20)] == [200] * 20
    reader.go.set()
    assert all(answer.result().is_success for answer in answers)


def test_a_reader_that_hangs_is_told_in_time_and_tested_once(
    start_server: Callable[..., Server],
    reader: NotingReader,
    ask: Ask,
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "TOLD_WITHIN", 0.05)
    server = occupied(start_server, reader, ask)
    ready = [pool.submit(httpx.get, f"{server.url}/readyz", timeout=60) for _ in range(10)]
    for response in ready:
        assert_problem(response.result(), 503, "self-test")
    assert httpx.get(f"{server.url}/healthz").is_success
    answer = ask(server, "«ferry»?")
    waiting(server, 1)
    reader.go.set()
    assert answer.result().is_success
    until(lambda: httpx.get(f"{server.url}/readyz").is_success)
    tests = [batch for batch in reader.batches if batch == ["«blue»?"]]
    assert len(tests) == 1
    assert reader.batches.index(tests[0]) == 1, "before the question that waited"


def test_a_reader_that_fails_is_not_ready_however_fresh_its_last_answer(start_server: Callable[..., Server]) -> None:
    class Breaking(QuotingReader):
        broken = False

        def read_many(self, readings: Sequence[Reading]) -> Iterator[list[tuple[int, PassageSpan]]]:
            if self.broken:
                raise RuntimeError("broken")
            yield from super().read_many(readings)

    reader = Breaking()
    server = start_server(reader=reader)
    server.add("a", "The ferry leaves.")
    assert httpx.post(f"{server.url}/v1/ask", json={"question": "«ferry»?"}).is_success
    assert httpx.get(f"{server.url}/readyz").is_success
    reader.broken = True
    assert httpx.post(f"{server.url}/v1/ask", json={"question": "«ferry»?"}).status_code == 500
    assert_problem(httpx.get(f"{server.url}/readyz"), 503, "self-test")


class Reckoner:
    """Answers nothing, but reckons the time: a passage takes a second, and an ordinary question reads three."""

    def __init__(self) -> None:
        self.now = 0.0
        self.for_long = 0.0

    def ask_many(self, questions: Sequence[Question]) -> list[Result | QuestionError]:
        self.now += 3 * len(questions)
        return [self._result(question, 3) for question in questions]

    def ask_in_slices(
        self, questions: Sequence[Question], passages: int
    ) -> Generator[int, None, list[Result | QuestionError]]:
        (question,) = questions
        left = question.top_k or DEFAULT_TOP_K
        while left > 0:
            step = min(left, passages)
            self.now += step * weight(question)
            self.for_long += step * weight(question)
            left -= step
            yield step
        return [self._result(question, question.top_k or DEFAULT_TOP_K)]

    def _result(self, question: Question, passages_read: int) -> Result:
        return Result(
            question=question.text,
            status="not_found",
            answerable=0.0,
            answers=(),
            candidates=(),
            passages=(),
            passages_read=passages_read,
            timings=Timings(0, 0, 0, 0),
        )


async def reckoned(ordinary: int, greedy: int, question: Question, rounds: int = 30) -> tuple[float, float]:
    """The median time that an ordinary question takes beside others, and how long those are read meanwhile."""
    reckoner = Reckoner()
    taken: list[float] = []

    async def ask_on(batcher: Batcher) -> None:
        for _ in range(rounds):
            began = reckoner.now
            await batcher.submit(Question("short?"))
            taken.append(reckoner.now - began)

    async def ask_much(batcher: Batcher) -> None:
        while True:
            try:
                await batcher.submit(question)
            except Overloaded:
                await asyncio.sleep(0)

    async with Batcher(reckoner, Metrics(), default_top_k=DEFAULT_TOP_K, most_together=8, most_waiting=64) as batcher:
        asking = [asyncio.create_task(ask_on(batcher)) for _ in range(ordinary)]
        others = [asyncio.create_task(ask_much(batcher)) for _ in range(greedy)]
        await asyncio.gather(*asking)
        for other in others:
            other.cancel()
    return statistics.median(taken), reckoner.for_long


@pytest.mark.parametrize("ordinary", [1, 2, 8, 20])
@pytest.mark.parametrize("greedy", [1, 2, 20])
@pytest.mark.parametrize("text", ["short?", "a " * 400], ids=["short", "long"])
def test_however_many_want_much_the_others_wait_no_more_than_twice_as_long(
    ordinary: int, greedy: int, text: str
) -> None:
    question = Question(text, top_k=MAX_TOP_K, n_best=MAX_N_BEST)
    alone, _ = asyncio.run(reckoned(ordinary, 0, question))
    beside, for_long = asyncio.run(reckoned(ordinary, greedy, question))
    assert beside <= max(2 * alone, alone + max(2, weight(question)))
    due = ordinary * 30 * 3 * min(1 / 2, greedy / ordinary)
    assert for_long >= due / 2, "they get their turns too"


CLIENTS = st.sampled_from("abcd")


@given(st.lists(st.one_of(st.none(), st.tuples(CLIENTS, st.integers(1, 50))), max_size=60))
def test_no_client_is_overtaken_by_more_than_its_own_cost_and_one_question(
    steps: list[tuple[str, int] | None],
) -> None:
    """None takes the next; else a client puts in a question of that cost."""
    queue: FairQueue[object] = FairQueue(most=1_000, most_cost=1e9)
    # of each that waits: client, what others were served since, and by how much they may overtake it
    waits: dict[object, tuple[str, dict[str, int], int]] = {}
    costs: dict[object, int] = {}
    largest: dict[str, int] = defaultdict(int)

    def take() -> None:
        taken = queue.take()
        client, overtaken, due = waits.pop(taken)
        for other, served in overtaken.items():
            assert served <= due + largest[other]
        for other_client, others_served, _ in waits.values():
            if other_client != client:
                others_served[client] += costs[taken]

    for step in steps:
        if step is None:
            if len(queue):
                take()
            continue
        client, price = step
        item = object()
        due = price + sum(costs[other] for other, (owner, *_) in waits.items() if owner == client)
        waits[item], costs[item] = (client, defaultdict(int), due), price
        largest[client] = max(largest[client], price)
        assert queue.put(item, client, price) == []
    while len(queue):
        take()
    assert not waits


@given(
    st.lists(st.tuples(CLIENTS, st.integers(1, 50)), max_size=40),
    st.integers(1, 8),
    st.integers(1, 100),
    st.data(),
)
def test_a_queue_is_bounded_by_number_and_cost_and_keeps_those_who_want_least(
    puts: list[tuple[str, int]], most: int, most_cost: int, data: st.DataObject
) -> None:
    queue: FairQueue[tuple[str, int, int]] = FairQueue(most=most, most_cost=most_cost)
    inside: set[tuple[str, int, int]] = set()
    for number, (client, price) in enumerate(puts):
        item = (client, price, number)
        try:
            leaving = queue.put(item, client, price)
        except QueueFull:
            assert inside, "an empty queue takes whatever comes"
        else:
            assert all(other[0] != client for other in leaving)
            inside = (inside | {item}) - set(leaving)
        gone = data.draw(st.sampled_from([None, *sorted(inside)]))
        if gone is not None:
            inside.remove(gone)
            queue.remove(gone)
        assert set(queue) == inside
        assert len(queue) <= most
        assert queue.cost <= most_cost or len(queue) == 1
        for one in "abcd":
            assert [n for c, _, n in queue if c == one] == sorted(n for c, _, n in queue if c == one)
    queue.remove(("e", 1, 1))
    assert set(queue) == inside


def test_who_has_most_waiting_makes_room_for_who_has_least() -> None:
    async def scenario() -> None:
        batcher = Batcher(Reckoner(), Metrics(), default_top_k=DEFAULT_TOP_K, most_together=8, most_waiting=3)
        of_many = [batcher.submit(Question("short?"), "many") for _ in range(3)]
        with pytest.raises(Overloaded):
            batcher.submit(Question("short?"), "many")
        of_one = batcher.submit(Question("short?"), "one")
        with pytest.raises(Overloaded):
            await of_many[-1]
        async with batcher:
            assert await of_one
            assert [await asked for asked in of_many[:-1]]

    asyncio.run(scenario())


def test_refusals_tell_when_to_come_back() -> None:
    assert RateLimited(3).retry_after == 3
    assert "3 s" in str(RateLimited(3))

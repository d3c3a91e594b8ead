"""One thread answers: ordinary questions together, long ones in slices between, clients by fair shares."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from api.middleware.metrics import Metrics
from api.serving.fairness import FairQueue, QueueFull, cost, weight
from index.errors import Overloaded, QuestionError
from rag.answers import Result
from rag.questions import Question

T = TypeVar("T")
Asked = asyncio.Future[Result]
Outcomes = Sequence[Result | QuestionError]

# passages: as many as an ordinary question has read first
_SLICE = 2
# long questions get at most so much reading for each that ordinary ones get
_MOST_FOR_LONG = 0.5
_FIRST_GUESS = 0.04
_INERTIA = 0.8


class Answerer(Protocol):
    """What answers questions, as `QuestionAnswerer` does."""

    def ask_many(self, questions: Sequence[Question]) -> Outcomes:
        """Answers the questions together: for each, in order, its result or its error."""

    def ask_in_slices(self, questions: Sequence[Question], passages: int) -> Generator[int, None, Outcomes]:
        """Answers them together with a pause after every ``passages`` passages of each; yields how many were read."""


@dataclass(eq=False, frozen=True, slots=True)
class _Waiting:
    question: Question
    asked: Asked
    since: float
    cost: int


@dataclass(eq=False, frozen=True, slots=True)
class _Begun:
    """A long question that is being read."""

    waiting: _Waiting
    slices: Generator[int, None, Outcomes]


@dataclass(eq=False, frozen=True, slots=True)
class _Turn:
    """What the answering thread does next, and what is then made of it in the event loop."""

    work: Callable[[], Any]
    conclude: Callable[[asyncio.Future[Any]], None]


class Batcher:
    """One thread answers; what comes in meanwhile waits.

    Nobody waits for company: a question that comes alone is answered alone, at once. A question whose future is
    cancelled before its turn is never looked at.

    A question that costs no more than one with the default number of passages is ordinary: those that wait are
    answered together. Any other is long: it is read in slices, up to ``most_together`` of them by turns. While both
    kinds wait, long ones get as much reading as is due to their number, at most half of what the ordinary ones get.
    So whoever asks for many passages is served all the while, and slows the others down by half and a slice at most.
    """

    def __init__(
        self, answerer: Answerer, metrics: Metrics, *, default_top_k: int, most_together: int, most_waiting: int
    ) -> None:
        self._answerer = answerer
        self._metrics = metrics
        self._default_top_k = default_top_k
        self._most_together = most_together
        most_cost = most_waiting * default_top_k
        self._ordinary: FairQueue[_Waiting] = FairQueue(most=most_waiting, most_cost=most_cost)
        # of its own, so that long questions keep no ordinary one out
        self._long: FairQueue[_Waiting] = FairQueue(most=most_waiting, most_cost=most_cost)
        self._begun: deque[_Begun] = deque()
        self._due_to_long = 0.0
        """Passages that long questions may read before ordinary ones go on."""
        self._checks: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._changed = asyncio.Event()
        self._closing = False
        self._seconds_per_cost = _FIRST_GUESS
        self.last_answer = -math.inf
        """When the reader last found something for a question, by the monotonic clock; it did not fail since."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answering")

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Answers what still waits, then stops."""
        self._closing = True
        self._changed.set()
        await self._task
        self._thread.shutdown()

    @property
    def waiting(self) -> int:
        """How many questions wait for their turn."""
        return len(self._ordinary) + len(self._long)

    def cost(self, question: Question) -> int:
        """The most that answering may take, in passages read for a short question."""
        return cost(question, self._default_top_k)

    def submit(self, question: Question, client: str = "") -> Asked:
        """The result to come; it may hold a QuestionError, or Overloaded where another client gets its place.

        Raises Overloaded at once where too many wait.
        """
        asked: Asked = asyncio.get_running_loop().create_future()
        waiting = _Waiting(question, asked, perf_counter(), self.cost(question))
        queue = self._ordinary if waiting.cost <= self._default_top_k else self._long
        try:
            leaving = queue.put(waiting, client, waiting.cost)
        except QueueFull:
            raise self._overloaded() from None
        for other in leaving:
            if not other.asked.done():
                other.asked.set_exception(self._overloaded())
        asked.add_done_callback(lambda _: self._forget(waiting))
        self._changed.set()
        return asked

    def check(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """What ``work`` gives, which runs in the answering thread before all that waits, but after what runs."""
        checked: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._checks.append((work, checked))
        self._changed.set()
        return checked

    def _overloaded(self) -> Overloaded:
        seconds = (self._ordinary.cost + self._long.cost) * self._seconds_per_cost
        return Overloaded(self.waiting, max(1, math.ceil(seconds)))

    def _forget(self, waiting: _Waiting) -> None:
        if waiting.asked.cancelled():
            self._ordinary.remove(waiting)
            self._long.remove(waiting)
            self._begun = deque(begun for begun in self._begun if begun.waiting is not waiting)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._closing or self._has_work():
            await self._changed.wait()
            self._changed.clear()
            while self._has_work():
                turn = self._next_turn()
                done = loop.run_in_executor(self._thread, turn.work)
                await asyncio.wait([done])
                turn.conclude(done)

    def _has_work(self) -> bool:
        return bool(self._checks or self._ordinary or self._long or self._begun)

    def _next_turn(self) -> _Turn:
        while self._long and len(self._begun) < self._most_together:
            self._begin(self._long.take())
        if not self._begun:
            self._due_to_long = 0.0
        if self._checks:
            work, checked = self._checks.popleft()
            return _Turn(work, partial(_pass_on, checked))
        if self._begun and (not self._ordinary or self._due_to_long > 0):
            begun = self._begun.popleft()
            return _Turn(partial(_next_slice, begun.slices), partial(self._slice_read, begun))
        batch = self._next_batch()
        self._note_turn(batch)
        questions = [waiting.question for waiting in batch]
        return _Turn(partial(self._answerer.ask_many, questions), partial(self._answered, batch, perf_counter()))

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._ordinary.take()]
        budget = self._most_together * self._default_top_k - batch[0].cost
        while self._ordinary and len(batch) < self._most_together and self._ordinary.next_cost <= budget:
            batch.append(self._ordinary.take())
            budget -= batch[-1].cost
        return batch

    def _answered(self, batch: Sequence[_Waiting], began: float, done: asyncio.Future[Outcomes]) -> None:
        total = sum(waiting.cost for waiting in batch)
        each = (perf_counter() - began) / total
        self._seconds_per_cost = _INERTIA * self._seconds_per_cost + (1 - _INERTIA) * each
        error = done.exception()
        outcomes = [error] * len(batch) if error is not None else done.result()
        for waiting, outcome in zip(batch, outcomes, strict=True):
            self._conclude(waiting, outcome)
        read = sum(outcome.passages_read for outcome in outcomes if isinstance(outcome, Result))
        long, ordinary = len(self._begun) + len(self._long), len(batch) + len(self._ordinary)
        self._due_to_long = min(total, self._due_to_long + read * min(_MOST_FOR_LONG, long / ordinary))

    def _begin(self, waiting: _Waiting) -> None:
        self._note_turn([waiting])
        passages = max(1, _SLICE // weight(waiting.question))
        self._begun.append(_Begun(waiting, self._answerer.ask_in_slices([waiting.question], passages)))

    def _slice_read(self, begun: _Begun, done: asyncio.Future[int | Outcomes]) -> None:
        waiting = begun.waiting
        error = done.exception()
        if error is not None:
            self._conclude(waiting, error)
        elif isinstance(step := done.result(), int):
            self._due_to_long = max(-_SLICE, self._due_to_long - step * weight(waiting.question))
            if not waiting.asked.done():
                self._begun.append(begun)
        else:
            self._conclude(waiting, *step)

    def _note_turn(self, batch: Sequence[_Waiting]) -> None:
        now = perf_counter()
        self._metrics.batch(len(batch))
        for waiting in batch:
            self._metrics.waited(now - waiting.since)

    def _conclude(self, waiting: _Waiting, outcome: Result | BaseException) -> None:
        if isinstance(outcome, Result):
            if outcome.answers or outcome.candidates:
                self.last_answer = time.monotonic()
        elif not isinstance(outcome, QuestionError):
            self.last_answer = -math.inf
        if waiting.asked.done():
            return  # cancelled while it was read
        if isinstance(outcome, Result):
            waiting.asked.set_result(outcome)
        else:
            waiting.asked.set_exception(outcome)


def _pass_on(checked: asyncio.Future[T], done: asyncio.Future[T]) -> None:
    error = done.exception()
    if checked.done():
        return  # nobody waits for it any more
    if error is None:
        checked.set_result(done.result())
    else:
        checked.set_exception(error)


def _next_slice(slices: Generator[int, None, Outcomes]) -> int | Outcomes:
    """How many passages were read, or, at the end, the outcomes."""
    try:
        return next(slices)
    except StopIteration as end:
        outcomes: Outcomes = end.value
        return outcomes

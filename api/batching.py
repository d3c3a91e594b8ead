"""Questions that come in at the same time share the reader's forward passes."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import Self

from api.metrics import Metrics
from index.errors import Overloaded, QuestionError
from rag.answers import QAResult
from rag.pipeline import Question

AnswerMany = Callable[[Sequence[Question]], Sequence[QAResult | QuestionError]]
Asked = asyncio.Future[QAResult]

_FIRST_GUESS = 0.2
_INERTIA = 0.8


@dataclass(eq=False, frozen=True, slots=True)
class _Waiting:
    question: Question
    asked: Asked
    since: float


class Batcher:
    """One thread answers; what comes in meanwhile waits, and is answered together next.

    Nobody waits for company: a question that comes alone is answered alone, at once. A question whose future is
    cancelled before its turn is never looked at.
    """

    def __init__(self, answer: AnswerMany, metrics: Metrics, *, most_together: int, most_waiting: int) -> None:
        self._answer = answer
        self._metrics = metrics
        self._most_together = most_together
        self._most_waiting = most_waiting
        self._waiting: deque[_Waiting] = deque()
        self._changed = asyncio.Event()
        self._closing = False
        self._seconds_each = _FIRST_GUESS
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="answering")

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Answers what still waits, then stops."""
        self._closing = True
        self._changed.set()
        await self._task
        self.thread.shutdown()

    @property
    def waiting(self) -> int:
        """How many questions wait for their turn."""
        return len(self._waiting)

    def submit(self, question: Question) -> Asked:
        """The result to come; it may hold a QuestionError. Raises Overloaded at once where too many wait."""
        if self.waiting >= self._most_waiting:
            raise Overloaded(self.waiting, max(1, math.ceil(self.waiting * self._seconds_each)))
        asked: Asked = asyncio.get_running_loop().create_future()
        waiting = _Waiting(question, asked, perf_counter())
        self._waiting.append(waiting)
        asked.add_done_callback(lambda _: self._forget(waiting))
        self._changed.set()
        return asked

    def _forget(self, waiting: _Waiting) -> None:
        if waiting.asked.cancelled() and waiting in self._waiting:
            self._waiting.remove(waiting)

    async def _run(self) -> None:
        while not (self._closing and not self._waiting):
            await self._changed.wait()
            self._changed.clear()
            while self._waiting:
                count = min(self._most_together, len(self._waiting))
                await self._answer_together([self._waiting.popleft() for _ in range(count)])

    async def _answer_together(self, batch: Sequence[_Waiting]) -> None:
        began = perf_counter()
        self._metrics.batch(len(batch))
        for waiting in batch:
            self._metrics.waited(began - waiting.since)
        loop = asyncio.get_running_loop()
        answering = loop.run_in_executor(self.thread, self._answer, [waiting.question for waiting in batch])
        await asyncio.wait([answering])
        each = (perf_counter() - began) / len(batch)
        self._seconds_each = _INERTIA * self._seconds_each + (1 - _INERTIA) * each
        error = answering.exception()
        outcomes = [error] * len(batch) if error is not None else answering.result()
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.asked.done():
                continue  # cancelled while it was read
            if isinstance(outcome, QAResult):
                waiting.asked.set_result(outcome)
            else:
                waiting.asked.set_exception(outcome)

"""Worker processes that are started before they are needed, and used again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any, ParamSpec, Protocol, Self, TypeVar

from index.errors import WorkStopped
from index.isolation.limits import Limits
from index.isolation.messages import Job
from index.isolation.process import WorkerLost, WorkerProcess

T = TypeVar("T")
P = ParamSpec("P")

_MOST_MEMORY_KEPT = 300_000_000
"""A worker that held more than so many bytes is replaced by a new one: what it has free would not all come back."""


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What the processes of a pool are like, wherever it is made."""

    limits: Limits = field(default_factory=Limits)
    modules: tuple[str, ...] = ()
    """Those that they import before their first job."""
    ready: int = 1
    """So many at most wait for a job."""
    most_memory_kept: int = _MOST_MEMORY_KEPT
    """Of one that waits, in bytes."""
    environment: tuple[tuple[str, str], ...] = ()
    """What is in theirs besides."""

    def pool(self) -> WorkerPool:
        """Such a pool."""
        return WorkerPool(self)


class Stop:
    """A switch by which any thread ends the work that was given it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_set = False
        self._worker: WorkerProcess | None = None

    def set(self) -> None:
        """Ends the worker that is at the work now, and lets none begin it."""
        with self._lock:
            self._is_set = True
            if self._worker is not None:
                self._worker.end()

    def check(self) -> None:
        """Raises WorkStopped once the switch is set."""
        if self._is_set:
            raise WorkStopped

    @contextmanager
    def _ending(self, worker: WorkerProcess) -> Iterator[None]:
        with self._lock:
            self.check()
            self._worker = worker
        try:
            yield
        finally:
            with self._lock:
                self._worker = None


class Pool(Protocol):
    """What runs functions of ours in processes that may die: see `WorkerPool`."""

    limits: Limits

    def prepare(self) -> None:
        """Starts a process before it is needed. Does not wait for it."""

    def stream(
        self,
        function: Callable[..., Iterator[T]],
        *arguments: object,
        subject: str,
        data: IO[bytes] | None = None,
        stop: Stop | None = None,
    ) -> Iterator[T]:
        """What ``function`` gives, one by one."""

    def close(self) -> None:
        """Ends all processes at once; whoever waits for one gets WorkStopped."""


class WorkerPool:
    """Runs functions of ours in worker processes: as many at once as there are callers, some ready besides.

    A worker ends with the thread that started it, so that none outlives a process that is killed. The pool has a thread
    for that alone, which also keeps the books.
    """

    def __init__(self, plan: PoolPlan = PoolPlan()) -> None:  # it is frozen
        """No process is started yet."""
        self._plan = plan
        self.limits = plan.limits
        self._lock = threading.Lock()
        self._is_closed = False
        self._workers: set[WorkerProcess] = set()
        self._idle: list[WorkerProcess] = []  # touched by the keeper only
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="worker-keeper")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def prepare(self) -> None:
        """Starts a worker, if none is ready. Does not wait for it."""
        with self._lock:
            if not self._is_closed:
                self._keeper.submit(self._keep_one)

    def stream(
        self,
        function: Callable[..., Iterator[T]],
        *arguments: object,
        subject: str,
        data: IO[bytes] | None = None,
        stop: Stop | None = None,
    ) -> Generator[T]:
        """What ``function``, which stands at the top of a module of ours, gives; one by one, each when it is asked for.

        The bytes of ``data``, a file that can be sought in, become its first argument. ``subject`` is what errors
        call the document that is worked on. Raises the errors of our own that the function raises, and
        DocumentTooComplex, ParserDied, WorkStopped, WorkerFault.
        """
        stop = stop or Stop()
        job = Job.of(function, arguments, None if data is None else _rewound(data))
        try:
            yield from self._results(job, data, subject, stop)
        except WorkerLost:  # whoever killed it while it started did not mean the job, which never began
            yield from self._results(job, data, subject, stop)

    def close(self) -> None:
        """Ends all workers at once; whoever waits for one gets WorkStopped."""
        with self._lock:
            self._is_closed = True
            for worker in self._workers:
                worker.end()
        self._keeper.shutdown()
        for worker in list(self._workers):
            worker.close()

    def _results(self, job: Job, data: IO[bytes] | None, subject: str, stop: Stop) -> Iterator[Any]:
        worker = self._take()
        try:
            with stop._ending(worker):
                yield from worker.results(job, data, subject)
        finally:
            if not worker.is_idle or worker.peak_memory > self._plan.most_memory_kept:
                worker.end()
            self._give_back(worker)

    def _take(self) -> WorkerProcess:
        with self._lock:
            if self._is_closed:
                raise WorkStopped
            taken = self._keeper.submit(self._taken)
        return taken.result()

    def _give_back(self, worker: WorkerProcess) -> None:
        with self._lock:
            if not self._is_closed:
                self._keeper.submit(self._keep, worker)

    def _taken(self) -> WorkerProcess:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_usable:
                return worker
            self._drop(worker)
        return self._started()

    def _keep(self, worker: WorkerProcess) -> None:
        if worker.is_usable and len(self._idle) < self._plan.ready:
            self._idle.append(worker)
        else:
            self._drop(worker)
            self._keep_one()

    def _keep_one(self) -> None:
        if not self._idle:
            self._idle.append(self._started())

    def _started(self) -> WorkerProcess:
        worker = WorkerProcess(self.limits, self._plan.modules, dict(self._plan.environment))
        with self._lock:
            self._workers.add(worker)
            if self._is_closed:
                worker.end()
        return worker

    def _drop(self, worker: WorkerProcess) -> None:
        worker.close()
        with self._lock:
            self._workers.discard(worker)


def _rewound(data: IO[bytes]) -> int:
    """The bytes of a file, whose next byte to be read is then the first."""
    size = data.seek(0, os.SEEK_END)
    data.seek(0)
    return size

"""The workers of a Ray cluster: each actor has processes as this one would, and hands on what they give.

So what a file of strangers does to its process is bounded on every machine as it is here, and a worker that is lost is
the same error. Ray Data is not used: it would keep what it reads in its object store and in an order of its own, while
here each file has one outcome, known after those before it, and no more is read than is about to be stored.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import IO, Any, TypeVar

import ray
from ray._private import worker as ray_worker
from ray.exceptions import RayError, RayTaskError

from index.errors import ParserDied, SourcespanError, WorkersUnavailable, WorkStopped
from index.isolation.messages import Job
from index.isolation.pool import PoolPlan, Stop

T = TypeVar("T")

_AHEAD = 2


class _Actor:
    """One processor's worth of a cluster: a pool of processes of each plan."""

    def __init__(self, plans: Sequence[PoolPlan]) -> None:
        self._pools = [plan.pool() for plan in plans]

    def prepare(self, number: int) -> None:
        self._pools[number].prepare()

    def results(self, number: int, job: Job, subject: str, data: bytes | None) -> Iterator[Any]:
        """What a job of the pool with this number gives."""
        stream = None if data is None else io.BytesIO(data)
        yield from self._pools[number].stream(job.called(), *job.arguments, subject=subject, data=stream)


class RayPool:
    """A `Pool` whose processes are those with one number of each actor, which does one job of theirs at a time."""

    def __init__(self, actors: Sequence[Any], number: int, plan: PoolPlan) -> None:
        self.limits = plan.limits
        self._actors = actors
        self._number = number
        self._idle: SimpleQueue[Any] = SimpleQueue()
        self._is_closed = False
        for actor in actors:
            self._idle.put(actor)

    def prepare(self) -> None:
        """Starts a process in each actor. Does not wait for it."""
        for actor in self._actors:
            actor.prepare.remote(self._number)

    def stream(
        self,
        function: Callable[..., Iterator[T]],
        *arguments: object,
        subject: str,
        data: IO[bytes] | None = None,
        stop: Stop | None = None,
    ) -> Iterator[T]:
        """As a `WorkerPool`'s. One job alone cannot be ended: ``stop`` is looked at before it begins."""
        if stop is not None:
            stop.check()
        actor = self._idle.get()
        try:
            job = Job.of(function, arguments, None)
            sent = None if data is None else data.read()
            results = actor.results.options(num_returns="streaming", _generator_backpressure_num_objects=_AHEAD)
            for given in results.remote(self._number, job, subject, sent):
                yield ray.get(given)
        except RayTaskError as error:
            if isinstance(error.cause, SourcespanError):
                raise error.cause from None
            raise
        except RayError as error:
            if self._is_closed:
                raise WorkStopped from None
            raise ParserDied(subject, "its machine or its worker is gone") from error
        finally:
            self._idle.put(actor)

    def close(self) -> None:
        """Ends all actors at once; whoever waits for one gets WorkStopped."""
        self._is_closed = True
        for actor in self._actors:
            with suppress(RayError):
                ray.kill(actor)


@contextmanager
def ray_pools(address: str, count: int, plans: Sequence[PoolPlan]) -> Iterator[tuple[int, list[RayPool]]]:
    """A pool of each plan on ``count`` processors of the cluster, by default on all free ones, and how many these are.

    Raises WorkersUnavailable, also where fewer are free.
    """
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "error")  # a warning each second while it waits for a cluster
    # it prints on standard output, among the outcomes, that a worker was lost, and has no public switch for that
    vars(ray_worker)["_worker_logs_enabled"] = False
    try:
        ray.init(
            address=address,
            include_dashboard=False if address == "local" else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except Exception as error:
        # nothing of its own says what cannot be reached: bare Exception is among what it raises
        raise WorkersUnavailable(address, " ".join(str(error).split())) from error
    try:
        there: Any = ray
        count = _free(address, count)
        made = there.remote(_Actor)
        # a lost one is started again, and does once more what it was at; of its two threads one reads, and one embeds
        made = made.options(num_cpus=1, max_restarts=-1, max_task_retries=1, max_concurrency=len(plans))
        actors = [made.remote(plans) for _ in range(count)]
        pools = [RayPool(actors, number, plan) for number, plan in enumerate(plans)]
        for pool in pools:
            pool.prepare()
        try:
            yield count, pools
        finally:
            for pool in pools:
                pool.close()
    finally:
        ray.shutdown()


def _free(address: str, wanted: int) -> int:
    """So many processors, or all that are free. Raises WorkersUnavailable: Ray would wait for the others in silence."""
    there: Any = ray
    every, free = (int(has.get("CPU", 0)) for has in (there.cluster_resources(), there.available_resources()))
    if free < max(wanted, 1):
        raise WorkersUnavailable(address, f"{max(wanted, 1)} wanted, and {free} of its {every} processors are free")
    return wanted or free

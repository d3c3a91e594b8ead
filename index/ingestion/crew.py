"""Who reads files and embeds their texts: this process alone, or workers besides, on this machine or on others.

Whoever does it, what becomes of the documents is decided in one place and in one order
(`index.ingestion.following`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from index.documents import DocumentDraft
from index.errors import ParserDied
from index.interfaces import Preparation, Progress
from index.isolation.process import WorkerLost
from index.store.intake import Embedding, Step, Window, readings

if TYPE_CHECKING:
    from index.isolation.pool import Pool
    from index.parsing.isolated import Parser

X = TypeVar("X")


class Closing(Protocol):
    """What is to be closed."""

    def close(self) -> None:
        """Lets go of what it holds."""


Y = TypeVar("Y")
Held = TypeVar("Held", bound=Closing)


class Crew:
    """Workers, each with a thread here that waits for it; or nobody but this process."""

    def __init__(
        self,
        parser: Parser,
        embedding: Embedding | None = None,
        size: int = 0,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """``parser`` reads files, and ``embedding`` embeds texts, for ``size`` threads at once; 0: none but the caller.

        ``close`` ends all workers, so that whoever waits for one gets an error at once.
        """
        self.parser = parser
        self.embedding = embedding
        self._size = size
        self._end_workers = close
        # two kinds, since no file should wait for what is embedded
        self._readers, self._embedders = (ThreadPoolExecutor(size) if size else None for _ in range(2))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all workers, whatever they are at."""
        self._end_workers()
        for threads in (self._readers, self._embedders):
            if threads is not None:
                threads.shutdown(cancel_futures=True)

    def read(self, work: Callable[[X], Sequence[Y] | Iterator[Y]], files: Iterable[X]) -> Iterator[Y]:
        """What ``work`` gives for each file, in order; up to two files for each worker are read ahead."""
        for items in self._in_order(self._readers, work, files, lambda _: None):
            yield from items

    def embed(self, work: Callable[[X], Held], groups: Iterable[X]) -> Iterator[Held]:
        """What ``work`` makes of each group, in order, to be closed; up to two for each worker are embedded ahead."""
        return self._in_order(self._embedders, work, groups, lambda made: made.close())

    def _in_order(
        self,
        threads: ThreadPoolExecutor | None,
        work: Callable[[X], Y],
        inputs: Iterable[X],
        drop: Callable[[Y], None],
    ) -> Iterator[Y]:
        if threads is None:
            yield from map(work, inputs)
            return
        waiting: deque[Future[Y]] = deque()
        try:
            for one in inputs:
                waiting.append(threads.submit(work, one))
                while waiting and (waiting[0].done() or len(waiting) > 2 * self._size):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:  # nobody waits any more for what is left, and it must not keep this process
            self.close()
            for future in waiting:
                with suppress(CancelledError, Exception):
                    drop(future.result())
            raise


class Elsewhere:
    """An `Embedding` whose work a function does in a pool's workers."""

    def __init__(
        self, pool: Pool, work: Callable[..., Iterator[Step]], *arguments: object, preparation: Preparation | None
    ) -> None:
        """``work`` is called with ``arguments`` and the drafts, there; ``preparation`` computes besides, here."""
        self._pool = pool
        self._work = work
        self._arguments = arguments
        self._preparation = preparation

    def steps(self, drafts: Sequence[DocumentDraft]) -> Iterator[Step]:
        """As of `Embedding`. Raises WorkStopped where the pool is closed."""
        sent = [replace(draft, metadata={}, incoming=None) for draft in drafts]
        try:
            for step in self._pool.stream(self._work, *self._arguments, sent, subject=drafts[0].source):
                if self._preparation is not None and isinstance(step, Window):
                    self._preparation.prepare(readings(drafts, step.documents, step.passages))
                yield step
        except WorkerLost as error:
            raise ParserDied(drafts[0].source, str(error)) from error


class Shares:
    """Tells of parts of some work that are done at the same time as of one whole. Any thread may call a part."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._given = 0
        self._done = 0
        self._lock = Lock()
        self._tell(0)

    def part(self, size: int) -> Progress:
        """What hears of the next part, which is ``size`` large, but never larger than what is left."""
        size = min(size, self._total - self._given)  # an archive can count as less than it holds
        self._given += size
        before = 0

        def tell(done: int, total: int) -> None:
            nonlocal before
            now = size * done // total
            self._tell(now - before)
            before = now

        return tell

    def _tell(self, more: int) -> None:
        with self._lock:
            self._done += more
            if self._progress is not None:
                self._progress(self._done, self._total)

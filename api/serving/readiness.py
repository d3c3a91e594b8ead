"""Whether the service can answer, told in bounded time however much it has to do."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from api.feedback import FeedbackStore
from api.serving.batching import Batcher
from index.errors import CatalogueError, CatalogueGone
from rag.engine import Sourcespan

TOLD_WITHIN = 2.0
"""Seconds."""
FRESH = 10.0
"""For so many seconds an answer shows that the reader answers."""

_SILENT = f"The reader has answered nothing for {FRESH:g} s, and the self-test question not within {TOLD_WITHIN:g} s."
_WRONG = "The reader does not answer the self-test question."
_UNREACHABLE = "The documents cannot be reached at the moment."
_NO_INDEX = f"The index cannot be looked at within {TOLD_WITHIN:g} s."

logger = logging.getLogger("sourcespan.readiness")


@dataclass(frozen=True, slots=True)
class State:
    """Why the service is not ready, or nothing; and what it holds."""

    reason: str = ""
    documents: int = 0
    passages: int = 0
    words_behind: int = 0
    """Changes that the index of words has not followed yet."""
    feedback: str = ""
    """`ok`, or why what users say of answers cannot be kept at present."""
    quotas: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Of everything that has a quota, how much is stored, and how much may be."""


class Readiness:
    """Looks at reader and index, once at a time whoever asks: nobody can make work by asking."""

    def __init__(
        self,
        batcher: Batcher,
        library: Sourcespan,
        feedback: FeedbackStore,
        usage: Callable[[], Mapping[str, tuple[int, int]]],
    ) -> None:
        """``usage`` gives `State.quotas`."""
        self._batcher = batcher
        self._library = library
        self._feedback = feedback
        self._usage = usage
        self._tested = -math.inf
        self._late = _SILENT
        """What to say where looking takes too long: what is being looked at."""
        self._looking: asyncio.Future[State] | None = None
        # its own: the threads that look things up may be busy
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")

    async def state(self) -> State:
        """How it is now. A look that takes too long goes on, and whoever asks next waits for the same one."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())
        done, _ = await asyncio.wait([self._looking], timeout=TOLD_WITHIN)
        return self._looking.result() if done else State(self._late)

    async def _look(self) -> State:
        self._late = _SILENT
        if not await self._reads():
            return State(_WRONG)
        self._late = _NO_INDEX
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._stored)
        except CatalogueError as error:
            logger.error("%s", error)
            return State(str(error) if isinstance(error, CatalogueGone) else _UNREACHABLE)

    def _stored(self) -> State:
        documents, passages = self._library.index.count()
        return State("", documents, passages, self._library.index.words_behind, self._feedback.status, self._usage())

    async def _reads(self) -> bool:
        if time.monotonic() - max(self._tested, self._batcher.last_answer) < FRESH:
            return True
        try:
            passed = await self._batcher.check(self._library.self_test)
        except Exception:
            logger.exception("self test")
            return False
        if passed:
            self._tested = time.monotonic()
        return passed

    def close(self) -> None:
        """Waits for the self-test that runs, if one does, and starts no other."""
        self._thread.shutdown()

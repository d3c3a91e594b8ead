"""What every surface works with: the documents and what users say of answers, off the event loop, within bounds."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from api.feedback import OK as FEEDBACK_OK
from api.feedback import FeedbackStore
from api.middleware.access import within
from api.middleware.metrics import Metrics
from api.middleware.rate import caller
from api.serving.batching import Asked, Batcher
from api.serving.changes import Changes
from api.serving.readiness import Readiness
from api.serving.view import View
from api.serving.workers import Workers
from api.settings import Settings
from api.wire.documents import incoming
from index.errors import ServiceStopping, WorkStopped
from index.interfaces import Progress, Vectors
from index.isolation.pool import Stop
from index.parsing.isolated import Parser
from index.passage_index import PassageIndex
from rag.answers import Answer, Result, RetrievedPassage
from rag.engine import Sourcespan
from rag.interfaces import Retrieval, SearchMode
from rag.questions import Question

T = TypeVar("T")
E = TypeVar("E")
AskEvent = tuple[RetrievedPassage, ...] | Answer | Result
Filter = Mapping[str, Any]

questions_log = logging.getLogger("sourcespan.questions")

_LOOKUPS, _WAITING_LOOKUPS = 4, 256
# one at a time: embedding a document takes every core, and a second would only take its share
_INGESTS, _WAITING_INGESTS = 1, 16
_EMBEDDERS, _WAITING_EMBEDDERS = 1, 16


class Backend:
    """Asks, searches and stores for HTTP, the OpenAI surface and MCP alike."""

    def __init__(self, library: Sourcespan, settings: Settings) -> None:
        """Closes ``library`` in the end; what users say of answers is kept in its folder."""
        self.library = library
        self.feedback = FeedbackStore(library.folder, most=settings.max_feedback, database=library.index.database)
        self.changes = Changes(library, self.feedback)
        self.metrics = Metrics()
        self._log_questions = settings.log_questions
        self._default_top_k = settings.top_k
        self._batcher = Batcher(
            library.answerer,
            self.metrics,
            default_top_k=settings.top_k,
            most_together=settings.batch_questions,
            most_waiting=settings.max_waiting,
        )
        self._lookups = Workers("lookup", threads=_LOOKUPS, most_waiting=_WAITING_LOOKUPS)
        self._ingests = Workers("ingest", threads=_INGESTS, most_waiting=_WAITING_INGESTS)
        self._embeddings = Workers("embed", threads=_EMBEDDERS, most_waiting=_WAITING_EMBEDDERS)
        self.readiness = Readiness(self._batcher, library, self.feedback, self.usage)
        self.is_stopping = False
        self.parser = Parser(
            settings.parsing,
            max_bytes=settings.max_document_bytes,
            max_original=settings.max_kept,
            ocr=settings.ocr_languages,
            modules=(incoming.__name__,),
        )
        self._exit = AsyncExitStack()
        self.metrics.gauge("queue_depth", "Questions that wait for their turn.", lambda: self._batcher.waiting)
        self.metrics.gauge("ingests_pending", "Documents that are being put in.", lambda: self._ingests.pending)
        self.metrics.gauge("documents", "Documents that are stored.", lambda: library.index.count()[0])
        self.metrics.gauge("passages", "Passages that are stored.", lambda: library.index.count()[1])
        self.metrics.gauge("text_bytes", "Bytes of all texts in UTF-8.", lambda: library.index.usage.text_bytes)
        for what, (_, limit) in self.usage().items():
            self.metrics.gauge(f"quota_{what}", "How much may be stored; 0: no limit.", partial(float, limit))
        if library.index.database:
            what = "Reads that were meant for a standby and went to the primary."
            self.metrics.gauge("reads_passed_over", what, lambda: library.index.passed_over)
        self.metrics.gauge("feedback_entries", "Entries of feedback that are kept.", self.feedback.count)
        self.metrics.gauge(
            "feedback_available",
            "1 where feedback can be kept, else 0.",
            lambda: self.feedback.status == FEEDBACK_OK,
        )

    async def __aenter__(self) -> Self:
        self.parser.prepare()
        await self._exit.enter_async_context(self._batcher)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Finishes what runs, then closes documents and feedback."""
        await self._exit.aclose()
        self.parser.close()
        self._lookups.close()
        self._ingests.close()
        self._embeddings.close()
        self.readiness.close()
        self.feedback.close()
        self.library.close()

    def stopping(self) -> None:
        """The service is to be stopped: what stores documents ends at its next step, questions under way may end.

        May be called in a signal handler and on any thread.
        """
        self.is_stopping = True
        # in a thread of its own: what a signal handler interrupted may hold the locks
        threading.Thread(target=self.parser.close, name="end-workers").start()

    @property
    def view(self) -> View:
        """The documents as whoever is being served may see them."""
        return View(self.library, within.get())

    async def ask(self, question: Question, filter: Filter | None = None) -> Result:  # noqa: A002
        """The result of a question, read in its turn; cancelled before that, it is never looked at.

        Raises Overloaded, RateLimited, QuestionError.
        """
        result = await self._submit(await self._among(question, filter))
        self._note(result)
        return result

    async def events(self, question: Question, filter: Filter | None = None) -> AsyncGenerator[AskEvent]:  # noqa: A002
        """The passages, each new best answer, then the result. Raises like `ask`."""
        question = await self._among(question, filter)
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[AskEvent | None] = asyncio.Queue()

        def on_event(event: AskEvent) -> None:
            loop.call_soon_threadsafe(events.put_nowait, event)

        asked = self._submit(replace(question, on_event=on_event))
        asked.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            result = await asked
            self._note(result)
            yield result
        finally:
            asked.cancel()

    async def search(
        self,
        query: str,
        top_k: int | None,
        document_ids: Sequence[str] | None,
        mode: SearchMode = "hybrid",
        *,
        explain: bool = False,
        filter: Filter | None = None,  # noqa: A002
    ) -> Retrieval:
        """The ``top_k`` passages that fit the query best, unread. Raises Overloaded, InvalidQuestion."""
        library, view = self.library, self.view

        def searching() -> Retrieval:
            among = view.among(document_ids, filter)
            return library.search(query, top_k=top_k, document_ids=among, mode=mode, explain=explain)

        return await self._lookups.run(searching)

    async def embed(self, texts: Sequence[str], *, as_queries: bool) -> Vectors:
        """A vector of unit length for each text, as a question or as a passage. Raises Overloaded, RateLimited."""
        caller.get().charge(len(texts) / self._default_top_k - 1)  # to embed one takes about as long as to read one
        embedder = self.library.embedder
        work = embedder.embed_queries if as_queries else embedder.embed_passages
        return await self._embeddings.run(lambda: work(texts))

    async def look_up(self, work: Callable[[], T]) -> T:
        """Something short with the index or the feedback. Raises Overloaded, and what ``work`` raises."""
        return await self._lookups.run(work)

    async def show(self, work: Callable[[PassageIndex, Parser], T]) -> T:
        """Something short with a kept file. Raises Overloaded, ServiceStopping, and what ``work`` raises."""
        try:
            return await self._lookups.run(lambda: work(self.library.index, self.parser))
        except WorkStopped as error:
            raise ServiceStopping from error

    async def ingest(self, work: Callable[[Progress, Stop], T]) -> T:
        """Something long that stores a document, and that ends by either of what it is given.

        Cancelled, it stops with nothing half done. Raises Overloaded, ServiceStopping, and what ``work`` raises.
        """
        return await self._stoppable(lambda go_on, stop: work(lambda _done, _total: go_on(), stop))

    async def ingest_events(self, work: Callable[[Callable[[E], None], Stop], None]) -> AsyncGenerator[E]:
        """What ``work``, something long that stores documents, tells on the way. Stops and raises as `ingest` does."""
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[E | None] = asyncio.Queue()

        def working(go_on: Callable[[], None], stop: Stop) -> None:
            def tell(event: E) -> None:
                go_on()
                loop.call_soon_threadsafe(events.put_nowait, event)

            work(tell, stop)

        ingesting = asyncio.create_task(self._stoppable(working))
        ingesting.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            await ingesting
        finally:
            ingesting.cancel()

    def usage(self) -> dict[str, tuple[int, int]]:
        """Of everything that has a quota, how much is stored, and how much may be; 0: no limit."""
        stored, quota = self.library.index.usage, self.library.index.quota
        return {
            "documents": (stored.documents, quota.documents),
            "text_bytes": (stored.text_bytes, quota.text_bytes),
            "feedback": (self.feedback.count(), self.feedback.most),
        }

    async def _among(self, question: Question, filter: Filter | None) -> Question:  # noqa: A002
        """The question, of no other documents than the caller may see and a filter allows. Raises InvalidFilter."""
        view = self.view
        if view.within is None and filter is None:
            return question
        allowed = await self._lookups.run(lambda: view.among(question.document_ids, filter))
        return replace(question, document_ids=allowed)

    def _submit(self, question: Question) -> Asked:
        asking = caller.get()
        # the gate has counted one call
        asking.charge(self._batcher.cost(question) / self._default_top_k - 1)
        return self._batcher.submit(question, asking.client)

    async def _stoppable(self, work: Callable[[Callable[[], None], Stop], T]) -> T:
        """Runs ``work`` in its turn. What it is given ends it, with WorkStopped once nobody waits any more and with
        ServiceStopping once the service is being stopped.
        """
        stop = Stop()

        def go_on() -> None:
            stop.check()
            if self.is_stopping:
                raise ServiceStopping

        def working() -> T:
            go_on()  # the service may have been told to stop while this waited for its turn
            try:
                return work(go_on, stop)
            except WorkStopped:
                go_on()
                raise

        try:
            return await self._ingests.run(working)
        except asyncio.CancelledError:
            stop.set()
            raise

    def _note(self, result: Result) -> None:
        self.metrics.answered(result)
        fields: dict[str, object] = {
            "abstained": result.abstained,
            "confidence": round(result.answers[0].confidence, 4) if result.answers else None,
            "read_ms": round(result.timings.read, 1),
            "total_ms": round(result.timings.total, 1),
        }
        if self._log_questions:
            fields["question"] = result.question
        questions_log.info("question", extra={"fields": fields})

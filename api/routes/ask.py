"""Asking and searching."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response

from api.middleware.rules import READ, declares
from api.serving.backend import Backend
from api.serving.dependencies import SHOWS_KEY, CurrentBackend, unless_gone
from api.wire.json_route import JsonRoute
from api.wire.requests import AskRequest, SearchRequest
from api.wire.schemas import AnswerOut, AskResponse, PassagesFound, SearchResponse
from api.wire.sse import MEDIA_TYPE, Event, event_stream, wants_events
from rag.answers import Answer, Result

router = APIRouter(route_class=JsonRoute, prefix="/v1", tags=["ask"], dependencies=[SHOWS_KEY])

_STREAMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answers, or with `Accept: text/event-stream` events: `passages` (PassagesFound) as soon as "
        "they are retrieved, `answer` (AnswerOut) whenever the best answer changes, `done` (AskResponse); `error` "
        "(Problem) where it breaks off.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}


@router.post("/ask", response_model=AskResponse, responses=_STREAMS)
@declares(READ)
async def ask(body: AskRequest, request: Request, backend: CurrentBackend) -> AskResponse | Response:
    """Answers with exact quotes, or says that the documents don't hold the answer.

    With `Accept: text/event-stream` the same work is streamed. An `answer` event is the best so far; only `done` is
    final, and may even abstain.
    """
    if wants_events(request):
        return await unless_gone(request, event_stream(_events(body, backend)))
    result = await unless_gone(request, backend.ask(body.asked(), body.filter))
    return AskResponse.of(result, include_passages=body.include_passages)


@router.post("/search")
@declares(READ)
async def search(body: SearchRequest, request: Request, backend: CurrentBackend) -> SearchResponse:
    """The passages that are nearest to the query, unread: by meaning, by words, or (the default) by both.

    With `explain` each says why it was found: its `cosine`, its `bm25`, and in `matched` the words of the query that it
    has.
    """
    searching = backend.search(
        body.query, body.top_k, body.document_ids, body.mode, explain=body.explain, filter=body.filter
    )
    retrieval = await unless_gone(request, searching)
    return SearchResponse.of_search(body, retrieval)


async def _events(body: AskRequest, backend: Backend) -> AsyncGenerator[Event]:
    async with aclosing(backend.events(body.asked(), body.filter)) as events:
        async for event in events:
            if isinstance(event, Result):
                yield "done", AskResponse.of(event, include_passages=body.include_passages)
            elif isinstance(event, Answer):
                yield "answer", AnswerOut.of(event)
            else:
                yield "passages", PassagesFound.of(event)

"""Server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.types import Message, Send

from api.problems.responses import problem_of
from index.errors import SourcespanError

Event = tuple[str, BaseModel]
"""Its name and what it says."""

MEDIA_TYPE = "text/event-stream"


def wants_events(request: Request) -> bool:
    """Whether the client asks for a stream of server-sent events."""
    return MEDIA_TYPE in request.headers.get("accept", "")


async def event_stream(events: AsyncGenerator[Event]) -> StreamingResponse:
    """Sends ``events``. What fails before the first is raised here, with a status of its own; later it is an event."""
    first = await anext(events)
    return _EventResponse(_encoded(first, events), media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})


class _EventResponse(StreamingResponse):
    """Ends what makes the events when the client hangs up, and does not leave that to the garbage collector."""

    body_iterator: AsyncGenerator[bytes]

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self.body_iterator):
            await super().stream_response(send)


async def _encoded(first: Event, rest: AsyncGenerator[Event]) -> AsyncGenerator[bytes]:
    yield encode(*first)
    try:
        async with aclosing(rest):
            async for event in rest:
                yield encode(*event)
    except SourcespanError as error:
        yield encode("error", problem_of(error).body)


def is_event_stream(start: Message) -> bool:
    """Whether the response that begins so, an ASGI message, is a stream of events."""
    return Headers(raw=start["headers"]).get("content-type", "").startswith(MEDIA_TYPE)


def encode(name: str, content: BaseModel) -> bytes:
    """One server-sent event in bytes: its name and its content as JSON."""
    return format_sse_event(event=name, data_str=content.model_dump_json())

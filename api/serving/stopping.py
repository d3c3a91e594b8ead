"""What clients are told while the service is being stopped."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems.responses import HttpProblem, ProblemResponse, problem_of
from api.serving.backend import Backend
from api.wire.sse import encode, is_event_stream
from index.errors import ServiceStopping


class Stopping:
    """ASGI middleware: 503 for requests that come while the service is being stopped, or are not answered in time.

    uvicorn cancels what still runs at the deadline, and by itself would answer 500 or break the stream off.
    """

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app = app
        self._backend = backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or says that it is too late for it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._backend.is_stopping:
            await _refusal()(scope, receive, send)
            return
        start: Message | None = None

        async def noting(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if not self._backend.is_stopping:
                raise
            if start is None:
                await _refusal()(scope, receive, send)
            elif is_event_stream(start):
                await send({"type": "http.response.body", "body": encode("error", _problem().body)})


def _problem() -> HttpProblem:
    return problem_of(ServiceStopping())


def _refusal() -> ProblemResponse:
    problem = _problem()
    return ProblemResponse(problem.body, {**problem.headers, "Connection": "close"})

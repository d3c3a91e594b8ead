"""Bounds on the bodies of requests, before anything of them is parsed: of size, of time, and of all together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from http import HTTPStatus
from time import monotonic
from types import TracebackType
from typing import NoReturn, Self

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems.responses import problem

# what a body must come at on the whole: an upload that drips does not hold its connection for hours
_LEAST_BYTES_A_SECOND = 8_000
_RETRY_AFTER = 5


class PendingBodies:
    """The bodies that are coming in or being worked on: at most ``most_bytes`` in all, of ``most_requests``."""

    def __init__(self, most_bytes: int, most_requests: int) -> None:
        self._most_bytes = most_bytes
        self._most_requests = most_requests
        self._requests = 0
        self.bytes = 0

    def hold(self) -> Held:
        """A share of the room, empty at first."""
        return Held(self)

    def take(self, share: Held, size: int) -> bool:
        """Whether there is room for ``size`` bytes more in a share; takes it if so."""
        is_new = share.bytes == 0
        if self.bytes + size > self._most_bytes or self._requests + is_new > self._most_requests:
            return False
        self._requests += is_new
        self.bytes += size
        share.bytes += size
        return True

    def give_back(self, share: Held) -> None:
        """Frees what a share holds."""
        self._requests -= share.bytes > 0
        self.bytes -= share.bytes
        share.bytes = 0


class Held(AbstractContextManager["Held"]):
    """What one request holds of the room for all, until the block ends."""

    def __init__(self, pending: PendingBodies) -> None:
        self._pending = pending
        self.bytes = 0

    def take(self, size: int) -> bool:
        """Whether there is room for ``size`` bytes more."""
        return size == 0 or self._pending.take(self, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._pending.give_back(self)


class BodyLimit:
    """ASGI middleware: refuses a body that is too large for its route, too slow, or finds no room.

    ``max_bytes`` and ``pending`` give the largest body of a request, and the room that it shares with others.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: Callable[[Scope], int],
        pending: Callable[[Scope], PendingBodies],
        seconds: float,
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._pending = pending
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, counting and timing what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._max_bytes(scope)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > most:
            await problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(most))(scope, receive, send)
            return
        with self._pending(scope).hold() as held:
            body = _Body(receive, most, self._seconds, held)
            try:
                await self._app(scope, body.receive, body.refusing(send))
            except HTTPException:
                if body.refusal is None:
                    raise
            if body.refusal is not None and not body.started:
                headers = {**(body.refusal.headers or {}), "Connection": "close"}
                status = HTTPStatus(body.refusal.status_code)
                await problem(status, body.refusal.detail, headers)(scope, receive, send)


class _Body:
    """A request's body as it comes in.

    Once it is refused, the refusal is the response, whatever the app makes of the exception.
    """

    def __init__(self, receive: Receive, most: int, seconds: float, held: Held) -> None:
        self._receive = receive
        self._most = most
        self._seconds = seconds
        self._held = held
        self._complete = False
        self._bytes = 0
        self._waited = 0.0
        self.refusal: HTTPException | None = None
        self.started = False

    async def receive(self) -> Message:
        """The next message of the request. Raises HTTPException where the body is too large or too slow."""
        if self._complete:
            return await self._receive()  # which waits until the client hangs up
        message = await self._in_time()
        self._complete = not message.get("more_body", False)
        size = len(message.get("body", b""))
        self._bytes += size
        if self._bytes > self._most:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(self._most))
        if not self._held.take(size):
            detail = f"too much is coming in at the moment; try again in {_RETRY_AFTER} s"
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": str(_RETRY_AFTER)})
        return message

    def refusing(self, send: Send) -> Send:
        """Sends what the app does, unless the body was refused before it began to."""

        async def unless_refused(message: Message) -> None:
            if self.refusal is None or self.started:
                self.started = True
                await send(message)

        return unless_refused

    async def _in_time(self) -> Message:
        """Only the time spent waiting for the client counts."""
        began = monotonic()
        left = self._seconds + self._bytes / _LEAST_BYTES_A_SECOND - self._waited
        try:
            async with asyncio.timeout(min(self._seconds, left)):
                return await self._receive()
        except TimeoutError:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the body of the request did not come in time")
        finally:
            self._waited += monotonic() - began

    def _refuse(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> NoReturn:
        self.refusal = HTTPException(status, detail, headers)
        raise self.refusal


def _too_large(most: int) -> str:
    return f"the request is larger than {most:,} bytes"

"""What a connection may hold before its request is known: a place, for a time, and a few kilobytes.

uvicorn bounds how long an idle connection stays open after a response, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, ClassVar

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

LARGEST_HEAD = 16_384
"""Bytes of a request's first line and headers."""

_SECONDS_FOR_HEAD = 10.0
_SECONDS_FOR_WRITING = 30.0
_RETRY_AFTER = 2


class Phase(Enum):
    """What a connection is doing at present."""

    HEAD = auto()
    """Waits for a request, or for the rest of its head."""
    BODY = auto()
    """Has a request's head, and waits for the rest of its body."""
    BUSY = auto()
    """Has a whole request, and is being answered."""


class Connections:
    """The open connections of a server, at most ``most`` of them.

    Where a new one finds no room, the one is closed in its favour that has waited longest: for a head, or for progress
    of a body. So whoever opens connections and says nothing only displaces itself.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: set[BoundedProtocol] = set()
        # those that are not busy; the one that has been waiting longest stands first
        self._waiting: dict[BoundedProtocol, None] = {}

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def admit(self, protocol: BoundedProtocol) -> bool:
        """Whether there is room for ``protocol``; it may be made by closing another one."""
        if len(self._open) >= self.most and not self._make_room():
            return False
        self._open.add(protocol)
        self._waiting[protocol] = None
        return True

    def move(self, protocol: BoundedProtocol, phase: Phase) -> None:
        """Notes that ``protocol`` has made progress, and what it is doing now."""
        self._waiting.pop(protocol, None)
        if phase is not Phase.BUSY:
            self._waiting[protocol] = None

    def forget(self, protocol: BoundedProtocol) -> None:
        """Frees the place of ``protocol``, which may be gone already."""
        self._open.discard(protocol)
        self._waiting.pop(protocol, None)

    def _make_room(self) -> bool:
        longest = next(iter(self._waiting), None)
        if longest is None:
            return False
        self.forget(longest)
        longest.give_up()
        return True


class _BoundedHead(h11.Connection):
    """h11's parser, which also refuses too long a head that arrives all at once, and keeps the status of a refusal."""

    refused_with = HTTPStatus.BAD_REQUEST

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            event = super().next_event()
            if isinstance(event, h11.Request) and _size(event) > LARGEST_HEAD:
                raise h11.RemoteProtocolError("head too long", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        except h11.RemoteProtocolError as error:
            status = HTTPStatus(error.error_status_hint)
            # h11 suggests 501 for a transfer coding that it does not know, but it is the request that is at fault
            self.refused_with = HTTPStatus.BAD_REQUEST if status >= HTTPStatus.INTERNAL_SERVER_ERROR else status
            raise
        return event


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol within bounds of number, time and size. A subclass says in which connections it is counted."""

    connections_open: ClassVar[Connections]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn: _BoundedHead = _BoundedHead(h11.SERVER, LARGEST_HEAD)
        self._admitted = False
        self._phase = Phase.HEAD
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a place, or says that there is none."""
        self._admitted = self.connections_open.admit(self)
        if not self._admitted:
            self.transport = transport
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections are open")
            return
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives the connection's place back to others."""
        self.connections_open.forget(self)
        _cancel(self._head_timer, self._write_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Notes that the request has made progress."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Waits for the next request, but not for ever for the client to take what was sent."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_later()
        else:
            self._look()

    def pause_writing(self) -> None:
        """The client does not take what is sent."""
        super().pause_writing()
        _cancel(self._write_timer)
        self._write_timer = self.loop.call_later(_SECONDS_FOR_WRITING, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        _cancel(self._write_timer)

    def timeout_keep_alive_handler(self) -> None:
        """Closes, whether or not the client takes what was sent."""
        super().timeout_keep_alive_handler()
        self._abort_later()

    @property
    def is_new(self) -> bool:
        """Whether nothing was asked yet."""
        return self.cycle is None

    def finish(self) -> bool:
        """Lets the request that is under way be the last; gives whether one is."""
        if self._phase is not Phase.HEAD:
            self.cycle.keep_alive = False
        elif not self.is_new:
            super().shutdown()
        return self._phase is not Phase.HEAD

    def shutdown(self) -> None:
        """Ends the connection once it is answered; a request that has not arrived by now is not waited for."""
        if self._phase is Phase.BODY:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "the service is being stopped")
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Says that what came in is no HTTP, or too long a head."""
        status = self.conn.refused_with
        too_long = f"the head of the request is longer than {LARGEST_HEAD:,} bytes"
        self._answer(status, msg if status is HTTPStatus.BAD_REQUEST else too_long)

    def give_up(self) -> None:
        """Closes this connection, to make room for another."""
        self.transport.abort()

    def _should_upgrade(self) -> bool:
        return False  # there is nothing to upgrade to; uvicorn would log two lines for each that asks

    def _look(self) -> None:
        """Moves on to the phase that the connection is in now."""
        if self.transport.is_closing():
            return
        before, self._phase = self._phase, self._phase_now()
        if self._phase is Phase.BODY or self._phase is not before:
            self.connections_open.move(self, self._phase)
        if self._phase is not Phase.HEAD:
            _cancel(self._head_timer)
        elif before is not Phase.HEAD:
            self._start_head_timer()

    def _phase_now(self) -> Phase:
        if self.cycle is None or self.cycle.response_complete:
            return Phase.HEAD
        return Phase.BODY if self.conn.their_state is h11.SEND_BODY else Phase.BUSY

    def _start_head_timer(self) -> None:
        _cancel(self._head_timer)
        self._head_timer = self.loop.call_later(_SECONDS_FOR_HEAD, self._head_is_late)

    def _head_is_late(self) -> None:
        begun, _ = self.conn.trailing_data
        if begun:
            detail = f"the head of the request was not complete within {_SECONDS_FOR_HEAD:.0f} s"
            self._answer(HTTPStatus.REQUEST_TIMEOUT, detail)
        else:
            self.transport.abort()

    def _answer(self, status: HTTPStatus, detail: str) -> None:
        """Sends a problem past the app, which hears that the client is gone, and closes."""
        started = False
        if self.cycle is not None and not self.cycle.response_complete:
            started = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not started:
            self.transport.write(_problem(status, detail))
        self.transport.close()
        self._abort_later()

    def _abort_later(self) -> None:
        self.loop.call_later(_SECONDS_FOR_WRITING, self.transport.abort)


def bounded_protocol(most: int) -> type[BoundedProtocol]:
    """The protocol of a server with at most ``most`` connections."""

    class Bounded(BoundedProtocol):
        connections_open = Connections(most)

    return Bounded


def _size(request: h11.Request) -> int:
    return len(request.target) + sum(len(name) + len(value) for name, value in request.headers)


def _problem(status: HTTPStatus, detail: str) -> bytes:
    """A whole response; the app's own problems are made in `api.problems.responses`, which takes an ASGI request."""
    body = json.dumps({"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}).encode()
    retry_after = f"Retry-After: {_RETRY_AFTER}\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n{retry_after}Connection: close\r\n\r\n"
    )
    return head.encode() + body


def _cancel(*timers: asyncio.TimerHandle | None) -> None:
    for timer in timers:
        if timer is not None:
            timer.cancel()

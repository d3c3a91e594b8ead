"""The server around the app: its socket, its limits, and how it is stopped."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
import sys
from contextlib import suppress
from time import monotonic
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from api.middleware.forwarded import Forwarded
from api.serving.backend import Backend
from api.serving.connections import BoundedProtocol, bounded_protocol
from api.settings import Settings
from index.errors import AddressUnavailable

logger = logging.getLogger("sourcespan.server")

# connections that the system has taken for us; the event loop may take over as many at each of its turns
_BACKLOG = 128
# turns of the loop until it reads from a connection that it has taken over: by then, others must not have displaced it
_TURNS_UNTIL_READ = 4
# of the index and its threads, the log, and uploads that are written down as they come in
_OTHER_FILES = 384
_SECONDS_BETWEEN_LINES = 1.0
_SECONDS_FOR_REQUEST = 1.0
"""From when a connection was taken until it says what it wants: a proxy does so at once."""
_SECONDS_BETWEEN_LOOKS = 0.05
_IDLE_LOOKS = 2
"""So many one after the other must see no request."""


def bound(settings: Settings) -> socket.socket:
    """Bound to the address, not yet listening. Raises AddressUnavailable.

    What is sent goes out at once. asyncio sees to that for the sockets it makes itself, not for one it is given: a
    response's body would wait 40 ms until the client has acknowledged its head.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise AddressUnavailable(settings.host, settings.port, str(error.strerror)) from error
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


class Server(uvicorn.Server):
    """Serves an app of `create_app`."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._backend: Backend = app.state.backend
        self._finishing = settings.shutdown_seconds // 2
        most = max(1, min(settings.max_connections, files_allowed() - _BACKLOG - _OTHER_FILES))
        if most < settings.max_connections:
            logger.warning("the limit of open files leaves room for %s connections", most)
        protocol = bounded_protocol(most)
        self._backend.metrics.gauge("connections", "Connections that are open.", lambda: len(protocol.connections_open))
        super().__init__(
            uvicorn.Config(
                Forwarded(app, settings.proxies) if settings.proxies else app,
                http=protocol,
                ws="none",
                proxy_headers=False,
                backlog=max(1, min(_BACKLOG, most // _TURNS_UNTIL_READ)),
                timeout_graceful_shutdown=settings.shutdown_seconds - self._finishing,
                log_config=None,
                log_level="warning",
                access_log=False,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to accept connections."""
        asyncio.get_running_loop().set_exception_handler(AcceptErrors())
        await super().startup(sockets)

    def stop(self) -> None:
        """Begins to stop: whoever has asked by now is answered, if that takes no more than half of the time.

        Then what stores documents ends at once, and questions under way may end in time. May be called in a signal
        handler and on any thread.
        """
        if not self._finishing:
            self._backend.stopping()
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections, and ends those that there are: behind a proxy, no request of theirs fails."""
        for server in self.servers:
            server.close()
        began, idle = monotonic(), 0
        # a connection that was just taken over is known some turns of the loop later: one look does not see it
        while (seconds := monotonic() - began) < self._finishing and idle < _IDLE_LOOKS:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            idle = 0 if self._is_asked(seconds) else idle + 1
        self._backend.stopping()
        await super().shutdown(sockets)

    def _is_asked(self, seconds: float) -> bool:
        """Whether a request is under way, or a connection is so new that it may bring one."""
        connections = [each for each in self.server_state.connections if isinstance(each, BoundedProtocol)]
        are_asked = [each.finish() for each in connections]
        return any(are_asked) or (seconds < _SECONDS_FOR_REQUEST and any(each.is_new for each in connections))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal begins to stop; a second ends the process at once. What was acknowledged is durable."""
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        super().handle_exit(sig, frame)
        self.stop()


def files_allowed() -> int:
    """How many files and connections the process may have open, after it has asked for as many as it can get."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS names a limit that it does not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


class AcceptErrors:
    """An event loop's exception handler: connections that cannot be accepted are a line a second, with their number.

    asyncio would log each with a traceback, hundreds at once. Everything else is logged as it always is.
    """

    def __init__(self) -> None:
        self._errors = 0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Counts or logs."""
        if "socket.accept()" not in context.get("message", ""):
            loop.default_exception_handler(context)
            return
        if self._errors == 0:
            loop.call_later(_SECONDS_BETWEEN_LINES, self._log, str(context.get("exception")))
        self._errors += 1

    def _log(self, reason: str) -> None:
        logger.error("connections could not be accepted, %s times: %s", self._errors, reason)
        self._errors = 0

"""A number for each request, a line in the log, and the metrics."""

from __future__ import annotations

import logging
import re
import secrets
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.logs import request_id
from api.middleware.metrics import Metrics

logger = logging.getLogger("sourcespan.requests")

_HEADER = "X-Request-ID"
_SOUND_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}
_QUIET = {"/static", "/healthz", "/readyz", "/metrics"}

OTHER = "other"
"""The label of methods and routes that there are not."""


class Observed:
    """ASGI middleware around everything. The log has no question text, no query strings and no headers."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and notes what came of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(_HEADER, "")
        served = given if _SOUND_ID.fullmatch(given) else secrets.token_hex(8)
        began, status = perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[_HEADER] = served
            await send(message)

        token = request_id.set(served)
        try:
            await self._app(scope, receive, noting)
        finally:
            self._note(scope, status, perf_counter() - began)
            request_id.reset(token)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = _method(scope), _route(scope)
        self._metrics.request(method, route, status, seconds)
        fields = {
            "method": method,
            # as it was sent, where control characters are escaped
            "path": scope["raw_path"].decode("ascii", "backslashreplace"),
            "status": status,
            "ms": round(seconds * 1e3, 1),
            "client": scope["client"][0] if scope["client"] else None,
        }
        quiet = route in _QUIET and status < 400
        logger.log(logging.DEBUG if quiet else logging.INFO, "request", extra={"fields": fields})


def _method(scope: Scope) -> str:
    """One of the methods that HTTP knows, whatever a client invents."""
    method: str = scope["method"]
    return method if method in _METHODS else OTHER


def _route(scope: Scope) -> str:
    """The template of the route that answered, with its parameters' names: never anything of what a client sent."""
    if (route := scope.get("route")) is not None:
        return str(route.path)
    # FastAPI names only its own routes: not those of the agents, and not the folder of the page
    endpoint = scope.get("endpoint")
    for route in scope["app"].routes if endpoint is not None else ():
        if endpoint in (getattr(route, "endpoint", None), getattr(route, "app", None)):
            return str(route.path)
    return OTHER

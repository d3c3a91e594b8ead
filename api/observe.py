"""A number for each request, a line in the log, and the metrics."""

from __future__ import annotations

import logging
import re
import secrets
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import request_id
from api.metrics import Metrics

logger = logging.getLogger("sourcespan.requests")

_HEADER = "X-Request-ID"
_SOUND_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = re.compile(r"/static(/.*)?|/healthz|/readyz|/metrics")


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
        self._metrics.request(scope["method"], _route(scope), status, seconds)
        client = scope["client"][0] if scope["client"] else None
        fields = {"method": scope["method"], "path": scope["path"], "status": status, "ms": round(seconds * 1e3, 1)}
        quiet = _QUIET.fullmatch(scope["path"]) and status < 400
        logger.log(logging.DEBUG if quiet else logging.INFO, "request", extra={"fields": {**fields, "client": client}})


def _route(scope: Scope) -> str:
    """The path with its parameters' names: few values, whatever is asked for."""
    path = scope["path"]
    for value, name in ((value, name) for name, value in scope.get("path_params", {}).items()):
        path = path.replace(str(value), f"{{{name}}}", 1)
    return path if scope.get("route") is not None else "other"

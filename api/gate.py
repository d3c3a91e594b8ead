"""Who may come in: checked before anything of a request is read."""

from __future__ import annotations

import math
import re
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.keys import ApiKey, find_key, is_loopback
from api.keys import Scope as KeyScope
from api.problems import ProblemResponse, problem
from api.rate import RateLimit
from api.settings import Settings

_OPEN = re.compile(r"/|/static/.*|/healthz|/readyz|/openapi\.json")
_LIMITED = re.compile(r"/(v1|mcp)(/.*)?")
_DOCUMENTS = re.compile(r"/v1/documents(/.*)?")
_EXPORT = re.compile(r"/v1/feedback/export/?")
_READS = {"GET", "HEAD", "OPTIONS"}


class Gate:
    """ASGI middleware: names of this machine, origins, keys, rates."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._keys = settings.keys
        self._origins = settings.origins
        # a name that is made to point here must not let another site's page read what stands open on this machine
        open_here = not settings.keys and not settings.allow_anonymous
        self._only_loopback = open_here and is_loopback(settings.host)
        self._rate = RateLimit(settings.rate_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or says why not."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> ProblemResponse | None:
        headers, path, method = Headers(scope=scope), scope["path"], scope["method"]
        host = headers.get("host", "")
        if self._only_loopback and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return problem(HTTPStatus.MISDIRECTED_REQUEST, "this service answers to the names of its own machine only")
        origin = headers.get("origin")
        if origin is not None and method not in _READS and not self._is_welcome(origin, host):
            return problem(HTTPStatus.FORBIDDEN, "pages of that origin may not call this service")
        key = find_key(_shown(headers), self._keys)
        if self._keys and not _OPEN.fullmatch(path) and (refusal := _without_scope(key, _needed(method, path))):
            return refusal
        client = key.sha256 if key is not None else (scope["client"] or ("",))[0]
        wait = self._rate.wait(client) if _LIMITED.fullmatch(path) else 0.0
        if wait == 0:
            return None
        return problem(HTTPStatus.TOO_MANY_REQUESTS, "too many calls", {"Retry-After": str(math.ceil(wait))})

    def _is_welcome(self, origin: str, host: str) -> bool:
        return urlsplit(origin).netloc == host or bool({origin, "*"} & set(self._origins))


def _shown(headers: Headers) -> str:
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def _needed(method: str, path: str) -> KeyScope:
    changes_documents = _DOCUMENTS.fullmatch(path) and method not in _READS
    return "write" if changes_documents or _EXPORT.fullmatch(path) else "read"


def _without_scope(key: ApiKey | None, needed: KeyScope) -> ProblemResponse | None:
    if key is None:
        detail = "an API key is needed, as `Authorization: Bearer KEY`"
        return problem(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})
    if not key.allows(needed):
        return problem(HTTPStatus.FORBIDDEN, f"this needs a key with the scope {needed}")
    return None

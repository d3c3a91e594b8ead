"""What proxies say of the address that people typed: believed of those that the operator trusts, of nobody else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.middleware.hosts import sound_authority

FORWARDED_TO = "sourcespan_forwarded_to"
"""Where in an ASGI scope the host and the prefix stand that a trusted proxy was asked for."""

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")


class Forwarded:
    """ASGI middleware: uvicorn's, which sets client and scheme, and beside them the host and the prefix for `Links`.

    `Host` stays as it came in: it is what the gate checks.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[str]) -> None:
        self._app = ProxyHeadersMiddleware(cast(Any, app), list(proxies))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        client = scope.get("client")
        if scope["type"] == "http" and client and client[0] in self._app.trusted_hosts:
            scope[FORWARDED_TO] = _forwarded_to(Headers(scope=scope))
        await self._app(cast(Any, scope), cast(Any, receive), cast(Any, send))


def _forwarded_to(headers: Headers) -> tuple[str, str]:
    """Host and prefix, each empty where it is not there or malformed."""
    host, prefix = _last(headers, "X-Forwarded-Host"), _last(headers, "X-Forwarded-Prefix")
    return host if sound_authority(host) else "", prefix.rstrip("/") if _PREFIX.fullmatch(prefix) else ""


def _last(headers: Headers, name: str) -> str:
    # a proxy appends to what is there, which a client may have made up
    return ",".join(headers.getlist(name)).rsplit(",", 1)[-1].strip()

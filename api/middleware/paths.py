"""Paths that cannot be understood in two ways: all others are refused before anything else looks at them."""

from __future__ import annotations

import re
import string
from http import HTTPStatus
from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems.responses import problem
from index.errors.shown import shown

# RFC 3986: the characters of a path, everything else is percent-encoded
_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_NEVER_ENCODED = frozenset("/\\%." + string.ascii_letters + string.digits)


class SoundPaths:
    """ASGI middleware: answers 400 to a path that servers, proxies and routers might read differently."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or says what is wrong with its path."""
        if scope["type"] == "http":
            raw = scope.get("raw_path") or quote(scope["path"]).encode()
            written = raw.decode("latin-1")
            reason = _ambiguity(written)
            if reason is None and unquote(written) != scope["path"]:
                reason = "it is not what the server decoded it to"
            if reason is not None:
                refusal = problem(HTTPStatus.BAD_REQUEST, f"the path {shown(written)} cannot be used: {reason}")
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _ambiguity(written: str) -> str | None:
    """What is wrong with a path as it was sent, without its query; None where nothing is."""
    if not _PATH.fullmatch(written):
        return "it does not begin with a slash, or holds characters that must be percent-encoded"
    try:
        encoded = "".join(unquote(run, errors="strict") for run in _ENCODED.findall(written))
    except UnicodeDecodeError:
        return "what is percent-encoded in it is not UTF-8"
    if not encoded.isprintable() or not _NEVER_ENCODED.isdisjoint(encoded):
        return "it holds a percent-encoded character that may not be encoded, or not stand in a path"
    segments = written.split("/")[1:]
    if "" in segments[:-1] or any(segment.endswith(".") for segment in segments):
        return "it holds a segment that is empty or ends with a dot"
    return None

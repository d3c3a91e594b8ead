"""Who may come in: checked before anything of a request is read."""

from __future__ import annotations

import ipaddress
import math
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from api.keys import ApiKey, find_key
from api.keys import Scope as KeyScope
from api.middleware.access import within
from api.middleware.hosts import MalformedHeader, answers_to, host_name, only, origin_authority
from api.middleware.rate import Caller, RateLimit, caller
from api.middleware.rules import RouteRules, find_rules, keep_allowed, keep_rules
from api.problems.responses import ProblemResponse, problem
from api.settings import Settings
from index.errors.shown import shown

_READS = {"GET", "HEAD", "OPTIONS"}
_TIMES_AS_OFTEN = 10
_IPV6_PREFIX = 64  # one client has as many addresses as it likes behind it


class Gate:
    """ASGI middleware: names of this service, origins, keys, rates; by the rules of the route that is reached."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._keys = settings.keys
        self._origins = settings.origins
        self._allowed_hosts = settings.names
        self._served_on = settings.host
        # a name that is made to point here must not let another site's page read what is open without a key
        self._checks_host = bool(settings.names) or not settings.keys
        self._calls = RateLimit(settings.rate_limit)
        self._frequent_calls = RateLimit(settings.rate_limit * _TIMES_AS_OFTEN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or says why not."""
        if scope["type"] == "http":
            rules = find_rules(scope["app"].routes, scope)
            keep_rules(scope, rules)
            await (self._refusal(scope, rules) or self._app)(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)  # there are none
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, rules: RouteRules) -> ProblemResponse | None:
        headers = Headers(scope=scope)
        try:
            name, origin, authorization = host_name(headers), origin_authority(headers), only(headers, "Authorization")
        except MalformedHeader as error:
            return problem(HTTPStatus.BAD_REQUEST, str(error))
        if self._checks_host and not answers_to(name, self._allowed_hosts, self._served_on):
            return _unknown_name(name)
        if origin is not None and scope["method"] not in _READS and not self._is_welcome(origin, headers):
            return problem(HTTPStatus.FORBIDDEN, "pages of that origin may not call this service")
        key = find_key(_bearer(authorization or ""), self._keys)
        limit = self._frequent_calls if rules.often else self._calls
        client = key.sha256 if key is not None else _address(scope)
        caller.set(Caller(client, limit))
        keep_allowed(scope, key.scope if key is not None else "write")  # where no key is set, or the route is open
        # without a key nothing is seen where keys are asked for, though a route may forget to ask for one
        within.set(key.collections if key is not None else frozenset() if self._keys else None)
        wait = limit.wait(client)
        if wait > 0:
            return problem(HTTPStatus.TOO_MANY_REQUESTS, "too many calls", {"Retry-After": str(math.ceil(wait))})
        if not self._keys or rules.needs is None:
            return None
        return _without_scope(key, rules.needs, came=bool(authorization))

    def _is_welcome(self, authority: str, headers: Headers) -> bool:
        is_ours = authority != "" and authority == headers.get("host", "").lower()
        return is_ours or bool({headers["origin"], "*"} & set(self._origins))


def _unknown_name(name: str | None) -> ProblemResponse:
    detail = (
        f"this service does not answer to the name {shown(name or '', 100)!r}: whoever runs it, behind a proxy say, "
        "puts that into SOURCESPAN_ALLOWED_HOSTS"
    )
    return problem(HTTPStatus.MISDIRECTED_REQUEST, detail)


def _bearer(authorization: str) -> str:
    kind, _, key = authorization.partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def _address(scope: Scope) -> str:
    """Whose calls are counted together; what is no address, as a proxy may hand it on, is one client with its like."""
    try:
        address = ipaddress.ip_address((scope["client"] or ("",))[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:  # as a socket for both shows it
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, _IPV6_PREFIX), strict=False))


def _without_scope(key: ApiKey | None, needed: KeyScope, *, came: bool) -> ProblemResponse | None:
    if key is None:
        detail = "an API key is needed, as `Authorization: Bearer KEY`"
        if came:
            detail += "; the one that came is not known here: it is mistyped, or not in use any more"
        return problem(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})
    if not key.allows(needed):
        return problem(HTTPStatus.FORBIDDEN, f"this needs a key with the scope {needed}")
    return None

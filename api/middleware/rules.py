"""What a route declares where it is defined: who may call it, how often, and how large a body it takes.

The gate asks the app's own router which route a request reaches, so that the two cannot mean different routes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from api.keys import Scope as KeyScope
from api.settings import Settings

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

LARGE_BODY = 2_000_000
"""Bytes of a conversation, which brings its whole past along."""

# JSON may write a character as six bytes, \u1234, that UTF-8 writes as one or more
_JSON_OVERHEAD = 6
_DECLARED = "sourcespan_rules"
_ALLOWED = "sourcespan_allowed"


@dataclass(frozen=True, slots=True)
class RouteRules:
    """What is checked before a route sees anything of a request. A route that declares nothing has the strictest."""

    needs: KeyScope | None = "write"
    """The scope that a key must have where keys are set; None: no key is asked for."""
    body_bytes: int = 256_000
    """The largest body."""
    takes_documents: bool = False
    """Whether bodies may be as large as the largest document makes them, whatever ``body_bytes`` is."""
    often: bool = False
    """Whether it is for pages and monitors, which ask often: the limit of calls is ten times as high."""

    def largest_body(self, settings: Settings) -> int:
        """The largest body that a request at this route may have, in bytes."""
        return settings.max_document_bytes * _JSON_OVERHEAD if self.takes_documents else self.body_bytes


OPEN = RouteRules(needs=None, often=True)
"""For what shows nothing of the documents: pages and monitors."""
READ = RouteRules(needs="read")

_STRICTEST = RouteRules()


def declares(rules: RouteRules) -> Callable[[Endpoint], Endpoint]:
    """Decorates the endpoint of a route, a function or an ASGI app, with its rules."""

    def decorated(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _DECLARED, rules)
        return endpoint

    return decorated


def find_rules(routes: Iterable[BaseRoute], scope: Scope) -> RouteRules:
    """The rules of the route that a request reaches; the strictest where its path or its method has none."""
    for route in iter_route_contexts(list(routes)):
        match, selected = route.matches(scope)
        if match is Match.FULL:
            rules: RouteRules = getattr(selected["endpoint"], _DECLARED, _STRICTEST)
            return rules
    return _STRICTEST


def keep_rules(scope: Scope, rules: RouteRules) -> None:
    """Notes the rules of a request for what comes behind the gate."""
    scope[_DECLARED] = rules


def rules_of(scope: Scope) -> RouteRules:
    """The rules of a request that the gate has let through; the strictest where it has not seen it."""
    rules: RouteRules = scope.get(_DECLARED, _STRICTEST)
    return rules


def keep_allowed(scope: Scope, allowed: KeyScope) -> None:
    """Notes what whoever sent a request may do."""
    scope[_ALLOWED] = allowed


def allowed_to(scope: Scope) -> KeyScope:
    """What whoever sent a request may do, of one that the gate has let through."""
    allowed: KeyScope = scope[_ALLOWED]
    return allowed

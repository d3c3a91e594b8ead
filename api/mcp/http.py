"""The Model Context Protocol over streamable HTTP, at ``/mcp``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from mcp.server.transport_security import TransportSecuritySettings
from starlette.routing import BaseRoute, Route

from api.mcp.messages import BoundedMessages
from api.mcp.tools import server_of
from api.middleware.rules import LARGE_BODY, RouteRules, declares
from api.serving.backend import Backend
from api.settings import Settings

_CONVERSES = RouteRules(needs="read", body_bytes=LARGE_BODY)


def mcp_routes(
    backend: Backend, settings: Settings
) -> tuple[list[BaseRoute], Callable[[], AbstractAsyncContextManager[None]]]:
    """The routes to serve, and what has to run while they are. No state is kept between calls."""
    server = server_of(backend, settings)
    app = server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        # the gate has looked at the host and the origin
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    (route,) = app.routes
    assert isinstance(route, Route)  # noqa: S101
    endpoint = declares(_CONVERSES)(BoundedMessages(route.endpoint))
    return [Route(route.path, endpoint)], server.session_manager.run

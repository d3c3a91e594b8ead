"""What FastAPI gives to the routes: the backend, the settings, links to the page."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from api.problems.responses import ClientGone
from api.serving.backend import Backend
from api.settings import Settings
from api.wire.page_links import Links

T = TypeVar("T")

# says so in the OpenAPI document; the gate checks it, before anything of the request is read
SHOWS_KEY = Security(HTTPBearer(auto_error=False, description="An API key, where the service asks for one."))


def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


CurrentBackend = Annotated[Backend, Depends(_backend)]
CurrentSettings = Annotated[Settings, Depends(_settings)]


def _links(request: Request, settings: CurrentSettings) -> Links:
    return Links.of(settings, request)


CurrentLinks = Annotated[Links, Depends(_links)]


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` gives; cancels it when the client hangs up. The body of ``request`` must have been read."""
    working = asyncio.create_task(work)
    hung_up = asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait({working, hung_up}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        return await working
    finally:
        hung_up.cancel()
        working.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

"""The application factory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.middleware.cors import CORSMiddleware

from api.mcp.http import mcp_routes
from api.middleware.gate import Gate
from api.middleware.headers import SecureHeaders
from api.middleware.limits import BodyLimit, PendingBodies
from api.middleware.observe import Observed
from api.middleware.paths import SoundPaths
from api.middleware.rules import OPEN, declares, rules_of
from api.openai import completions, embeddings, responses
from api.problems.responses import Problem, Unexpected, add_problem_handlers
from api.routes import ask, collections, dify, documents, feedback, health, originals, page
from api.routes.page_files import PageFiles
from api.serving.backend import Backend
from api.serving.memory import giving_memory_back
from api.serving.stopping import Stopping
from api.settings import Settings
from api.wire.contract import Contract
from rag.engine import Sourcespan

# bodies that are held in memory, in bytes of all, and those that are written down, which are open files
_MOST_IN_MEMORY = 64_000_000
_MOST_UPLOADS = 64


def create_app(library: Sourcespan, settings: Settings) -> FastAPI:
    """The app over opened documents, which it closes at the end."""
    backend = Backend(library, settings)
    routes_for_agents, serving_agents = mcp_routes(backend, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with backend, serving_agents(), giving_memory_back():
            yield

    app = create_api(lifespan=lifespan, telemetry=_telemetry(settings))
    app.state.backend = backend
    app.state.settings = settings
    app.state.examples = {}
    app.router.routes.extend(routes_for_agents)
    files = PageFiles()
    app.mount("/static", declares(OPEN)(files), name="static")
    app.add_api_route("/", declares(OPEN)(lambda: HTMLResponse(files.page)), include_in_schema=False)
    # from the inside out
    on_disk = PendingBodies(settings.max_pending_bytes, _MOST_UPLOADS)
    in_memory = PendingBodies(_MOST_IN_MEMORY, settings.max_connections)
    backend.metrics.gauge("pending_bytes", "Bytes of uploads that come in or wait.", lambda: on_disk.bytes)
    app.add_middleware(
        BodyLimit,
        max_bytes=lambda scope: rules_of(scope).largest_body(settings),
        pending=lambda scope: on_disk if rules_of(scope).takes_documents else in_memory,
        seconds=settings.body_seconds,
    )
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(Stopping, backend=backend)
    if settings.origins:
        app.add_middleware(CORSMiddleware, allow_origins=settings.origins, allow_methods=["*"], allow_headers=["*"])
    app.add_middleware(SoundPaths)
    app.add_middleware(Unexpected)
    app.add_middleware(SecureHeaders)
    app.add_middleware(Observed, metrics=backend.metrics)
    return app


def create_api(**given: Any) -> FastAPI:  # noqa: ANN401
    """The routes alone, which the OpenAPI document describes; ``given`` goes to FastAPI."""
    app = Contract(
        title="Sourcespan",
        version=version("sourcespan"),
        description="Extractive question answering: every answer is an exact quote of a document, or an honest no.",
        # the interactive pages of FastAPI load their scripts from the network
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # a path means one thing, or nothing
        redirect_slashes=False,
        responses={"default": {"model": Problem, "description": "What is wrong."}},
        **given,
    )
    ours = (ask, documents, originals, collections, feedback, page, health)
    for routes in (*ours, completions, responses, embeddings, dify):
        app.include_router(routes.router)
    add_problem_handlers(app)

    @app.get("/openapi.json", include_in_schema=False)
    @declares(OPEN)
    async def contract() -> JSONResponse:
        return JSONResponse(app.openapi())

    return app


def _telemetry(settings: Settings) -> dict[str, bool]:
    # FastAPI's own; logs and metrics are ours
    return {"tracing": settings.traces, "auto_configure": settings.traces, "metrics": False, "logs": False}

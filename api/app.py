"""The application factory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from api.limits import BodyLimit
from api.problems import add_problem_handlers
from api.routes import ask, documents, health
from api.schemas import ValidationProblem
from api.service import Service
from api.settings import Settings

_WEB = Path(__file__).parent / "web"
# JSON may write a character as six bytes, \u1234, that UTF-8 writes as one or more
_JSON_OVERHEAD = 6

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # always asked again (most often answered 304), so that an upgrade never mixes old and new files of the page
    "Cache-Control": "no-cache",
}


def create_app(service: Service, settings: Settings) -> FastAPI:
    """The app over a loaded service, which it closes at the end."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.index.close()

    app = FastAPI(
        title="Sourcespan",
        version=version("sourcespan"),
        description="Extractive question answering: every answer is an exact quote of a document, or an honest no.",
        lifespan=lifespan,
        # the interactive pages of FastAPI load their scripts from the network
        docs_url=None,
        redoc_url=None,
        responses={422: {"model": ValidationProblem, "description": "A field is wrong."}},
    )
    app.state.service = service
    app.state.settings = settings
    app.include_router(ask.router)
    app.include_router(documents.router)
    app.include_router(health.router)
    add_problem_handlers(app)
    app.add_middleware(BodyLimit, max_bytes=settings.max_document_bytes * _JSON_OVERHEAD)

    @app.middleware("http")
    async def secure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    @app.get("/", include_in_schema=False)
    def chat_page() -> FileResponse:
        return FileResponse(_WEB / "index.html")

    app.mount("/static", StaticFiles(directory=_WEB), name="static")
    return app

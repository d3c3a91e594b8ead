"""Health, readiness and metrics, for whoever watches over the service."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field

from api.middleware.rules import OPEN, READ, declares
from api.problems.responses import problem
from api.serving.dependencies import SHOWS_KEY, CurrentBackend
from api.wire.json_route import JsonRoute

router = APIRouter(route_class=JsonRoute, tags=["operators"])


class Health(BaseModel):
    """How the service is."""

    status: str


class Quota(BaseModel):
    """How much of something is stored, and how much may be."""

    used: int
    limit: int = Field(description="0: no limit.")


class Readiness(Health):
    """What it has loaded."""

    documents: int
    passages: int
    words_behind: int = Field(description="Changes that its index of words follows before the next answer.")
    embedder: str
    reader: str
    feedback: str = Field(description="`ok`, or why what users say of answers cannot be kept at present.")
    quotas: dict[str, Quota] = Field(
        description="What may be stored: `documents`, `text_bytes` (of all texts in UTF-8), entries of `feedback`."
    )


@router.get("/healthz")
@declares(OPEN)
async def healthz() -> Health:
    """The process is alive."""
    return Health(status="alive")


@router.get("/readyz", response_model=Readiness)
@declares(OPEN)
async def readyz(backend: CurrentBackend) -> Readiness | JSONResponse:
    """The models are loaded, the index is open and the reader answers; told within two seconds whatever the load.

    The reader answers a self-test question, unless it answered somebody in the last ten seconds.
    """
    state = await backend.readiness.state()
    if state.reason:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, state.reason)
    return Readiness(
        status="ready",
        documents=state.documents,
        passages=state.passages,
        words_behind=state.words_behind,
        embedder=backend.library.embedder.fingerprint,
        reader=backend.library.reader.fingerprint,
        feedback=state.feedback,
        quotas={what: Quota(used=used, limit=limit) for what, (used, limit) in state.quotas.items()},
    )


@router.get("/metrics", response_class=PlainTextResponse, dependencies=[SHOWS_KEY])
@declares(READ)
async def metrics(backend: CurrentBackend) -> Response:
    """Counts, latencies and the length of the queue, for Prometheus."""
    text = await backend.look_up(backend.metrics.text)
    return Response(text, media_type="text/plain; version=0.0.4")

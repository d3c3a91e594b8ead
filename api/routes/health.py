"""For whoever watches over the service."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.dependencies import CurrentService
from api.problems import problem
from api.schemas import Health, Problem, Readiness

router = APIRouter(tags=["operators"])


@router.get("/healthz")
def healthz() -> Health:
    """The process is alive."""
    return Health(status="alive")


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Problem, "description": "Not ready."}})
def readyz(service: CurrentService) -> Readiness | JSONResponse:
    """The models are loaded, the index is open and a self-test question is answered."""
    if not service.self_test():
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The reader does not answer the self-test question.")
    documents, passages = service.index.catalogue.count()
    return Readiness(
        status="ready",
        documents=documents,
        passages=passages,
        embedder=service.embedder.fingerprint,
        reader=service.reader.fingerprint,
    )

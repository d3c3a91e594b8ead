"""Asking."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import CurrentService
from api.schemas import AskRequest, AskResponse

router = APIRouter(prefix="/v1", tags=["ask"])


@router.post("/ask")
def ask(body: AskRequest, service: CurrentService) -> AskResponse:
    """Answers with exact quotes, or says that the documents don't hold the answer."""
    result = service.answerer.ask(
        body.question,
        top_k=body.top_k,
        n_best=body.n_best,
        document_ids=body.document_ids,
        min_confidence=body.min_confidence,
    )
    return AskResponse.of(result, include_passages=body.include_passages)

"""Dify's external knowledge: its applications look into the documents with `POST /retrieval`."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.middleware.rules import READ, declares
from api.wire.dependencies import SHOWS_KEY, CurrentBackend, CurrentSettings, unless_gone
from api.wire.documents import documents_of
from api.wire.json_route import JsonRoute
from api.wire.links import CurrentLinks, Links
from api.wire.requests import Lenient, Text
from api.wire.wording import source_of
from index.documents import Document
from rag.answers import RetrievedPassage, Span
from rag.config import MAX_TOP_K

router = APIRouter(route_class=JsonRoute, tags=["dify"], dependencies=[SHOWS_KEY])


class RetrievalSetting(Lenient):
    """How many records are wanted, and how good."""

    top_k: Annotated[int, Field(ge=1, description=f"Records to give, at most {MAX_TOP_K}.")]
    score_threshold: Annotated[float | None, Field(ge=0, le=1, strict=False)] = None


class RetrievalRequest(Lenient):
    """What Dify asks."""

    knowledge_id: Annotated[Text, Field(description="`sourcespan` for all documents, or the id of one.")]
    query: Text
    retrieval_setting: RetrievalSetting
    metadata_condition: Annotated[Any, Field(description="Refused where there is any.")] = None


class RecordOut(BaseModel):
    """A passage."""

    content: str
    score: float
    title: Annotated[str, Field(description="Of the document, with page and heading.")]
    metadata: Annotated[
        dict[str, str | bool | int | float],
        Field(description="The document's own, and where in it the passage stands; nothing that is null."),
    ]


class RecordsOut(BaseModel):
    """The passages, best first."""

    records: list[RecordOut]


@router.post("/retrieval")
@declares(READ)
async def retrieve(
    body: RetrievalRequest, request: Request, backend: CurrentBackend, settings: CurrentSettings, links: CurrentLinks
) -> RecordsOut:
    """The passages that are nearest to the query, for an application in Dify.

    Problems have Dify's members too: `error_msg`, and `error_code`, 1001 or 1002 for keys, 2001 for no such knowledge.
    """
    if body.metadata_condition:
        detail = "metadata_condition is not possible here: name a document as knowledge_id"
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    wanted, least = body.retrieval_setting, body.retrieval_setting.score_threshold or 0.0
    document_ids = None
    if body.knowledge_id not in settings.models_served:
        view = backend.view
        await backend.look_up(lambda: view.document(body.knowledge_id))  # where it is not there, says so
        document_ids = [body.knowledge_id]
    top_k = min(wanted.top_k, MAX_TOP_K)
    retrieval = await unless_gone(request, backend.search(body.query, top_k, document_ids))
    documents = await documents_of(backend, retrieval.passages)
    records = _records(retrieval.passages, documents, links)
    return RecordsOut(records=[record for record in records if record.score >= least])


def _records(passages: Iterable[RetrievedPassage], documents: dict[str, Document], links: Links) -> Iterable[RecordOut]:
    for each in passages:
        passage = each.passage
        if (document := documents.get(passage.document_id)) is None:
            continue
        own = {
            name: ", ".join(map(str, value)) if isinstance(value, list) else value
            for name, value in document.metadata.items()
            if value is not None
        }
        page = {"page": passage.location.page} if passage.location.page else {}
        metadata = (
            own
            | page
            | {
                "path": document.source,
                "description": passage.context.shown,
                "url": links.to(document, Span(passage.start, passage.end)),
                "document_id": document.id,
                "sha256": document.sha256,
                "start": passage.start,
                "end": passage.end,
            }
        )
        # a reranker's score is no share of 1
        score = min(1.0, max(0.0, each.score))
        title = source_of(document, passage.location)
        yield RecordOut(content=passage.text, score=score, title=title, metadata=metadata)

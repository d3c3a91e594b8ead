"""Dify's external knowledge: its applications look into the documents with `POST /retrieval`."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.middleware.rules import READ, declares
from api.serving.dependencies import SHOWS_KEY, CurrentBackend, CurrentLinks, CurrentSettings, unless_gone
from api.serving.lookup import documents_of
from api.wire.json_route import JsonRoute
from api.wire.page_links import Links
from api.wire.requests import Lenient, Text
from api.wire.wording import source_of
from index.documents import Document
from index.errors.shown import shown
from rag.answers import RetrievedPassage, Span
from rag.config import MAX_TOP_K

router = APIRouter(route_class=JsonRoute, tags=["dify"], dependencies=[SHOWS_KEY])

_OPERATORS = {
    **{"is": "$eq", "is not": "$ne", "in": "$in", "not in": "$nin", "before": "$lt", "after": "$gt"},
    **{"=": "$eq", "≠": "$ne", ">": "$gt", "<": "$lt", "≥": "$gte", "≤": "$lte"},
}
_THERE = {"empty": False, "not empty": True}
_OF_NUMBERS = {"=", "≠", ">", "<", "≥", "≤"}


class RetrievalSetting(Lenient):
    """How many records are wanted, and how good."""

    top_k: Annotated[int, Field(ge=1, description=f"Records to give, at most {MAX_TOP_K}.")]
    score_threshold: Annotated[float | None, Field(ge=0, le=1, strict=False)] = None


class Comparison(Lenient):
    """What an entry of a document's metadata must be; of several names one is enough."""

    name: Text | Annotated[list[Text], Field(min_length=1)]
    comparison_operator: Annotated[Text, Field(description=f"One of {', '.join(_OPERATORS)}; `empty`, `not empty`.")]
    value: Any = None

    def filter(self) -> dict[str, Any]:
        """As `docs/filters.md` has it. Raises HTTPException where there is no such comparison here."""
        operator = self.comparison_operator
        if operator in _THERE:
            test: dict[str, Any] = {"$exists": _THERE[operator]}
        elif operator in _OPERATORS:
            test = {_OPERATORS[operator]: _number(self.value) if operator in _OF_NUMBERS else self.value}
        else:
            detail = f"the comparison_operator '{shown(operator)}' is not possible here"
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
        names = [self.name] if isinstance(self.name, str) else self.name
        return {"$or": [{"metadata": {name: test}} for name in names]}


class MetadataCondition(Lenient):
    """Which documents are looked into."""

    logical_operator: Literal["and", "or"] = "and"
    conditions: Annotated[list[Comparison], Field(max_length=20, fail_fast=True, default_factory=list)]

    def filter(self) -> dict[str, Any] | None:
        """As `docs/filters.md` has it; None where it leaves nothing out."""
        conditions = [each.filter() for each in self.conditions]
        return {f"${self.logical_operator}": conditions} if conditions else None


class RetrievalRequest(Lenient):
    """What Dify asks."""

    knowledge_id: Annotated[
        Text, Field(description="`sourcespan` for all documents, the name of a collection, or the id of a document.")
    ]
    query: Text
    retrieval_setting: RetrievalSetting
    metadata_condition: MetadataCondition | None = None


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
    wanted, least = body.retrieval_setting, body.retrieval_setting.score_threshold or 0.0
    condition = body.metadata_condition.filter() if body.metadata_condition is not None else None
    document_ids, collection = None, None
    if body.knowledge_id not in settings.models_served:
        view = backend.view
        if body.knowledge_id in await backend.look_up(lambda: {each.name for each in view.collections()}):
            collection = {"collections": body.knowledge_id}
        else:
            await backend.look_up(lambda: view.document(body.knowledge_id))  # where it is not there, says so
            document_ids = [body.knowledge_id]
    both = [each for each in (condition, collection) if each is not None]
    searching = backend.search(
        body.query, min(wanted.top_k, MAX_TOP_K), document_ids, filter={"$and": both} if both else None
    )
    retrieval = await unless_gone(request, searching)
    documents = await documents_of(backend, retrieval.passages)
    records = _records(retrieval.passages, documents, links)
    return RecordsOut(records=[record for record in records if record.score >= least])


def _number(value: object) -> object:
    """A number that Dify wrote as text, as one."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


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

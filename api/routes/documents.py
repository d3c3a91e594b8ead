"""Documents: put in, list, read, replace, remove."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import PlainTextResponse

from api.dependencies import CurrentService, CurrentSettings
from api.schemas import DocumentIn, DocumentOut, DocumentPage, Problem
from api.settings import Settings
from index.documents import DocumentDraft
from index.errors import DocumentTooLarge

router = APIRouter(prefix="/v1/documents", tags=["documents"])

_NOT_FOUND: dict[int | str, dict[str, object]] = {404: {"model": Problem, "description": "No such document."}}


@router.post(
    "", status_code=HTTPStatus.CREATED, responses={200: {"model": DocumentOut, "description": "Already there."}}
)
def add(
    body: DocumentIn, request: Request, response: Response, service: CurrentService, settings: CurrentSettings
) -> DocumentOut:
    """Stores a document and makes it searchable; the same text again is the document that is already there."""
    document, is_new = service.index.add(_draft(body, settings))
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    response.headers["Location"] = request.app.url_path_for("show", document_id=document.id)
    return DocumentOut.of(document)


@router.get("")
def page(
    service: CurrentService,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> DocumentPage:
    """The documents, the oldest first."""
    documents = service.index.catalogue.documents(limit=limit, offset=offset)
    total, _ = service.index.catalogue.count()
    return DocumentPage(documents=[DocumentOut.of(d) for d in documents], total=total, limit=limit, offset=offset)


@router.get("/{document_id}", responses=_NOT_FOUND)
def show(document_id: str, service: CurrentService) -> DocumentOut:
    """One document, without its text."""
    return DocumentOut.of(service.index.catalogue.document(document_id))


@router.get("/{document_id}/text", responses=_NOT_FOUND, response_class=PlainTextResponse)
def text(document_id: str, service: CurrentService, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The stored text, which all offsets refer to. The ETag is its sha256."""
    document, stored = service.index.catalogue.with_text(document_id)
    headers = {"ETag": f'"{document.sha256}"'}
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return PlainTextResponse(stored, headers=headers)


@router.put("/{document_id}", responses={**_NOT_FOUND, 409: {"model": Problem, "description": "Text of another one."}})
def replace(document_id: str, body: DocumentIn, service: CurrentService, settings: CurrentSettings) -> DocumentOut:
    """Puts another text in a document's place, all at once."""
    return DocumentOut.of(service.index.replace(document_id, _draft(body, settings)))


@router.delete("/{document_id}", status_code=HTTPStatus.NO_CONTENT, responses=_NOT_FOUND)
def remove(document_id: str, service: CurrentService) -> None:
    """Removes a document and all its passages."""
    service.index.delete(document_id)


def _draft(body: DocumentIn, settings: Settings) -> DocumentDraft:
    size = len(body.text.encode())
    if size > settings.max_document_bytes:
        raise DocumentTooLarge(body.title, size, settings.max_document_bytes)
    return body.draft()

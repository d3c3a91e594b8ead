"""Documents: put in, list, read, replace, remove."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from api.middleware.rules import READ, RouteRules, declares
from api.problems import Problem, ProblemResponse, problem
from api.serving.backend import Backend
from api.settings import Settings
from api.wire.dependencies import SHOWS_KEY, CurrentBackend, CurrentSettings, unless_gone
from api.wire.requests import Sent
from api.wire.schemas import DocumentOut, DocumentPage
from api.wire.sse import MEDIA_TYPE, Event, event_stream, wants_events
from api.wire.uploads import Upload, UploadReport, add_to, draft_in, posted_document, store_all, uploads_in

router = APIRouter(prefix="/v1/documents", tags=["documents"], dependencies=[SHOWS_KEY])

_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
_JSON_DOCUMENT = {"application/json": {"schema": {"$ref": "#/components/schemas/DocumentIn"}}}
_TAKES = {
    "requestBody": {
        "required": True,
        "content": {
            **_JSON_DOCUMENT,
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"files": _FILES}, "required": ["files"]},
            },
        },
    }
}
_GIVES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": DocumentOut | UploadReport,
        "description": "Already there; or with `Accept: text/event-stream` events: `progress` (FileProgress) while a "
        "file is under way, `file` (UploadedFile) when its end is known, `done` (UploadReport) in the end.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
}


_MOST_TOLD = 20
_STORES = RouteRules(needs="write", takes_documents=True)


class PageQuery(Sent):
    """Which documents to list."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=DocumentOut | UploadReport,
    responses=_GIVES,
    openapi_extra=_TAKES,
)
@declares(_STORES)
async def add(
    request: Request, response: Response, backend: CurrentBackend, settings: CurrentSettings
) -> DocumentOut | UploadReport | Response:
    """Stores a document, as JSON or as a file, or several files, and makes them searchable; a .zip is unpacked.

    The same text again is the document that is already there. What becomes of each of several files, or of each in an
    archive, is in the report; where none of them can be stored, the status is 422, or that of the only one. With
    `Accept: text/event-stream` the progress is streamed.
    """
    if wants_events(request):
        return await event_stream(_events(request, backend, settings))
    async with uploads_in(request, backend.parser, settings) as uploads:
        if len(uploads) > 1 or uploads[0].is_archive:
            return await unless_gone(request, _several(backend, uploads, response))
        added = await unless_gone(request, backend.ingest(add_to(backend, uploads[0])))
    response.status_code = HTTPStatus.CREATED if added.is_new else HTTPStatus.OK
    document = added.document_or_error()
    response.headers["Location"] = request.app.url_path_for("show", document_id=document.id)
    return DocumentOut.of(document)


@router.get("")
@declares(READ)
async def page(backend: CurrentBackend, wanted: Annotated[PageQuery, Query()]) -> DocumentPage:
    """The documents, the oldest first."""
    index, limit, offset = backend.library.index, wanted.limit, wanted.offset
    documents = await backend.look_up(lambda: index.documents(limit=limit, offset=offset))
    total, _ = await backend.look_up(index.count)
    return DocumentPage(documents=[DocumentOut.of(d) for d in documents], total=total, limit=limit, offset=offset)


@router.get("/{document_id}")
@declares(READ)
async def show(document_id: str, backend: CurrentBackend) -> DocumentOut:
    """One document, without its text."""
    return DocumentOut.of(await backend.look_up(lambda: backend.library.index.document(document_id)))


@router.get(
    "/{document_id}/text",
    response_class=PlainTextResponse,
    responses={304: {"description": "The ETag that was sent is that of the text."}},
)
@declares(READ)
async def text(
    document_id: str, backend: CurrentBackend, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The stored text, which all offsets refer to. The ETag is its sha256."""
    document, stored = await backend.look_up(lambda: backend.library.index.with_text(document_id))
    headers = {"ETag": f'"{document.sha256}"'}
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return PlainTextResponse(stored, headers=headers)


@router.put("/{document_id}", openapi_extra={"requestBody": {"required": True, "content": _JSON_DOCUMENT}})
@declares(_STORES)
async def replace(document_id: str, request: Request, backend: CurrentBackend) -> DocumentOut:
    """Puts another text in a document's place, all at once. What feedback quotes of the old one is erased."""
    async with posted_document(request, backend.parser) as upload:
        replacing = backend.ingest(
            lambda progress, stop: backend.replace(document_id, draft_in(upload, stop), progress)
        )
        return DocumentOut.of(await unless_gone(request, replacing))


@router.delete("/{document_id}", status_code=HTTPStatus.NO_CONTENT)
@declares(RouteRules(needs="write"))
async def remove(document_id: str, backend: CurrentBackend) -> None:
    """Removes a document and all its passages, and what feedback quotes of it."""
    await backend.look_up(lambda: backend.remove(document_id))


async def _events(request: Request, backend: Backend, settings: Settings) -> AsyncGenerator[Event]:
    reading = uploads_in(request, backend.parser, settings)
    async with reading as uploads, aclosing(store_all(backend, uploads)) as events:
        async for event in events:
            yield event


async def _several(backend: Backend, uploads: list[Upload], response: Response) -> UploadReport | Response:
    *_, (_, report) = [event async for event in store_all(backend, uploads)]
    assert isinstance(report, UploadReport)  # noqa: S101
    stored = [file for file in report.files if file.document is not None]
    if not stored:
        return _none_of([file.problem for file in report.files if file.problem is not None])
    response.status_code = HTTPStatus.CREATED if any(file.is_new for file in stored) else HTTPStatus.OK
    return report


def _none_of(problems: list[Problem]) -> Response:
    if len(problems) == 1:
        return ProblemResponse(problems[0])
    details = [problem.detail for problem in problems[:_MOST_TOLD]]
    if len(problems) > _MOST_TOLD:
        details.append(f"and {len(problems) - _MOST_TOLD:,} more")
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(details))

"""Documents: put in, list, read, replace, remove."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field
from starlette.exceptions import HTTPException

from api.middleware.rules import READ, RouteRules, declares
from api.problems.responses import Problem, ProblemResponse, problem
from api.routes.uploads import (
    ConflictQuery,
    Upload,
    UploadReport,
    Wishes,
    add_to,
    replace_with,
    store_all,
    uploads_in,
)
from api.serving.backend import Backend
from api.serving.dependencies import SHOWS_KEY, CurrentBackend, CurrentSettings, unless_gone
from api.settings import Settings
from api.wire.documents.schemas import AddedDocument, DocumentOut, DocumentPage
from api.wire.requests import Sent, Text
from api.wire.sse import MEDIA_TYPE, Event, event_stream, wants_events
from api.wire.strict_json import MalformedJson, parse_json
from index.errors import InvalidFilter
from index.store.catalogue.arrivals import Conflict
from index.store.catalogue.shelves import Sort

router = APIRouter(prefix="/v1/documents", tags=["documents"], dependencies=[SHOWS_KEY])

_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
_FIELDS = {
    "files": _FILES,
    "collections": {"type": "array", "items": {"type": "string"}},
    "on_conflict": {"type": "string", "enum": list(get_args(Conflict))},
    "metadata": {"type": "string", "description": "An object, as JSON."},
}
_JSON_DOCUMENT = {"application/json": {"schema": {"$ref": "#/components/schemas/DocumentIn"}}}
_TAKES = {
    "requestBody": {
        "required": True,
        "content": {
            **_JSON_DOCUMENT,
            "multipart/form-data": {
                "schema": {"type": "object", "properties": _FIELDS, "required": ["files"]},
            },
        },
    }
}
_GIVES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": AddedDocument | UploadReport,
        "description": "Already there; or with `Accept: text/event-stream` events: `progress` (FileProgress) while a "
        "file is under way, `file` (UploadedFile) when its end is known, `done` (UploadReport) in the end.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
}


_MOST_TOLD = 20
_STORES = RouteRules(needs="write", takes_documents=True)


class PageQuery(Sent):
    """Which documents to list, and in which order."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    search: Annotated[Text, Field(max_length=200, description="Words in the title or in a source.")] = ""
    sort: Annotated[Sort, Field(description="`newest`: changed last; `title`; `size`: the longest text first.")] = (
        "oldest"
    )
    type: Annotated[
        list[Text], Field(max_length=50, default_factory=list, description="Kinds of file, as `type` has them.")
    ]
    collection: Annotated[list[Text], Field(max_length=50, default_factory=list, description="In one of these.")]
    filter: Annotated[Text | None, Field(max_length=1_000, description="As `POST /v1/ask` has it, as JSON.")] = None

    def condition(self) -> dict[str, Any] | None:
        """The filter that all of it makes; None for none. Raises InvalidFilter."""
        fields = {"type": self.type, "collections": self.collection}
        parts: list[dict[str, Any]] = [{name: value} for name, value in fields.items() if value]
        if self.filter is not None:
            try:
                parts.append(parse_json(self.filter.encode()))
            except MalformedJson as error:
                raise InvalidFilter("", f"is not valid JSON: {error}") from error
        return {"$and": parts} if len(parts) > 1 else parts[0] if parts else None


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=AddedDocument | UploadReport,
    responses=_GIVES,
    openapi_extra=_TAKES,
)
@declares(_STORES)
async def add(
    request: Request,
    response: Response,
    backend: CurrentBackend,
    settings: CurrentSettings,
    query: Annotated[ConflictQuery, Query()],
) -> AddedDocument | UploadReport | Response:
    """Stores a document, as JSON or as a file, or several files, and makes them searchable; a .zip is unpacked.

    The same text again is the document that is already there, which then has one more source. Where another text came
    from the same source, `on_conflict` decides: `keep_both`, `replace` it, or `refuse` (409, with the `document_id`).
    What becomes of each of several files, or of each in an archive, is in the report; where none of them can be stored,
    the status is 422, or that of the only one. With `Accept: text/event-stream` the progress is streamed.
    """
    if wants_events(request):
        return await event_stream(_events(request, backend, settings, query))
    async with uploads_in(request, backend.parser, settings, query) as (uploads, wishes):
        if len(uploads) > 1 or uploads[0].is_archive:
            return await unless_gone(request, _several(backend, uploads, wishes, response))
        stored = await unless_gone(request, backend.ingest(add_to(backend, uploads[0], wishes)))
    response.status_code = HTTPStatus.CREATED if stored.state == "new" else HTTPStatus.OK
    response.headers["Location"] = request.app.url_path_for("show", document_id=stored.document.id)
    return AddedDocument.of_stored(stored)


@router.get("")
@declares(READ)
async def page(backend: CurrentBackend, wanted: Annotated[PageQuery, Query()]) -> DocumentPage:
    """The documents, by default the oldest first; with words, a filter and in another order if wanted."""
    view, condition = backend.view, wanted.condition()
    documents, total, types = await backend.look_up(
        lambda: view.page(condition, wanted.search, wanted.sort, wanted.limit, wanted.offset)
    )
    return DocumentPage(
        documents=[DocumentOut.of(d) for d in documents],
        total=total,
        types=types,
        limit=wanted.limit,
        offset=wanted.offset,
    )


@router.get("/{document_id}")
@declares(READ)
async def show(document_id: str, backend: CurrentBackend) -> DocumentOut:
    """One document, without its text."""
    view = backend.view
    return DocumentOut.of(await backend.look_up(lambda: view.document(document_id)))


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
    view = backend.view
    document, stored = await backend.look_up(lambda: view.with_text(document_id))
    headers = {"ETag": f'"{document.sha256}"'}
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return PlainTextResponse(stored, headers=headers)


@router.put("/{document_id}", openapi_extra=_TAKES)
@declares(_STORES)
async def replace(
    document_id: str, request: Request, backend: CurrentBackend, settings: CurrentSettings
) -> DocumentOut:
    """Puts another text, or a file, in a document's place, all at once. What feedback quotes of the old one is erased.

    It keeps its collections; with a file also its metadata.
    """
    async with uploads_in(request, backend.parser, settings, ConflictQuery()) as (uploads, wishes):
        if len(uploads) > 1 or uploads[0].is_archive:
            raise HTTPException(
                HTTPStatus.UNPROCESSABLE_ENTITY, "one document takes the place of another: send one file"
            )
        replacing = backend.ingest(replace_with(backend, uploads[0], wishes, document_id))
        return DocumentOut.of(await unless_gone(request, replacing))


@router.delete("/{document_id}", status_code=HTTPStatus.NO_CONTENT)
@declares(RouteRules(needs="write"))
async def remove(
    document_id: str, backend: CurrentBackend, source: Annotated[str | None, Query(max_length=1_000)] = None
) -> None:
    """Removes a document and all its passages, and what feedback quotes of it.

    With `source`, one of those that it came from: it stays while there is another.
    """
    view = backend.view
    await backend.look_up(lambda: backend.changes.remove(view, document_id, source))


async def _events(
    request: Request, backend: Backend, settings: Settings, query: ConflictQuery
) -> AsyncGenerator[Event]:
    reading = uploads_in(request, backend.parser, settings, query)
    async with reading as (uploads, wishes), aclosing(store_all(backend, uploads, wishes)) as events:
        async for event in events:
            yield event


async def _several(
    backend: Backend, uploads: list[Upload], wishes: Wishes, response: Response
) -> UploadReport | Response:
    *_, (_, report) = [event async for event in store_all(backend, uploads, wishes)]
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

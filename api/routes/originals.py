"""Documents as they were put in: their structure, the files that they were read from, and the pages of these."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse

from api.middleware.rules import READ, declares
from api.serving.dependencies import SHOWS_KEY, CurrentBackend
from api.wire.documents.blocks import BlocksOut, BlocksQuery
from api.wire.documents.originals import ImageQuery, PageBoxesOut, SpanQuery
from index.shown import boxes, page_image

router = APIRouter(prefix="/v1/documents/{document_id}", tags=["documents"], dependencies=[SHOWS_KEY])

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file, to be saved.", "content": {"*/*": _BYTES}},
    206: {"description": "The part that `Range` asks for.", "content": {"*/*": _BYTES}},
    304: {"description": "The ETag that was sent is that of the file."},
}
_IMAGE: dict[int | str, dict[str, Any]] = {200: {"description": "The page.", "content": {"image/png": _BYTES}}}
# whatever a stranger's file holds, no browser runs it as a part of this site
_ALONE = {"Content-Security-Policy": "sandbox"}


@router.get("/blocks")
@declares(READ)
async def structure(document_id: str, backend: CurrentBackend, wanted: Annotated[BlocksQuery, Query()]) -> BlocksOut:
    """The headings, paragraphs, lists and tables of a document, and where its pages begin."""

    view = backend.view

    def looked_up() -> BlocksOut:
        index = view.library.index
        while True:
            document, text = view.with_text(document_id)
            outline = index.outline(document_id)
            if index.document(document_id).sha256 == document.sha256:  # else replaced in between
                return BlocksOut.of(document, text, outline, wanted)

    return await backend.look_up(looked_up)


@router.get("/original", response_class=Response, responses=_FILE)
@declares(READ)
async def original(
    document_id: str, backend: CurrentBackend, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The file that the document was read from, as it was put in. The ETag is its sha256.

    Where none is kept, the problem's type is `urn:sourcespan:problem:original-not-kept`.
    """
    view = backend.view
    kept, path = await backend.look_up(lambda: view.original(document_id))
    headers = {"ETag": f'"{kept.sha256}"', **_ALONE}
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return FileResponse(path, headers=headers, media_type=kept.media_type, filename=kept.name)


@router.get("/boxes")
@declares(READ)
async def places(document_id: str, backend: CurrentBackend, span: Annotated[SpanQuery, Query()]) -> list[PageBoxesOut]:
    """Where a range of the stored text stands on the pages of the document's PDF, page by page."""
    view = backend.view
    await backend.look_up(lambda: view.check(document_id))
    found = await backend.show(lambda index, parser: boxes(index, parser, document_id, span.start, span.end))
    return [PageBoxesOut.of(page) for page in found]


@router.get("/pages/{number}/image", response_class=Response, responses=_IMAGE)
@declares(READ)
async def image(
    document_id: str, number: int, backend: CurrentBackend, drawn: Annotated[ImageQuery, Query()]
) -> Response:
    """A page of the document's PDF, counted from 1, as a picture."""
    view = backend.view
    await backend.look_up(lambda: view.check(document_id))
    png = await backend.show(lambda index, parser: page_image(index, parser, document_id, number, drawn.scale))
    return Response(png, media_type="image/png", headers=_ALONE)

"""Collections, and what documents are called and sorted by."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi import Request as HttpRequest
from pydantic import BaseModel, Field

from api.middleware.rules import READ, RouteRules, declares
from api.serving.dependencies import SHOWS_KEY, CurrentBackend, unless_gone
from api.wire.documents.schemas import DocumentOut
from api.wire.json_route import JsonRoute
from api.wire.requests import DocumentChange, Request, Text
from index.store.names import collection_name

router = APIRouter(route_class=JsonRoute, prefix="/v1", tags=["documents"], dependencies=[SHOWS_KEY])


class CollectionIn(Request):
    """A collection to make: 1 to 64 letters, digits, spaces, dots, - and _."""

    name: Annotated[Text, Field(min_length=1, max_length=64)]


class CollectionOut(BaseModel):
    """A collection, and how many documents are in it."""

    name: str
    documents: int


_WAS_THERE: dict[int | str, dict[str, Any]] = {200: {"model": CollectionOut, "description": "It was there."}}


class CollectionList(BaseModel):
    """All collections that the caller may know of, in alphabetical order."""

    collections: list[CollectionOut]


@router.get("/collections")
@declares(READ)
async def collections(backend: CurrentBackend) -> CollectionList:
    """The collections; with a key that is bound to some, these."""
    view = backend.view
    found = await backend.look_up(view.collections)
    return CollectionList(collections=[CollectionOut(name=each.name, documents=each.documents) for each in found])


@router.post("/collections", status_code=HTTPStatus.CREATED, responses=_WAS_THERE)
@declares(RouteRules(needs="write"))
async def make(body: CollectionIn, response: Response, backend: CurrentBackend) -> CollectionOut:
    """Makes an empty collection; one is also made by the first document that is put in it."""
    view = backend.view
    view.check_unbound("to make one")
    shelves = backend.library.index.shelves
    if not await backend.look_up(lambda: shelves.add_collection(body.name)):
        response.status_code = HTTPStatus.OK
    every = await backend.look_up(view.collections)
    (made,) = (each for each in every if each.name == collection_name(body.name))
    return CollectionOut(name=made.name, documents=made.documents)


@router.delete("/collections/{name}", status_code=HTTPStatus.NO_CONTENT)
@declares(RouteRules(needs="write"))
async def remove(name: str, backend: CurrentBackend) -> None:
    """Removes a collection. Its documents stay, in the others that they are in or in none."""
    backend.view.check_unbound("to remove one")
    shelves = backend.library.index.shelves
    await backend.look_up(lambda: shelves.remove_collection(name))


@router.patch("/documents/{document_id}")
@declares(RouteRules(needs="write"))
async def change(document_id: str, body: DocumentChange, request: HttpRequest, backend: CurrentBackend) -> DocumentOut:
    """Gives a document another title, other collections or other metadata; what is not named stays as it is."""
    changes, view, title = backend.changes, backend.view, body.title
    # first what may be refused, so that nothing is half done
    document = await backend.look_up(lambda: changes.sort(view, document_id, body.collections, body.metadata))
    if title is not None:
        renaming = backend.ingest(lambda progress, _: changes.rename(view, document_id, title, progress))
        document = await unless_gone(request, renaming)
    return DocumentOut.of(document)

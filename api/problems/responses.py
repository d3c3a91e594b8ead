"""Errors → RFC 9457 problem+json, in one place."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import AfterValidator, BaseModel, Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems.types import MOST_FAULTS, NO_TYPE, type_of
from index.errors import (
    CatalogueError,
    CatalogueFull,
    CatalogueGone,
    CatalogueReadOnly,
    CollectionNotFound,
    DocumentError,
    DocumentNotFound,
    DocumentTooLarge,
    DuplicateDocument,
    FeedbackError,
    FeedbackUnavailable,
    InvalidDocument,
    InvalidFeedback,
    InvalidQuestion,
    NameTaken,
    NoPages,
    NotAllowed,
    OriginalNotKept,
    Overloaded,
    PageNotFound,
    QuestionError,
    QuotaExceeded,
    RateLimited,
    ServiceStopping,
    SourceNotFound,
    SourcespanError,
    SpanMismatch,
    TemporaryFolderFull,
    UnsupportedFormat,
)
from index.errors.shown import shown

logger = logging.getLogger("sourcespan")

# the first that fits
_STATUS: tuple[tuple[type[SourcespanError], HTTPStatus], ...] = (
    (DocumentNotFound, HTTPStatus.NOT_FOUND),
    (OriginalNotKept, HTTPStatus.NOT_FOUND),
    (SourceNotFound, HTTPStatus.NOT_FOUND),
    (CollectionNotFound, HTTPStatus.NOT_FOUND),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (NameTaken, HTTPStatus.CONFLICT),
    (PageNotFound, HTTPStatus.NOT_FOUND),
    (NoPages, HTTPStatus.CONFLICT),
    (DocumentTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (UnsupportedFormat, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (DuplicateDocument, HTTPStatus.CONFLICT),
    (SpanMismatch, HTTPStatus.CONFLICT),
    (DocumentError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (QuestionError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (FeedbackUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (FeedbackError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Overloaded, HTTPStatus.SERVICE_UNAVAILABLE),
    (CatalogueFull, HTTPStatus.INSUFFICIENT_STORAGE),
    (QuotaExceeded, HTTPStatus.INSUFFICIENT_STORAGE),
    (RateLimited, HTTPStatus.TOO_MANY_REQUESTS),
    (ServiceStopping, HTTPStatus.SERVICE_UNAVAILABLE),
    (TemporaryFolderFull, HTTPStatus.INSUFFICIENT_STORAGE),
    (CatalogueError, HTTPStatus.SERVICE_UNAVAILABLE),
)

# what a client, or whoever it tells, can do something about: shown in full, as it names nothing of the server
_SHOWN = (CatalogueFull, CatalogueReadOnly, CatalogueGone, QuotaExceeded, FeedbackUnavailable, TemporaryFolderFull)

_CLIENT_CLOSED_REQUEST = 499
# where no error says when to come back: long enough for a restart, or for another writer to end
_RETRY_AFTER_SECONDS = 5
_OPENAI = ("/v1/chat/", "/v1/models", "/v1/responses", "/v1/embeddings", "/v1/completions")
_DIFY = "/retrieval"
_NO_KEY, _WRONG_KEY, _NO_SUCH_KNOWLEDGE = 1001, 1002, 2001

_OF_TYPES = re.compile(r"(?:function-\w+|list|dict|union)\[.*\]")
PROBLEM_JSON = "application/problem+json"


def _shown_to(longest: int) -> AfterValidator:
    return AfterValidator(lambda text: shown(text, longest))


class FieldFault(BaseModel):
    """What is wrong with one field of a request."""

    field: Annotated[str, _shown_to(200)]
    detail: Annotated[str, _shown_to(500)]


class Problem(BaseModel):
    """RFC 9457 problem details; `errors` where single fields are wrong."""

    type: str = NO_TYPE
    title: str
    status: int
    detail: Annotated[str, _shown_to(2_000)]
    errors: list[FieldFault] = []
    document_id: Annotated[str | None, Field(description="The document that stands in the way.")] = None


class ClientGone(Exception):
    """Nobody waits for the response any more."""


@dataclass(frozen=True, slots=True)
class HttpProblem:
    """A problem and the HTTP headers that go with it."""

    body: Problem
    headers: dict[str, str] = field(default_factory=dict)


class ProblemResponse(JSONResponse):
    """A JSON response of the problem type; to OpenAI's clients and to Dify with the members that these look for.

    With status 503 it always says, in ``Retry-After``, after how many seconds to try again.
    """

    media_type = PROBLEM_JSON

    def __init__(self, body: Problem, headers: Mapping[str, str] | None = None) -> None:
        absent = {name for name in ("errors", "document_id") if not getattr(body, name)}
        self._content = body.model_dump(exclude=absent)
        self._own_headers = dict(headers or {})
        if body.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self._own_headers.setdefault("Retry-After", str(_RETRY_AFTER_SECONDS))
        super().__init__(self._content, body.status, self._own_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        if scope["path"].startswith(_OPENAI):
            error = {"message": self._content["detail"], "type": self._content["title"], "code": str(self.status_code)}
            own: dict[str, object] = {"error": error}
        elif scope["path"] == _DIFY:
            own = {"error_code": _dify_code(self.status_code, scope), "error_msg": self._content["detail"]}
        else:
            await super().__call__(scope, receive, send)
            return
        body = {**self._content, **own}
        await JSONResponse(body, self.status_code, self._own_headers, PROBLEM_JSON)(scope, receive, send)


def _dify_code(status: int, scope: Scope) -> int:
    """Dify's, where it has one; else the status."""
    if status == HTTPStatus.UNAUTHORIZED:
        authorization = Headers(scope=scope).get("authorization", "")
        return _WRONG_KEY if authorization.lower().startswith("bearer ") else _NO_KEY
    codes: Mapping[int, int] = {HTTPStatus.FORBIDDEN: _WRONG_KEY, HTTPStatus.NOT_FOUND: _NO_SUCH_KNOWLEDGE}
    return codes.get(status, status)


def problem(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    """The response that tells of one problem."""
    body = Problem(title=status.phrase, status=status, detail=detail)
    return ProblemResponse(body, headers)


def problem_of(error: SourcespanError) -> HttpProblem:
    """The HTTP problem, with its headers, that a client is sent for an error of ours."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    kind = type_of(error)
    if isinstance(error, InvalidQuestion | InvalidFeedback):
        return HttpProblem(_faults([FieldFault(field=error.field, detail=error.reason)]))
    if isinstance(error, InvalidDocument):
        return HttpProblem(_faults([FieldFault(field=field, detail=detail) for field, detail in error.faults]))
    if isinstance(error, Overloaded | RateLimited | ServiceStopping):
        body = Problem(type=kind, title=status.phrase, status=status, detail=str(error))
        return HttpProblem(body, {"Retry-After": str(error.retry_after)})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s", error)
        detail = str(error) if isinstance(error, _SHOWN) else "The documents cannot be reached at the moment."
        return HttpProblem(Problem(type=kind, title=status.phrase, status=status, detail=detail))
    document_id = error.document_id if isinstance(error, NameTaken | DuplicateDocument) else None
    body = Problem(type=kind, title=status.phrase, status=status, detail=str(error), document_id=document_id)
    return HttpProblem(body)


def add_problem_handlers(app: FastAPI) -> None:
    """Makes every error of ``app`` a problem."""
    for gone in (ClientGone, ClientDisconnect):
        app.add_exception_handler(gone, _client_gone)
    app.add_exception_handler(SourcespanError, _domain_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)


def _client_gone(_: Request, __: Exception) -> Response:
    return _no_response()


def _no_response() -> Response:
    # nobody reads it; the log and the metrics show it, by the number that proxies use
    return Response(status_code=_CLIENT_CLOSED_REQUEST)


def _domain_error(_: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, SourcespanError)  # noqa: S101
    sent = problem_of(error)
    return ProblemResponse(sent.body, sent.headers)


def _invalid_request(_: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = [FieldFault(field=_field(fault["loc"]), detail=fault["msg"]) for fault in error.errors()[:MOST_FAULTS]]
    return ProblemResponse(_faults(faults))


def _field(place: Sequence[str | int]) -> str:
    # what may be of several types has the name that pydantic gives each of them in its place
    named = [str(part) for part in place[1:] if not (isinstance(part, str) and _OF_TYPES.fullmatch(part))]
    return ".".join(named) or str(place[0])


def _faults(faults: Sequence[FieldFault]) -> Problem:
    """Tells of each fault once: of huge names only the beginnings are left, which may be alike."""
    faults = list({(fault.field, fault.detail): fault for fault in faults}.values())
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    detail = f"{faults[0].field}: {faults[0].detail}{more}"
    return Problem(title=status.phrase, status=status, detail=detail, errors=faults)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if isinstance(error.__cause__, ClientDisconnect):
        return _no_response()  # FastAPI takes it for a body that cannot be parsed
    status = HTTPStatus(error.status_code)
    detail = error.detail
    if status is HTTPStatus.NOT_FOUND and detail == status.phrase:
        detail = f"there is nothing at {shown(request.scope['path'])}"
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{shown(request.method)} is not possible there"
        return problem(status, detail, {"Allow": ", ".join(_methods(request) or ["GET"])})
    return problem(status, detail, error.headers)


def _methods(request: Request) -> list[str]:
    """What can be done at the path, in alphabetical order: Starlette itself names only the first of its routes."""
    scope = {**request.scope, "root_path": request.scope.get("app_root_path", request.scope["root_path"])}
    routes = iter_route_contexts(list(request.app.routes))
    reached = (route for route in routes if route.matches(scope)[0] is not Match.NONE)
    return sorted({method for route in reached for method in route.methods or ("GET", "HEAD")})


class Unexpected:
    """ASGI middleware: what nobody foresaw is logged, and a problem as long as nothing has been sent.

    Starlette has a handler for this, but it stands outside of all middleware: its response would lack their headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            if isinstance(error, ClientDisconnect):
                await _no_response()(scope, receive, send)
                return
            logger.exception("unexpected")
            response = problem(HTTPStatus.INTERNAL_SERVER_ERROR, f"An unexpected {type(error).__name__} was logged.")
            await response(scope, receive, send)

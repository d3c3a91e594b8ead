"""Errors → RFC 9457 problem+json, in one place."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.schemas import FieldFault, Problem, ValidationProblem
from index.errors import (
    CatalogueError,
    DocumentError,
    DocumentNotFound,
    DocumentTooLarge,
    DuplicateDocument,
    InvalidQuestion,
    QuestionError,
    SourcespanError,
    UnsupportedFormat,
)

logger = logging.getLogger("sourcespan")

# the first that fits
_STATUS: tuple[tuple[type[SourcespanError], HTTPStatus], ...] = (
    (DocumentNotFound, HTTPStatus.NOT_FOUND),
    (DocumentTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (UnsupportedFormat, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (DuplicateDocument, HTTPStatus.CONFLICT),
    (DocumentError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (QuestionError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CatalogueError, HTTPStatus.SERVICE_UNAVAILABLE),
)


class ProblemResponse(JSONResponse):
    """A JSON response of the problem type."""

    media_type = "application/problem+json"


def problem(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> ProblemResponse:
    """The response that tells of one problem."""
    body = Problem(title=status.phrase, status=status, detail=detail)
    return ProblemResponse(body.model_dump(), status, headers)


def add_problem_handlers(app: FastAPI) -> None:
    """Makes every error of ``app`` a problem."""
    app.add_exception_handler(SourcespanError, _domain_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


def _domain_error(_: Request, error: Exception) -> ProblemResponse:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    if isinstance(error, InvalidQuestion):
        return _faults([FieldFault(field=error.field, detail=error.reason)])
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s", error)
        return problem(status, "The documents cannot be reached at the moment.")
    return problem(status, str(error))


def _invalid_request(_: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return _faults(
        [
            FieldFault(
                field=".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]), detail=fault["msg"]
            )
            for fault in error.errors()
        ]
    )


def _faults(faults: list[FieldFault]) -> ProblemResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    detail = "; ".join(f"{fault.field}: {fault.detail}" for fault in faults)
    body = ValidationProblem(title=status.phrase, status=status, detail=detail, errors=faults)
    return ProblemResponse(body.model_dump(), status)


def _http_error(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = HTTPStatus(error.status_code)
    detail = error.detail
    if status is HTTPStatus.NOT_FOUND and detail == status.phrase:
        detail = f"there is nothing at {request.url.path}"
    return problem(status, detail, dict(error.headers or {}))


def _unexpected(_: Request, error: Exception) -> ProblemResponse:
    # Starlette raises it again behind this response, so the traceback reaches the log
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, f"An unexpected {type(error).__name__} was logged.")

"""The OpenAPI document, as served and as committed in ``docs/openapi.json``."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.problems.responses import PROBLEM_JSON
from api.wire.requests import DocumentIn

_PROBLEM = {"$ref": "#/components/schemas/Problem"}


class Contract(FastAPI):
    """An app whose OpenAPI document tells problems by their media type."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, which is made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _with_document(_with_problem_type(super().openapi()))
        return self.openapi_schema


def _with_problem_type(document: dict[str, Any]) -> dict[str, Any]:
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"]["content"] = {PROBLEM_JSON: {"schema": _PROBLEM}}
    return document


def _with_document(document: dict[str, Any]) -> dict[str, Any]:
    """With the schema of the body that FastAPI does not read: a worker process does."""
    schemas = document["components"]["schemas"]
    schemas[DocumentIn.__name__] = DocumentIn.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document

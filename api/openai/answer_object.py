"""An answer as a JSON object, for clients that ask for one; by a schema of theirs, as far as it names what there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.exceptions import HTTPException

from api.wire.links import Links
from api.wire.requests import Lenient, Text
from api.wire.wording import confidence_in_words
from index.errors.shown import shown
from rag.answers import Answer, Result

_MOST_PROPERTIES = 100
_EMPTY: Mapping[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}
_FIELDS = (
    *("status", "answer", "closest", "sentence", "title", "source", "page", "page_label", "heading", "confidence"),
    *("confidence_in_words", "url", "document_id", "sha256", "start", "end", "detail"),
)


class SchemaOut(Lenient):
    """A JSON schema that a client names; the properties at its top are looked at."""

    name: Text = ""
    schema_: Annotated[dict[str, Any], Field(alias="schema", default_factory=dict)]


class ResponseFormat(Lenient):
    """How the answer is written: as Markdown, or as a JSON object."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: SchemaOut | None = None

    @property
    def schema_wanted(self) -> Mapping[str, Any]:
        """The client's schema; empty for none."""
        return self.json_schema.schema_ if self.type == "json_schema" and self.json_schema is not None else {}


def answer_json(result: Result, answer: Answer | None, links: Links, schema: Mapping[str, Any]) -> str:
    """The object for one answer of a result, or for none; by ``schema``, if any, which `check_schema` has looked at."""
    whole = _answer_object(result, answer, links)
    return json.dumps(_by_schema(whole, schema) if schema else whole, ensure_ascii=False)


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises HTTPException where the object by that schema would lack what it requires."""
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list) or len(properties) > _MOST_PROPERTIES:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "the schema is not that of an object")
    for name in required:
        if name not in _FIELDS:
            there_are = ", ".join(_FIELDS)
            detail = f"the schema requires {shown(str(name))}, which no answer has; an answer has {there_are}"
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def _answer_object(result: Result, answer: Answer | None, links: Links) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(_FIELDS) | {"status": result.status, "detail": result.detail}
    if answer is None:
        return values
    # a client that looks at nothing but the answer must not take a guess for one
    values["closest" if result.abstained else "answer"] = answer.text
    return values | {
        "sentence": answer.sentence_text,
        "title": answer.document.title,
        "source": answer.document.source,
        "page": answer.location.page,
        "page_label": answer.location.page_label,
        "heading": answer.location.heading,
        "confidence": round(answer.confidence, 4),
        "confidence_in_words": confidence_in_words(answer.confidence),
        "url": links.to_quote(answer),
        "document_id": answer.document.id,
        "sha256": answer.document.sha256,
        "start": answer.span.start,
        "end": answer.span.end,
    }


def _by_schema(values: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    shaped = {}
    for name in dict.fromkeys((*properties, *required)):
        if name in values and (name in required or values[name] is not None):
            wanted = properties.get(name)
            shaped[name] = _shaped(values[name], wanted if isinstance(wanted, dict) else {})
    return shaped


def _shaped(value: Any, wanted: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """``value`` as the type that a property has; where it may not be null, empty."""
    alternatives = wanted.get("anyOf")
    kinds = [wanted.get("type")] if not isinstance(alternatives, list) else [_type_of(one) for one in alternatives]
    kinds = [kind for each in kinds for kind in (each if isinstance(each, list) else [each])]
    if value is None:
        first = next((kind for kind in kinds if isinstance(kind, str)), "null")
        return None if "null" in kinds else _EMPTY.get(first)
    if "string" in kinds and not isinstance(value, str):
        return str(value)
    return [value] if kinds == ["array"] else value


def _type_of(schema: Any) -> Any:  # noqa: ANN401
    return schema.get("type") if isinstance(schema, dict) else None

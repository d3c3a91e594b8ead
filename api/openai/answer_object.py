"""An answer as a JSON object, for clients that ask for one; with a schema of theirs, only the fields that it names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal, get_args

from pydantic import Field
from starlette.exceptions import HTTPException

from api.wire.page_links import Links
from api.wire.requests import Lenient, Text
from api.wire.wording import confidence_in_words
from index.errors.shown import shown
from rag.answers import Answer, Result, Status

_MOST_PROPERTIES = 100
_MOST_REFERENCES = 8
_NUMBERS = {"page": "integer", "confidence": "number", "start": "integer", "end": "integer"}
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
    top = _followed(schema, schema)
    names = [*top.get("properties", ()), *top.get("required", ())]
    return json.dumps(_by_schema(whole, names, schema) if names else whole, ensure_ascii=False)


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises HTTPException where the object would lack what that schema requires, or have it as what it may not be."""
    top = _followed(schema, schema)
    properties, required = top.get("properties", {}), top.get("required", [])
    is_object = top.get("type", "object") == "object" and isinstance(properties, dict) and isinstance(required, list)
    if not is_object or len(properties) > _MOST_PROPERTIES:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "the schema is not that of an object")
    for name in required:
        if name not in _FIELDS:
            there_are = ", ".join(_FIELDS)
            detail = f"the schema requires {shown(str(name))}, which no answer has; an answer has {there_are}"
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
        if not _fits(name, _followed(properties.get(name), schema), schema):
            kind = _NUMBERS.get(name, "string")
            detail = (
                f"the schema requires {name} as what it is not: it may be any {kind}, and where there is none, null"
            )
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


def _by_schema(values: Mapping[str, Any], names: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    top = _followed(schema, schema)
    properties, required = top.get("properties", {}), top.get("required", [])
    shaped = {}
    for name in dict.fromkeys(names):
        wanted = _followed(properties.get(name), schema)
        if name in values and (name in required or (values[name] is not None and _fits(name, wanted, schema))):
            shaped[name] = _shaped(values[name], _kinds(wanted, schema))
    return shaped


def _fits(name: str, wanted: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    """Whether whatever the answer has by that name can be given as the property is wanted."""
    if "enum" in wanted or "const" in wanted:
        allowed = wanted.get("enum")
        return name == "status" and isinstance(allowed, list) and all(each in allowed for each in get_args(Status))
    kinds, own = _kinds(wanted, root), _NUMBERS.get(name, "string")
    if kinds == ["array"]:
        wanted = _followed(wanted.get("items"), root)
        kinds = _kinds(wanted, root)
    return not kinds or "string" in kinds or own in kinds or (own == "integer" and "number" in kinds)


def _shaped(value: Any, kinds: list[Any]) -> Any:  # noqa: ANN401
    """``value`` as one of the types that a property may have; where it may not be null, empty."""
    if value is None:
        return None if not kinds or "null" in kinds else _EMPTY.get(kinds[0])
    if "string" in kinds and not isinstance(value, str):
        return str(value)
    return [value] if kinds == ["array"] else value


def _kinds(wanted: Mapping[str, Any], root: Mapping[str, Any]) -> list[Any]:
    """The types that a property may have; empty for any."""
    alternatives = wanted.get("anyOf")
    each_of = [_followed(one, root) for one in alternatives] if isinstance(alternatives, list) else [wanted]
    kinds = [one.get("type") for one in each_of]
    return [kind for each in kinds for kind in (each if isinstance(each, list) else [each]) if isinstance(kind, str)]


def _followed(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ANN401
    """``schema``, or what it refers to among the definitions beside it."""
    for _ in range(_MOST_REFERENCES):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str):
            break
        _, _, path = reference.partition("#/")
        kind, _, name = path.partition("/")
        definitions = root.get(kind)
        schema = definitions.get(name) if isinstance(definitions, dict) else None
    return schema if isinstance(schema, dict) else {}

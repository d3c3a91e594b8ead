"""The reference of the HTTP interface: the OpenAPI document as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

_HEAD = """\
# HTTP reference

What the service takes and gives, rendered from its OpenAPI document, which a running service serves at
`/openapi.json`. Errors are `application/problem+json` (RFC 9457).
Offsets are half-open and count Unicode code points of a document's stored text.
"""


def http_page(api: Json) -> str:
    """The page for an OpenAPI 3.1 document: every operation by its path, then every schema that they name."""
    lines = [_HEAD]
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            lines += _operation(method, path, operation)
    lines += ["## Schemas", ""]
    for name, schema in sorted(api["components"]["schemas"].items()):
        lines += _schema(name, schema)
    return "\n".join(lines)


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    yield f"## {method.upper()} {path}"
    yield ""
    yield operation.get("description", operation.get("summary", ""))
    yield ""
    if parameters := operation.get("parameters"):
        yield from _table(("parameter", "in", "type", "what it is"), map(_parameter, parameters))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"Body, `{kind}`: {_type(content.get('schema', {}))}"
        yield ""
    responses = (_response(status, response) for status, response in operation["responses"].items())
    yield from _table(("status", "body", "what it means"), responses)


def _parameter(parameter: Json) -> tuple[str, ...]:
    return f"`{parameter['name']}`", parameter["in"], _type(parameter["schema"]), parameter.get("description", "")


def _response(status: str, response: Json) -> tuple[str, ...]:
    bodies = [f"`{kind}`: {_type(content.get('schema', {}))}" for kind, content in response.get("content", {}).items()]
    return status, "<br>".join(bodies), response.get("description", "")


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    if "description" in schema:
        yield schema["description"]
        yield ""
    required = schema.get("required", ())
    properties = schema.get("properties", {}).items()
    rows = (
        (f"`{field}`", _type(value), "yes" if field in required else "", value.get("description", ""))
        for field, value in properties
    )
    yield from _table(("field", "type", "required", "what it is"), rows)


def _type(schema: Json) -> str:
    """A schema in a few words, with links to the schemas that it names."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_type(one) for one in schema[several])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "any")) + _bounds(schema)


def _bounds(schema: Json) -> str:
    words = {"minimum": "from", "maximum": "to", "minLength": "length from", "maxLength": "length to"}
    bounds = [f"{word} {schema[key]:,}" for key, word in words.items() if key in schema]
    return f" ({', '.join(bounds)})" if bounds else ""


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    cells = [tuple(cell.replace("\n", " ").replace("|", "\\|") for cell in row) for row in rows]
    if not cells:
        return
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    yield from (f"| {' | '.join(row)} |" for row in cells)
    yield ""

"""What the tools give. Nothing is null: what is not known is left out, as there are clients that refuse whole servers
for a union with null in a schema.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.wire.schemas import DocumentRef


class FoundOut(BaseModel):
    """A passage, by the id that `fetch` takes."""

    id: str
    title: str
    url: str
    text: str
    score: float
    document_id: str
    start: int
    end: int
    page: int | None
    heading: str | None


class SearchResults(BaseModel):
    """The passages that were found, best first."""

    results: list[FoundOut]


class FetchedMetadata(BaseModel):
    """Where the text stands: characters `start` to `end` of a document that has `characters` of them."""

    source: str
    sha256: str
    document_id: str
    start: int
    end: int
    characters: int


class Fetched(BaseModel):
    """A document, or the part of it around a passage."""

    id: str
    title: str
    text: str
    url: str
    metadata: FetchedMetadata


class ListedDocument(DocumentRef):
    """A document without its text."""

    characters: int
    url: str


class Listed(BaseModel):
    """Some of the documents, the oldest first, of ``total``."""

    documents: list[ListedDocument]
    total: int


class DocumentText(BaseModel):
    """Characters ``start`` to ``end`` of a document that has ``characters`` of them."""

    document: DocumentRef
    text: str
    start: int
    end: int
    characters: int
    url: str


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of what `dumped` makes of a model."""
    return without_null(model.model_json_schema(mode="serialization"))


def dumped(model: BaseModel) -> dict[str, Any]:
    """As JSON has it, without what is null."""
    return model.model_dump(mode="json", exclude_none=True)


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema where what may be null need not be there instead."""
    optional = {name for name, each in schema.get("properties", {}).items() if _is_nullable(each)}
    if _is_nullable(schema):
        (other,) = (each for each in schema["anyOf"] if each.get("type") != "null")
        kept = {name: value for name, value in schema.items() if name != "anyOf" and (name, value) != ("default", None)}
        schema = {**kept, **other}
    return {
        name: [each for each in value if each not in optional] if name == "required" else _inside(value)
        for name, value in schema.items()
    }


def _inside(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_inside(each) for each in value]
    return without_null(value) if isinstance(value, dict) else value


def _is_nullable(schema: Any) -> bool:  # noqa: ANN401
    return isinstance(schema, dict) and {"type": "null"} in schema.get("anyOf", ())

"""Documents that come in as JSON, read in a worker process: the JSON is as untrusted as any file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from api.problems.types import MOST_FAULTS
from api.wire.requests import DocumentIn
from api.wire.strict_json import MalformedJson, parse_json
from index.errors import DocumentTooLarge, InvalidDocument
from index.parsing import ParsedFile
from index.parsing.packed import PackedFile


def read_document(data: bytes, max_bytes: int) -> Iterator[PackedFile]:
    """The document in the body of a request. Raises InvalidDocument, DocumentTooLarge, EmptyDocument."""
    try:
        body = DocumentIn.model_validate(parse_json(data))
    except MalformedJson as error:
        raise InvalidDocument((("body", f"is not valid JSON: {error}"),)) from error
    except ValidationError as error:
        raise InvalidDocument(faults(error)) from error
    size = len(body.text.encode())
    if size > max_bytes:
        raise DocumentTooLarge(body.title, size, max_bytes)
    yield PackedFile.of(ParsedFile(Path(body.title), len(data), body.draft()))


def faults(error: ValidationError) -> tuple[tuple[str, str], ...]:
    """The first of what is wrong: fields, and what is wrong with each."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_FAULTS]
    return tuple((".".join(map(str, fault["loc"])) or "body", fault["msg"]) for fault in found)

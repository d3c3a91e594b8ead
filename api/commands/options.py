"""What several commands take and how they end, and the settings that come of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from api.settings import Settings
from index.errors import InvalidFilter, InvalidSettings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Data = Annotated[Path | None, typer.Option(help="Folder of the index.", show_default="SOURCESPAN_DATA, else data")]
Collections = Annotated[
    list[str] | None, typer.Option("--collection", help="A collection, by its name; several may be named.")
]
Filter = Annotated[str | None, typer.Option(help="Only documents that this filter allows: JSON (docs/filters.md).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

NOT_FOUND, TO_MEND, FAILED, INTERRUPTED = 1, 1, 2, 130
"""Exit codes."""


def settings_with(**given: object) -> Settings:
    """The settings, with what the command line says on top. Raises InvalidSettings."""
    values = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        raise InvalidSettings([_fault(fault, values) for fault in error.errors(include_url=False)]) from error


def _fault(fault: ErrorDetails, values: Mapping[str, object]) -> str:
    # the value is not repeated: it may be a key
    name = str(fault["loc"][0]) if fault["loc"] else ""
    where = f"--{name.replace('_', '-')}" if name in values else f"SOURCESPAN_{name.upper()}"
    message = fault["msg"].removeprefix("Value error, ").replace("Input should", "its value should")
    return f"{where}: {message}" if name else message


def filter_of(collections: Sequence[str] | None, given: str | None) -> dict[str, object] | None:
    """The filter that both options make; None for none. Raises InvalidFilter."""
    parts: list[dict[str, object]] = [{"collections": [*collections]}] if collections else []
    if given is not None:
        try:
            parts.append(json.loads(given))
        except (ValueError, RecursionError) as error:
            raise InvalidFilter("", f"is not valid JSON: {error}") from error
    return {"$and": parts} if len(parts) > 1 else parts[0] if parts else None

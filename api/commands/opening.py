"""Opens the documents that a command works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from api.commands.options import FAILED
from api.commands.terminal import errors

if TYPE_CHECKING:
    from api.settings import Settings
    from rag.engine import Sourcespan


def check_there(settings: Settings) -> None:
    """Ends the command where there is no such folder: a mistyped one should not be made."""
    if not settings.database and not settings.data.exists():
        errors.print(f"sourcespan: there is no folder {settings.data}: run `sourcespan index PATH`", style="red")
        raise typer.Exit(FAILED)


def opened(settings: Settings, *, answers: bool = True) -> Sourcespan:
    """The documents that the settings name; without the models that answer where ``answers`` is false."""
    with errors.status("Loading the models …" if answers else "Loading the embedder …"):
        from rag.engine import Sourcespan

        return Sourcespan.open(
            settings.data,
            settings.models,
            retriever=settings.retriever,
            ask=settings.ask,
            rule=settings.vector_rule,
            quota=settings.quota,
            parsing=settings.parsing,
            max_document_bytes=settings.max_document_bytes,
            max_original_bytes=settings.max_kept,
            ocr=settings.ocr_languages,
            answers=answers,
            database=settings.database,
            database_read=settings.database_read,
        )

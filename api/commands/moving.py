"""``sourcespan move``: from a folder into a PostgreSQL, and back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.terminal import console, errors, progress_bar

if TYPE_CHECKING:
    from index.store.databases.connection import Database


def move(
    source: Annotated[str, typer.Option("--from", help="A folder of an index, or postgresql://…")],
    target: Annotated[str, typer.Option("--to", help="Where to: the same.")],
) -> None:
    """Copy documents, their files and feedback into another store. Each copy is held to its source.

    Nothing is embedded anew, and nothing removed. Stopped, the same command goes on. Stop the service before.
    """
    from api.feedback import move as move_feedback
    from index.upkeep.moving import move as move_documents
    from index.upkeep.moving import store_at

    with store_at(source, is_there=True) as one, store_at(target) as other, progress_bar("Copying") as progress:
        moved = move_documents(one, other, progress)
    with closing(_feedback(source)) as given, closing(_feedback(target)) as kept:
        entries = move_feedback(given, kept)
    console.print(f"{moved.documents:,} documents are there, {moved.copied:,} copied now; {entries:,} of feedback")
    if moved.files_missing:
        errors.print(f"{moved.files_missing:,} files that documents were read from are missing", style="yellow")


def _feedback(place: str) -> Database:
    from api.feedback import FEEDBACK_FILE, opened
    from index.store.databases.address import is_address
    from index.store.opening import at

    return at(place, feedback=True) if is_address(place) else opened(Path(place) / FEEDBACK_FILE)

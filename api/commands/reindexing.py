"""``sourcespan reindex``: documents that an older version read are read anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from api.commands.opening import opened
from api.commands.options import FAILED, INTERRUPTED, Data, settings_with
from api.commands.terminal import errors, progress_bar, show_failures
from index.upkeep.terminal import escaped_line

if TYPE_CHECKING:
    from rag.engine import Sourcespan

_ADVICE = "run `sourcespan reindex`"


def tell_of_older(library: Sourcespan) -> None:
    """Says in one line that there are documents that an older version read, if there are any."""
    if number := len(library.index.of_older_readings()):
        errors.print(f"{number:,} documents are as an older version read them: {_ADVICE}", style="yellow")


def reindex(data: Data = None) -> None:
    """Read the kept files of documents anew.

    It takes those that an older version read, and can be stopped and started again.

    A document whose file is not kept keeps its text. Those that came from files are named: put these in again.
    """
    done, failed, missing = 0, [], []
    with opened(settings_with(data=data), answers=False) as library:
        try:
            with progress_bar("Reading anew") as progress:
                for one in library.reindex(progress):
                    done += one.error is None
                    if one.error is not None:
                        failed.append((one.document.source, one.error))
                    if one.is_to_be_put_in:
                        missing.append(one.document.source)
                    if one.is_changed:
                        erase_quotes(library, one.document.id)
        except KeyboardInterrupt:
            errors.print("Stopped. What is read anew stays; the same command goes on from here.", style="bold")
            raise typer.Exit(INTERRUPTED) from None
        finally:
            errors.print(f"{done:,} read anew, {len(failed):,} failed", highlight=False)
            for source in missing:
                errors.print(f"put in again: {escaped_line(source)}", style="yellow", soft_wrap=True)
            show_failures(failed)
    if failed:
        raise typer.Exit(FAILED)


def erase_quotes(library: Sourcespan, document_id: str) -> None:
    """Removes what feedback quotes of a text that is another one now."""
    from api.feedback import FEEDBACK_FILE, FeedbackStore

    if library.index.database or (library.folder / FEEDBACK_FILE).exists():
        store = FeedbackStore(library.folder, database=library.index.database)
        try:
            store.erase(document_id)
        finally:
            store.close()

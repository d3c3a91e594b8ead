"""``sourcespan index``: documents follow their files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.opening import opened
from api.commands.options import FAILED, INTERRUPTED, AsJson, Collections, Data, settings_with
from api.commands.reindexing import erase_quotes, tell_of_older
from api.commands.terminal import console, errors, progress_bar, show_failures, show_ingested, show_skipped

if TYPE_CHECKING:
    from api.settings import Settings
    from index.ingestion.added import Added
    from index.ingestion.crew import Crew
    from rag.engine import Sourcespan

# not from index.parsing: --help should not wait for its libraries
KINDS = "PDF, Word, HTML, Markdown, spreadsheets, text and more (docs/documents.md), and .zip archives of them"
_LOOKS_MILLISECONDS = 500
_COUNTED = ("new", "replaced", "unchanged", "removed", "skipped", "failed")


def index(
    paths: Annotated[list[Path], typer.Argument(help=f"Files, or folders of them: {KINDS}.", exists=True)],
    data: Data = None,
    collection: Collections = None,
    sync: Annotated[bool, typer.Option("--sync", help="Also remove what came from there and is gone.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and follow what changes; Ctrl+C ends it.")] = False,
    workers: Annotated[int, typer.Option(min=0, help="Read and embed in so many processes.")] = 0,
    ray: Annotated[
        str, typer.Option(metavar="ADDRESS", help="On a Ray cluster: its address, `auto`, or `local` for one here.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Put documents into the index.

    A file that changed takes the place of what it was.

    What is unchanged is passed over, so it can be stopped and started again.
    """
    settings = settings_with(data=data)
    with ExitStack() as stack:
        library = stack.enter_context(opened(settings, answers=False))
        tell_of_older(library)
        try:
            crew = stack.enter_context(_crew(library, settings, workers, ray)) if workers or ray else None
            counts = _follow(library, paths, collection or (), crew, sync=sync, as_json=as_json)
            for _ in _changes(paths, settings.data) if watch else ():
                counts = _follow(library, paths, collection or (), crew, sync=sync, as_json=as_json, quiet=True)
        except KeyboardInterrupt:
            errors.print("Stopped. What is indexed stays; the same command goes on from here.", style="bold")
            raise typer.Exit(INTERRUPTED) from None
    if counts["failed"] or not counts.keys() - {"skipped"}:
        raise typer.Exit(FAILED)


def _crew(library: Sourcespan, settings: Settings, workers: int, ray: str) -> AbstractContextManager[Crew]:
    from rag.workers import bulk

    return bulk.workers(library, settings.models, workers, ray)


def _follow(
    library: Sourcespan,
    paths: Sequence[Path],
    collections: Sequence[str],
    crew: Crew | None,
    *,
    sync: bool,
    as_json: bool,
    quiet: bool = False,
) -> Counter[str]:
    """Follows the files once; gives how many of what there were. Quiet, it says nothing of what is as it was."""
    counts: Counter[str] = Counter()
    failed: list[Added] = []
    skipped: list[Added] = []
    try:
        with progress_bar("Indexing", unit="kB", per=1_000, transient=quiet) as progress:
            for outcome in library.add_files(paths, progress, collections=collections, sync=sync, crew=crew):
                what = _what(outcome)
                counts[what] += 1
                if what in ("failed", "skipped"):
                    (failed if what == "failed" else skipped).append(outcome)
                if outcome.gone is not None:
                    erase_quotes(library, outcome.gone)
                if not (quiet and what in ("unchanged", "skipped")):
                    show_ingested(outcome, what, as_json=as_json)
    finally:
        if not quiet or counts.keys() - {"unchanged", "skipped"}:
            errors.print(", ".join(f"{counts[what]:,} {what}" for what in _COUNTED), highlight=False)
        if not quiet:
            show_skipped([outcome.path for outcome in skipped if outcome.path is not None])
        show_failures([(outcome.path, outcome.error) for outcome in failed])
    return counts


def _what(outcome: Added) -> str:
    if outcome.is_skipped:
        return "skipped"
    if outcome.state is None:
        return "failed"
    return "unchanged" if outcome.state == "known" else outcome.state


def _changes(paths: Sequence[Path], data: Path) -> Iterator[object]:
    """Whenever something changes in the folders of these paths, but for what the index writes itself."""
    from watchfiles import watch

    folders = {path if path.is_dir() else path.parent for path in paths}
    own = os.path.abspath(data)
    begun = False
    for changes in watch(
        *folders,
        watch_filter=lambda _, path: not Path(os.path.abspath(path)).is_relative_to(own),
        yield_on_timeout=True,
        rust_timeout=_LOOKS_MILLISECONDS,
    ):
        if not begun:
            console.print(f"Watching {', '.join(sorted(map(str, folders)))}  (Ctrl+C stops it)", style="bold")
        if changes or not begun:  # once more at first, for what came before it watched
            begun = True
            yield changes

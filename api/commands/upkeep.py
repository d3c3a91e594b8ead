"""The commands of whoever looks after an index: examine and mend, back up, restore."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import TO_MEND, AsJson, Data, settings_with
from api.commands.terminal import console, errors, show_finding
from index.errors import CatalogueUnusable, ModelError

if TYPE_CHECKING:
    from api.settings import Settings
    from index.upkeep.backup_file import Contents


def doctor(
    data: Data = None,
    mend: Annotated[
        bool, typer.Option("--mend", help="First make anew what is derived from the documents: words, vectors.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check models, libraries and index. Exit code 0: all is well; 1: something is to be mended; 2: an error."""
    from api.feedback import examine as examine_feedback
    from rag.doctor import examine_all

    settings = _of_folder(settings_with(data=data), "examine its tables with pg_amcheck")
    for done in _mended(settings) if mend else []:
        errors.print(f"mended   {done}")
    findings = []
    examined = examine_all(settings.data, settings.models, settings.vector_rule)
    for finding in chain(examined, [examine_feedback(settings.data)]):
        findings.append(finding)
        if not as_json:
            show_finding(finding)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    if any(finding.severity == "fault" for finding in findings):
        raise typer.Exit(TO_MEND)


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write.")],
    data: Data = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
) -> None:
    """Copy documents and feedback into one file. They may be served meanwhile. Exit code 1: some of it was left out."""
    from api.feedback import FEEDBACK_FILE
    from index.upkeep.backup import back_up

    with errors.status("Copying, and examining the copy …"):
        settings = _of_folder(settings_with(data=data), "back it up with pg_dump, or to any point in time")
        contents = back_up(settings.data, file, [FEEDBACK_FILE], overwrite=force)
    _show_contents(contents)
    console.print(f"Written to {file}: {file.stat().st_size / 1e6:,.1f} MB", soft_wrap=True)
    for name, reason in contents.left_out.items():
        errors.print(f"left out {name}: {reason}", style="red")
    if contents.left_out:
        raise typer.Exit(TO_MEND)


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.", exists=True, dir_okay=False)],
    data: Data = None,
    force: Annotated[bool, typer.Option("--force", help="Move aside the index that is there.")] = False,
) -> None:
    """Put a backup into the folder of the index. All of it is found sound first. Stop the service before."""
    from index.upkeep.backup import restore as restore_backup

    folder = _of_folder(settings_with(data=data), "restore it with pg_restore").data
    with errors.status("Unpacking and examining …"):
        contents, aside = restore_backup(file, folder, overwrite=force)
    _show_contents(contents)
    console.print(f"Restored to {folder}", soft_wrap=True)
    if aside is not None:
        console.print(f"What was there is in {aside}", soft_wrap=True)


def _of_folder(settings: Settings, advice: str) -> Settings:
    """The settings, where what they name is a folder. Raises CatalogueUnusable."""
    if settings.database:
        raise CatalogueUnusable(f"SOURCESPAN_DATABASE names a PostgreSQL: {advice} (docs/postgres.md)")
    return settings


def _show_contents(contents: Contents) -> None:
    holds = f"{contents.documents:,} documents, {contents.passages:,} passages; {', '.join(contents.files)}"
    console.print(f"Made {contents.made_at} by {contents.sourcespan}: {holds}", soft_wrap=True)


def _mended(settings: Settings) -> list[str]:
    """What was mended; without the embedder, damaged vectors stay, and the examination says why."""
    from index.upkeep.doctor import mend
    from rag.models.loading import load_embedder

    embedder = None
    with suppress(ModelError):
        embedder = load_embedder(settings.models)
    return mend(settings.data, embedder)

"""Examines what documents were read from, and by which version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from index.documents import READING
from index.store.databases.sqlite import SqliteDatabase
from index.store.originals.in_folder import Originals, referred_to
from index.upkeep.finding import Finding, some


def reading(database: SqliteDatabase) -> Iterator[Finding]:
    """Whether there are documents that an older version read."""
    with database.reading() as db:
        (older,) = db.execute("SELECT count(*) FROM documents WHERE parsed_by < ?", (READING,)).fetchone()
    if older:
        says = f"{older:,} documents are as an older version read them"
        yield Finding("reading", "warning", says, "run `sourcespan reindex`")


def originals(folder: Path, database: SqliteDatabase) -> Finding:
    """Whether each file that a document refers to is there as it was put in, and no other."""
    files = Originals(folder)
    with database.moment() as db:
        referred = referred_to(db)
        unreferenced = files.unreferenced(referred)
    missing = [sha256 for sha256 in sorted(referred) if not files.is_whole(sha256)]
    if missing:
        says = f"{len(missing):,} of {len(referred):,} files are missing or damaged: {some(missing)}"
        return Finding("originals", "fault", says, "restore the folder from a backup, or put these files in again")
    if unreferenced:
        says = f"{len(unreferenced):,} files belong to no document, as after a process was killed"
        return Finding("originals", "warning", says, "run `sourcespan doctor --mend`")
    return Finding("originals", "fine", f"all {len(referred):,} kept files are as they were put in")

"""Where documents came from: each has one source or several, and goes with the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.documents import DocumentDraft
from index.store.catalogue.filters import EVERYTHING, in_collections, owned
from index.store.databases.connection import Connection
from index.store.names import Within, alike

_OF_NAME = (
    "SELECT s.document_id FROM document_sources AS s JOIN documents AS d ON d.id = s.document_id "
    "WHERE s.source = ? AND {among} ORDER BY s.rowid DESC LIMIT 1"
)
_ADDED = "INSERT INTO document_sources (document_id, source, file, file_sha256, alike) VALUES (?, ?, ?, ?, ?)"
_MEMBERS = "INSERT INTO document_collections VALUES (?, ?) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a document keeps when it is stored anew."""

    sources: Sequence[tuple[str, str | None, str]]
    collections: Sequence[str]


def belongings(db: Connection, document_id: str) -> Belongings:
    """Of a document as it is stored."""
    sources = db.execute(
        "SELECT source, file, file_sha256 FROM document_sources WHERE document_id = ? ORDER BY rowid", (document_id,)
    ).fetchall()
    rows = db.execute("SELECT collection FROM document_collections WHERE document_id = ?", (document_id,))
    return Belongings(sources, [str(row[0]) for row in rows])


def give(db: Connection, document_id: str, kept: Belongings) -> None:
    """Gives them back to a document that was stored anew."""
    db.executemany(_ADDED, ((document_id, name, file, sha256, alike(name)) for name, file, sha256 in kept.sources))
    put_in(db, document_id, kept.collections)


def put_in(db: Connection, document_id: str, collections: Sequence[str]) -> None:
    """Puts a document in collections, which are made if they are not there."""
    db.executemany("INSERT INTO collections VALUES (?) ON CONFLICT DO NOTHING", ((name,) for name in collections))
    db.executemany(_MEMBERS, ((document_id, name) for name in collections))


def holder(db: Connection, draft: DocumentDraft, within: Within) -> str | None:
    """The document that came from where the draft does: from the same file, or, where it was sent, by the same name.

    Names are looked for in the draft's collections, if it has any, and among what may be written to.
    """
    if draft.file:
        row = db.execute("SELECT document_id FROM document_sources WHERE file = ?", (draft.file,)).fetchone()
        return None if row is None else str(row[0])
    if not draft.source:
        return None
    among = owned(within) & (in_collections(draft.collections) if draft.collections else EVERYTHING)
    row = db.execute(_OF_NAME.format(among=among.sql), (draft.source, *among.values)).fetchone()
    return None if row is None else str(row[0])


def is_attached(db: Connection, document_id: str, draft: DocumentDraft) -> bool:
    """Whether the document is known to be from where the draft is, and in its collections."""
    kept = belongings(db, document_id)
    if not draft.collections <= set(kept.collections):
        return False
    if draft.file:
        return (draft.source, draft.file, draft.file_sha256) in kept.sources
    return draft.source in {source for source, _, _ in kept.sources}


def attach(db: Connection, document_id: str, draft: DocumentDraft) -> None:
    """Notes that a document came from where the draft does, and puts it in its collections.

    What was put in before files were noted is taken to be from the file of the same name.
    """
    if not is_attached(db, document_id, draft):
        if draft.file:
            db.execute("DELETE FROM document_sources WHERE file = ?", (draft.file,))
            db.execute(
                "DELETE FROM document_sources WHERE document_id = ? AND source = ? AND file IS NULL",
                (document_id, draft.source),
            )
        db.execute(_ADDED, (document_id, draft.source, draft.file, draft.file_sha256, alike(draft.source)))
        put_in(db, document_id, sorted(draft.collections))
        name_first(db, document_id)


def leave(db: Connection, document_id: str, draft: DocumentDraft) -> bool:
    """Notes that a document is not from where the draft is any more; gives whether it is from anywhere else."""
    return leave_file(db, document_id, draft.file) if draft.file else leave_name(db, document_id, draft.source)


def leave_file(db: Connection, document_id: str, file: str) -> bool:
    """The same of a file on this machine."""
    return _left(db, document_id, "file = ?", file)


def leave_name(db: Connection, document_id: str, source: str) -> bool:
    """The same of a source that goes by its name."""
    return _left(db, document_id, "source = ?", source)


def _left(db: Connection, document_id: str, test: str, value: str) -> bool:
    db.execute(f"DELETE FROM document_sources WHERE document_id = ? AND {test}", (document_id, value))  # noqa: S608
    name_first(db, document_id)
    return bool(db.execute("SELECT count(*) FROM document_sources WHERE document_id = ?", (document_id,)).fetchone()[0])


def name_first(db: Connection, document_id: str) -> None:
    """Where the source that a document is shown with is not one of its sources any more, the oldest of these is."""
    db.execute(
        "UPDATE documents SET source = (SELECT s.source FROM document_sources AS s WHERE s.document_id = ? "
        "ORDER BY s.source = '', s.rowid LIMIT 1) WHERE id = ? "
        "AND EXISTS (SELECT 1 FROM document_sources AS s WHERE s.document_id = ?) "
        "AND source NOT IN (SELECT s.source FROM document_sources AS s WHERE s.document_id = ?)",
        (document_id,) * 4,
    )

"""What becomes of documents that come in, decided inside the transaction that stores them.

A text that is there already is not stored twice: its document came from one more place. Another text from a place that
a document came from takes that document's place, which keeps its id, unless it came from elsewhere too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from index.documents import Document, DocumentDraft
from index.errors import NameTaken, SourceNotFound
from index.store.catalogue import sources, stored
from index.store.catalogue.filters import owned
from index.store.catalogue.quota import Quota, Usage, usage
from index.store.catalogue.stored import NewDocument
from index.store.databases import erasing
from index.store.databases.connection import Connection
from index.store.names import Within

Conflict = Literal["keep_both", "replace", "refuse"]
"""What is to become of a document that came from a source of the same name, with another text."""
State = Literal["new", "replaced", "known"]

_DELETED = "INSERT INTO deleted_documents VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET deleted_at = excluded.deleted_at"


@dataclass(frozen=True, slots=True)
class Stored:
    """A document that came in, and what it is: new, in the place of another text, or known before."""

    document: Document
    state: State
    gone: str | None = None
    """The document whose text went for it: itself, or another one."""


@dataclass(frozen=True, slots=True)
class Putting:
    """How documents are put in: what becomes of those of the same name, and what may be known of."""

    conflict: Conflict = "keep_both"
    within: Within = None


class PassagesWanted(Exception):
    """A text that was there is gone since: its passages are wanted after all."""


class Arrivals:
    """Puts documents in, one after the other, inside one transaction."""

    def __init__(self, db: Connection, generation: int, quota: Quota, putting: Putting | None = None) -> None:
        self.db = db
        """In the transaction."""
        self._generation = generation
        self._quota = quota
        self._putting = putting or Putting()
        self.gone: list[str] = []
        """What the passages that went away were read as."""
        self.kept: list[DocumentDraft] = []
        """Those whose files are to be kept."""
        self.dropped = False
        """Whether anything was taken away."""
        self._left: dict[str, Document] = {}
        """Documents that went because another text came from where they did, by their texts' hashes."""

    def put(self, draft: DocumentDraft, new: NewDocument | None) -> Stored:
        """Stores a draft, whose passages are in ``new``. Raises NameTaken, QuotaExceeded, PassagesWanted."""
        putting, db = self._putting, self.db
        known = stored.document_with(db, draft.sha256, owned(putting.within))
        before = None
        if draft.file or putting.conflict != "keep_both":
            before = sources.holder(db, draft, putting.within)
        if before is not None:  # whose places it takes, or shares from now on
            draft = replace(draft, collections=draft.collections | set(sources.belongings(db, before).collections))
        if known is not None and (before in (None, known.id) or sources.is_attached(db, known.id, draft)):
            return self._known(known, draft, "known")
        if before is not None and putting.conflict == "refuse" and not draft.file:
            raise NameTaken(draft.source, before)
        if known is not None and before is not None:
            return replace(self._known(known, draft, "replaced"), gone=self._leave(before, draft))
        if new is None:
            raise PassagesWanted
        if before is not None and len(sources.belongings(db, before).sources) == 1:
            return Stored(self._in_place_of(before, draft, new), "replaced", before)
        gone = None if before is None else self._leave(before, draft)
        return Stored(self._insert(replace(new, draft=draft)), "new" if before is None else "replaced", gone)

    def _known(self, known: Document, draft: DocumentDraft, state: State) -> Stored:
        sources.attach(self.db, known.id, draft)
        if draft.original is not None and stored.give_original(self.db, known.id, draft.original):
            self.kept.append(draft)
        return Stored(stored.document(self.db, known.id), state)

    def _insert(self, new: NewDocument) -> Document:
        self._quota.check(usage(self.db), Usage(1, new.draft.size))
        # two files whose texts were swapped: what is known of a text goes along with it
        was = self._left.get(new.document.sha256)
        if was is not None and not new.draft.metadata:
            new = replace(new, document=replace(new.document, metadata=was.metadata))
        stored.insert(self.db, new, self._generation)
        sources.attach(self.db, new.document.id, new.draft)
        self.kept.append(new.draft)
        return stored.document(self.db, new.document.id)

    def _in_place_of(self, document_id: str, draft: DocumentDraft, new: NewDocument) -> Document:
        metadata = draft.metadata or stored.document(self.db, document_id).metadata
        document = replace(new.document, id=document_id, metadata=metadata)
        self.replace(replace(new, document=document, draft=draft))
        return stored.document(self.db, document_id)

    def replace(self, new: NewDocument, *, same_source: bool = False) -> None:
        """Puts another text in the place of a document, which keeps its collections and when it was added.

        With ``same_source`` it also keeps where it came from and when it changed: the text is the same, or the same
        file's. Raises DocumentNotFound, QuotaExceeded.
        """
        db, document_id = self.db, new.document.id
        was, before, kept = stored.document(db, document_id), usage(db), sources.belongings(db, document_id)
        self._remove(document_id)
        self._quota.check(before, Usage(0, usage(db).text_bytes + new.draft.size - before.text_bytes))
        changed_at = was.changed_at if same_source else datetime.now(UTC)
        document = replace(new.document, created_at=was.created_at, changed_at=changed_at)
        stored.insert(db, replace(new, document=document), self._generation)
        sources.give(db, document_id, kept if same_source else replace(kept, sources=()))
        if not same_source:
            sources.attach(db, document_id, new.draft)
        self.kept.append(new.draft)

    def remove(self, document_id: str) -> None:
        """Removes a document for good. Raises DocumentNotFound."""
        self._remove(document_id)
        now = datetime.now(UTC).isoformat()
        self.db.execute(_DELETED, (document_id, now))

    def leave_name(self, document_id: str, source: str) -> bool:
        """Takes a document's source of this name away; gives whether there are others, else it is removed.

        Raises DocumentNotFound, SourceNotFound.
        """
        if source not in stored.document(self.db, document_id).sources:
            raise SourceNotFound(document_id, source)
        if sources.leave_name(self.db, document_id, source):
            return True
        self.remove(document_id)
        return False

    def leave_files(self, files: Sequence[str]) -> list[tuple[str, str | None]]:
        """Takes these files on this machine away; gives with each the id of the document that went with it, if any."""
        left = []
        for file in files:
            row = self.db.execute("SELECT document_id FROM document_sources WHERE file = ?", (file,)).fetchone()
            gone = None
            if row is not None and not sources.leave_file(self.db, row[0], file):
                self.remove(gone := str(row[0]))
            left.append((file, gone))
        return left

    def _leave(self, document_id: str, draft: DocumentDraft) -> str | None:
        """Takes away that a document is from where the draft is; gives its id where it is removed with that."""
        was = stored.document(self.db, document_id)
        if sources.leave(self.db, document_id, draft):
            return None
        self._left[was.sha256] = was
        self.remove(document_id)
        return document_id

    def _remove(self, document_id: str) -> None:
        self.gone += stored.readings_of(self.db, document_id)
        stored.delete(self.db, document_id)
        erasing.mark(self.db)
        self.dropped = True

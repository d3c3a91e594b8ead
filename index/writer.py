"""What changes an index: documents are put in, replaced, renamed and removed.

Each change is one transaction of the catalogue. It is acknowledged when the vector index has followed it; the word
index follows before anything is searched, and at once where something is gone.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from index.documents import READING, Document, DocumentDraft
from index.errors import CatalogueError
from index.interfaces import DenseSearch, Preparation, Progress
from index.store.catalogue.arrivals import Arrivals, PassagesWanted, Putting, Stored
from index.store.catalogue.catalogue import Catalogue, Put
from index.store.catalogue.quota import Usage
from index.store.catalogue.stored import NewDocument
from index.store.intake import Embedding, Intake, Spool, Spooled, embed
from index.store.names import Within
from index.store.reader_states import STATES_FILE, remove_all
from index.words.in_step import WordsInStep

logger = logging.getLogger("sourcespan")

_FORGET_AT_ONCE = 1_000
KEEPING_BOTH = Putting()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Embedded:
    """Texts whose passages are embedded, and wait to be put in. To be closed, or used as a context manager."""

    drafts: Sequence[DocumentDraft]
    known: Sequence[tuple[Document | None, bool]]
    """For each the document that holds its text already, and whether putting it in would change nothing."""
    new: Mapping[str, NewDocument]
    """Those that were not there, by the hash of their texts."""
    spool: Spool

    def __enter__(self) -> Embedded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the passages."""
        self.spool.close()

    @property
    def wanted(self) -> list[DocumentDraft]:
        """Those by which something changes."""
        return [draft for draft, (_, is_settled) in zip(self.drafts, self.known, strict=True) if not is_settled]


class IndexWriter:
    """The half of `PassageIndex` that changes it, which also makes what this stands on."""

    folder: Path
    preparation: Preparation | None
    _dimension: int
    _intake: Intake
    _catalogue: Catalogue
    _vectors: DenseSearch
    _words: WordsInStep

    def add(self, draft: DocumentDraft, progress: Progress | None = None) -> tuple[Document, bool]:
        """The stored document, and whether it is new: the same text again is the document that is already there."""
        return self.add_all([draft], progress)[0]

    def add_all(self, drafts: Sequence[DocumentDraft], progress: Progress | None = None) -> list[tuple[Document, bool]]:
        """Adds them in one transaction, all or none; gives what `add` would for each, in order.

        Their passages are embedded together, and ``progress`` hears of these. For more than memory holds at once, see
        `index.ingestion.build.add_many`. Raises QuotaExceeded.
        """
        return [(each.document, each.state == "new") for each in self.put_all(drafts, progress=progress)]

    def put_all(
        self, drafts: Sequence[DocumentDraft], putting: Putting = KEEPING_BOTH, progress: Progress | None = None
    ) -> list[Stored]:
        """Puts them in, in one transaction, and says what became of each: see `index.store.catalogue.arrivals`.

        Raises QuotaExceeded; NameTaken, where that is refused.
        """
        with self.embedded(drafts, putting, progress) as embedded:
            return self.put_embedded(embedded, putting, progress)

    def embedded(
        self,
        drafts: Sequence[DocumentDraft],
        putting: Putting = KEEPING_BOTH,
        progress: Progress | None = None,
        embedding: Embedding | None = None,
    ) -> Embedded:
        """The first half of `put_all`: the passages of those that are not there, which wait until they are put in.

        Threads may do it at the same time. ``embedding`` is who does the work, if not this process. Raises
        QuotaExceeded; ParserDied of a lost worker.
        """
        known = [self._catalogue.known(draft, putting.within) for draft in drafts]
        unknown = {draft.sha256: draft for draft, (there, _) in zip(drafts, known, strict=True) if there is None}
        is_more = putting.conflict == "keep_both" and not any(draft.file for draft in drafts)
        if unknown and is_more:  # none takes another's place
            more = Usage(len(unknown), sum(draft.size for draft in unknown.values()))
            self._catalogue.quota.check(self._catalogue.usage(), more)  # before the work of embedding them
        with ExitStack() as opened:
            spool = opened.enter_context(self._spool())
            new = self._new(unknown, spool, progress, embedding)
            opened.pop_all()
        return Embedded(drafts, known, new, spool)

    def put_embedded(
        self, embedded: Embedded, putting: Putting = KEEPING_BOTH, progress: Progress | None = None
    ) -> list[Stored]:
        """The other half of `put_all`, the transaction."""
        known, wanted = embedded.known, embedded.wanted
        arrived: Iterator[Stored] = iter(())
        if wanted:
            try:
                arrived = iter(self._put(wanted, embedded.new, putting))
            except PassagesWanted:  # another process, or one of these, took a text away that was there
                with self._spool() as spool:
                    new = self._new({draft.sha256: draft for draft in wanted}, spool, progress)
                    arrived = iter(self._put(wanted, new, putting))
        return [Stored(there, "known") if there and is_settled else next(arrived) for there, is_settled in known]

    def _new(
        self,
        unknown: Mapping[str, DocumentDraft],
        spool: Spool,
        progress: Progress | None,
        embedding: Embedding | None = None,
    ) -> dict[str, NewDocument]:
        counts = embed(embedding or self._intake, [*unknown.values()], spool, progress) if unknown else []
        firsts = accumulate([0, *counts[:-1]])
        return {
            sha256: NewDocument(_document(secrets.token_hex(8), draft, count), draft, Spooled(spool, first, count))
            for (sha256, draft), count, first in zip(unknown.items(), counts, firsts, strict=False)
        }

    def _put(
        self, wanted: Sequence[DocumentDraft], new: Mapping[str, NewDocument], putting: Putting
    ) -> Sequence[Stored]:
        # each draft is stored as itself, with the passages of its text
        put = self._catalogue.put([(draft, _arrival(new.get(draft.sha256), draft)) for draft in wanted], putting)
        self._follow(put, new)
        return put.outcomes

    def _follow(self, put: Put, new: Mapping[str, NewDocument]) -> None:
        if put.dropped:
            self._catch_up()
            kept = (
                p.context.reading(each.draft.text[p.start : p.end]).text for each in new.values() for p in each.passages
            )
            self._forget(put.gone, kept)
            return
        self._vectors.catch_up()
        self._words.expect(sum(each.document.passages for each in new.values()))

    def replace(
        self,
        document_id: str,
        draft: DocumentDraft,
        progress: Progress | None = None,
        *,
        same_source: bool = False,
        reading: int = READING,
        within: Within = None,
    ) -> Document:
        """Puts another text in a document's place: a search sees the old one or the new one, never both or neither.

        With ``same_source``, the text is the same or the same file's, read anew: the document stays what it was but for
        that. Raises DocumentNotFound; DuplicateDocument where another document already holds the text; QuotaExceeded.
        """
        self._catalogue.document(document_id)
        with self._spool() as spool:
            (count,) = embed(self._intake, [draft], spool, progress)
            passages = Spooled(spool, 0, count)
            new = NewDocument(_document(document_id, draft, count), draft, passages, reading)
            gone = self._catalogue.replace(new, same_source=same_source, within=within)
            self._catch_up()
            self._forget(gone, (p.context.reading(draft.text[p.start : p.end]).text for p in passages))
        return self._catalogue.document(document_id)

    def rename(self, document_id: str, title: str, progress: Progress | None = None) -> Document:
        """Gives a document another title, which its passages are found by too: they are embedded anew.

        Raises DocumentNotFound.
        """
        before, text = self._catalogue.with_text(document_id)
        outline = self._catalogue.outline(document_id)
        draft = DocumentDraft(
            title, text, before.source, before.metadata, outline, notes=before.notes, original=before.original
        )
        reading = 0 if document_id in self._catalogue.of_older_readings() else READING
        return self.replace(document_id, draft, progress, same_source=True, reading=reading)

    def delete(self, document_id: str) -> None:
        """Removes a document with its passages. Raises DocumentNotFound, CatalogueError."""
        self._remove(lambda arriving: arriving.remove(document_id))

    def leave(self, document_id: str, source: str) -> bool:
        """Notes that a document is not from ``source`` any more; gives whether it is still there, from elsewhere.

        Raises DocumentNotFound, SourceNotFound.
        """
        return self._remove(lambda arriving: arriving.leave_name(document_id, source))

    def leave_files(self, files: Sequence[str]) -> list[tuple[str, str | None]]:
        """Notes that these files on this machine are gone, all in one transaction.

        Gives with each the id of the document that went with it, where that came from nowhere else.
        """
        return self._remove(lambda arriving: arriving.leave_files(files)) if files else []

    def _remove(self, removing: Callable[[Arrivals], T]) -> T:
        given, gone = self._catalogue.remove(removing)
        self._catch_up()
        self._forget(gone)
        return given

    def _catch_up(self) -> None:
        """After something is gone: the word index follows at once, so that nothing of it stays in its files."""
        self._vectors.catch_up()
        self._words.catch_up()

    def _spool(self) -> Spool:
        return Spool(self.folder, self._dimension)

    def _forget(self, gone: Sequence[str], kept: Iterable[str] = ()) -> None:
        """Lets go of what was computed of passages that are gone, but for those that are read as ``kept`` ones are."""
        if self.preparation is None:
            self._forget_all()
            return
        still = {hash(text) for text in kept}
        try:
            for first in range(0, len(gone), _FORGET_AT_ONCE):
                passages = dict.fromkeys(gone[first : first + _FORGET_AT_ONCE])
                self.preparation.forget([text for text in passages if hash(text) not in still])
        except CatalogueError as error:
            logger.warning("What was computed of a document that is gone could not be removed: %s", error)

    def _forget_all(self) -> None:
        """Where nothing is computed ahead any more, what was computed once cannot be told apart: all of it goes."""
        try:
            remove_all(self.folder / STATES_FILE)
        except CatalogueError as error:
            logger.warning("What was computed ahead once could not be removed: %s", error)


def _document(document_id: str, draft: DocumentDraft, passages: int) -> Document:
    return Document(
        id=document_id,
        title=draft.title,
        source=draft.source,
        sha256=draft.sha256,
        characters=len(draft.text),
        passages=passages,
        created_at=datetime.now(UTC),
        metadata=draft.metadata,
        notes=draft.notes,
        original=draft.original,
    )


def _arrival(new: NewDocument | None, draft: DocumentDraft) -> NewDocument | None:
    """With the draft that brings the text, where several ones of a group do."""
    if new is None:
        return None
    return replace(new, document=_document(new.document.id, draft, new.document.passages), draft=draft)

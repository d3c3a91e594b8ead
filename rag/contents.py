"""The documents of a folder: put in, listed, changed, removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.documents import Document, DocumentDraft
from index.errors import UnsupportedFormat
from index.ingestion.added import Added
from index.ingestion.build import LateParser, add_many, ingest, path_or_draft
from index.ingestion.crew import Crew
from index.ingestion.following import taken
from index.interfaces import Progress
from index.passage_index import PassageIndex
from index.store.catalogue.arrivals import Conflict, Putting
from index.store.catalogue.shelves import Sort, Wanted
from index.store.names import collection_names
from index.store.originals.in_folder import Incoming

if TYPE_CHECKING:
    from index.upkeep.reindex import ReadAnew


class Contents:
    """The half of `rag.engine.Sourcespan` that needs no reader."""

    index: PassageIndex
    parser: LateParser

    @property
    def folder(self) -> Path:
        """Where everything that is stored lies."""
        return self.index.folder

    def add(
        self,
        document: str | PathLike[str] | DocumentDraft | None = None,
        *,
        text: str | None = None,
        title: str = "",
        source: str = "",
        metadata: Mapping[str, Any] | None = None,
        collections: Iterable[str] = (),
        on_conflict: Conflict = "keep_both",
        progress: Progress | None = None,
    ) -> list[Added]:
        """Puts in a file, every supported file of a folder or of a .zip archive, or a text; durable on return.

        The same text again is the document that is already there, which then has one more source; another text of the
        same file takes its document's place. Gives what became of each file, in order: of several one that cannot be
        read carries its error.

        Args:
            document: A path, or a draft.
            text: The text itself, in the place of ``document``.
            title: Of ``text``.
            source: Where ``text`` is from: a name or an address, which answers show.
            metadata: What else is kept of ``text``, as JSON has it.
            collections: In which it is put; they are made if they are not there.
            on_conflict: What becomes of a document with the same ``source`` and another text.
            progress: Called with (done, total): bytes of a path's files, else passages. Raising from it stops the work.

        Raises:
            DocumentError: The only document cannot be read, or is blank.
            CatalogueError: It cannot be stored; QuotaExceeded where it is more than may be.
            NameTaken: ``on_conflict`` is ``refuse``, and there is one.
            InvalidCollection: A name that no collection can have.
            TypeError: Neither a document nor a text was given, or both.
        """
        draft = path_or_draft(document, text, title, source, metadata)
        if isinstance(draft, DocumentDraft):
            draft = replace(draft, collections=draft.collections | collection_names(collections))
            (stored,) = self.index.put_all([draft], Putting(on_conflict), progress)
            return [Added.of(stored, notes=draft.notes)]
        added = list(self.add_files([draft], progress, collections=collections))
        # one file, not those of a folder or an archive: what is wrong with it is raised, not reported
        if [one.path for one in added] == [draft]:
            added[0].document_or_error()
        return added

    def add_files(
        self,
        paths: Iterable[str | PathLike[str]],
        progress: Progress | None = None,
        *,
        collections: Iterable[str] = (),
        sync: bool = False,
        crew: Crew | None = None,
    ) -> Iterator[Added]:
        """Puts in files, and the supported files of folders and .zip archives, and yields what became of each.

        What came from the same file before, with another text, is replaced; with ``sync``, what came from these paths
        and is not there any more is removed (`state` is then ``removed``). A file that cannot be read carries its
        error and stops no other one. What is yielded is durable. ``progress`` is called with (done, total) bytes of all
        files. A ``crew`` of `rag.workers.bulk.workers` does the work instead of this process. Raises CatalogueError,
        QuotaExceeded, InvalidCollection.
        """
        parser = self.parser.get()
        return ingest(self.index, map(Path, paths), parser, progress, collections, sync=sync, crew=crew)

    def add_many(self, drafts: Sequence[DocumentDraft], progress: Progress | None = None) -> Iterator[Added]:
        """Puts in many texts, many times faster than one by one, and yields each in order as it is durable.

        ``progress`` is called with (done, total) drafts. Raises CatalogueError, QuotaExceeded.
        """
        return (
            Added(None, document, state="new" if is_new else "known")
            for document, is_new in add_many(self.index, drafts, progress)
        )

    def replace(
        self,
        document_id: str,
        document: str | PathLike[str] | DocumentDraft | None = None,
        *,
        text: str | None = None,
        title: str = "",
        source: str = "",
        metadata: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> Document:
        """Puts another text in a document's place, all at once; it keeps its id. The arguments are those of `add`.

        ``progress`` is called with (done, total) passages. Raises like `add`, and DocumentNotFound; DuplicateDocument
        where another document already holds the text; UnsupportedFormat for a folder or an archive.
        """
        draft = path_or_draft(document, text, title, source, metadata)
        with self.index.incoming() as incoming:
            return self.index.replace(document_id, self._single(draft, incoming), progress)

    def reindex(self, progress: Progress | None = None) -> Iterator[ReadAnew]:
        """Reads documents of an older version's reading anew, and yields each, durable. Raises CatalogueError."""
        from index.upkeep.reindex import reindex

        return reindex(self.index, self.parser.get(), progress)

    def remove(self, document_id: str) -> None:
        """Removes a document and its passages. Raises DocumentNotFound, CatalogueError."""
        self.index.delete(document_id)

    def rename(self, document_id: str, title: str) -> Document:
        """Gives a document another title, by which its passages are found from then on. Raises DocumentNotFound."""
        return self.index.rename(document_id, title)

    def sort(
        self,
        document_id: str,
        *,
        collections: Iterable[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Document:
        """Puts other collections, or other metadata, in the place of a document's own.

        Raises DocumentNotFound, InvalidCollection.
        """
        return self.index.shelves.change(document_id, collections, metadata)

    def documents(
        self,
        *,
        limit: int | None = None,
        offset: int = 0,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        words: str = "",
        sort: Sort = "oldest",
    ) -> list[Document]:
        """The stored documents without their texts, the oldest first; at most ``limit`` of them after ``offset``.

        Only those that ``filter`` allows (`docs/filters.md`), and that have these words in title or source. Raises
        InvalidFilter.
        """
        return self.index.shelves.page(Wanted(filter, words=words), sort=sort, limit=limit, offset=offset)[0]

    def collections(self) -> dict[str, int]:
        """The names of all collections, each with how many documents are in it."""
        return {each.name: each.documents for each in self.index.shelves.collections()}

    def document(self, document_id: str) -> Document:
        """The document with this id, without its text. Raises DocumentNotFound."""
        return self.index.document(document_id)

    def text(self, document_id: str) -> str:
        """The stored text of a document, which all offsets refer to. Raises DocumentNotFound."""
        return self.index.with_text(document_id)[1]

    def _single(self, document: Path | DocumentDraft, incoming: Incoming) -> DocumentDraft:
        """The one document that this is. Raises DocumentError."""
        if isinstance(document, DocumentDraft):
            return document
        from index.parsing import SUPPORTED_SUFFIXES

        parsed = list(self.parser.get().drafts_in([document]))
        if [one.path for one in parsed] != [document]:
            raise UnsupportedFormat(document.name, SUPPORTED_SUFFIXES)
        return taken(incoming, parsed[0]).draft_or_error()

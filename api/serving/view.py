"""The documents as one caller may see them: all routes look at them through this."""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.documents import Document, Original
from index.errors import DocumentNotFound, NotAllowed
from index.store.catalogue.shelves import Collection, Sort, Wanted
from index.store.names import Within, collection_names
from rag.engine import Sourcespan


@dataclass(frozen=True, slots=True)
class View:
    """What is in some collections, or everything. What is elsewhere is as if it were not there."""

    library: Sourcespan
    within: Within

    def check(self, document_id: str) -> None:
        """Raises DocumentNotFound where the caller may not know of a document."""
        if self.within is not None and not self.library.index.shelves.is_visible(document_id, self.within):
            raise DocumentNotFound(document_id)

    def check_owned(self, document_id: str) -> None:
        """Raises DocumentNotFound; NotAllowed where others see the document too, who would see it change."""
        self.check(document_id)
        if self.within is not None and not self.library.index.shelves.is_owned(document_id, self.within):
            raise NotAllowed("a document that is in others too cannot be changed with it")

    def check_unbound(self, what: str) -> None:
        """Raises NotAllowed unless the caller may see everything."""
        if self.within is not None:
            raise NotAllowed(f"{what} takes one that is not")

    def document(self, document_id: str) -> Document:
        """A document without its text. Raises DocumentNotFound."""
        self.check(document_id)
        return self._shown(self.library.document(document_id))

    def with_text(self, document_id: str) -> tuple[Document, str]:
        """A document and its text. Raises DocumentNotFound."""
        self.check(document_id)
        document, text = self.library.index.with_text(document_id)
        return self._shown(document), text

    def original(self, document_id: str) -> tuple[Original, Path]:
        """The file that a document was read from. Raises DocumentNotFound, OriginalNotKept."""
        self.check(document_id)
        return self.library.index.original(document_id)

    def page(
        self,
        filter: Mapping[str, Any] | None,  # noqa: A002
        words: str,
        sort: Sort,
        limit: int,
        offset: int,
    ) -> tuple[list[Document], int, dict[str, int]]:
        """Some of the documents; how many there are in all; how many of each kind there are without any filter."""
        shelves = self.library.index.shelves
        wanted = Wanted(filter, None, words, self.within)
        documents, total = shelves.page(wanted, sort=sort, limit=limit, offset=offset)
        return [self._shown(each) for each in documents], total, shelves.kinds(self.within)

    def among(self, document_ids: Sequence[str] | None, filter: Mapping[str, Any] | None) -> Sequence[str] | None:  # noqa: A002
        """The documents that a question may be answered from; None: all there are. Raises InvalidFilter."""
        if self.within is None and filter is None:
            return document_ids
        return self.library.index.shelves.ids(Wanted(filter, document_ids, within=self.within))

    def owned(self) -> Sequence[str] | None:
        """The documents that nobody else knows of; None: all there are."""
        if self.within is None:
            return None
        return self.library.index.shelves.ids(Wanted(within=self.within, alone=True))

    def _shown(self, document: Document) -> Document:
        """A document without the collections that the caller does not know of."""
        if self.within is None:
            return document
        return replace(document, collections=tuple(name for name in document.collections if name in self.within))

    def collections(self) -> list[Collection]:
        """Those that the caller may know of; of a bound key also those that are not made yet."""
        there = self.library.index.shelves.collections(self.within)
        missing = (self.within or frozenset()) - {each.name for each in there}
        return sorted([*there, *(Collection(name, 0) for name in missing)], key=lambda each: each.name)

    def collections_for(self, names: Several[str]) -> frozenset[str]:
        """In which collections something is put for which these are named; with a bound key never in none.

        Raises InvalidCollection, NotAllowed.
        """
        wanted = collection_names(names)
        if self.within is None:
            return wanted
        if not wanted <= self.within:
            raise NotAllowed(f"it puts documents in {', '.join(sorted(self.within))}")
        return wanted or frozenset(sorted(self.within)[:1])

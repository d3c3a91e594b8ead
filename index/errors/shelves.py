"""Errors about where documents came from, and about the collections and filters that they are sorted by."""

from __future__ import annotations

from index.errors.answering import InvalidQuestion
from index.errors.documents import DocumentError, DocumentNotFound
from index.errors.shown import cut


class InvalidFilter(InvalidQuestion):
    """A filter that is none of the language. ``place`` is where in it, as names and numbers with dots between."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"filter.{place}" if place else "filter", reason)
        self.place = place


class InvalidCollection(InvalidQuestion):
    """A name that no collection can have."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "collections",
            f"hold {cut(name, 80)!r}: a name has 1 to 64 letters, digits, spaces, dots, - and _, no blank at its ends",
        )
        self.name = name


class CollectionError(DocumentError):
    """Something about a collection."""


class CollectionNotFound(CollectionError):
    """No collection has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no collection {cut(name)!r}")
        self.name = name


class NotAllowed(CollectionError):
    """Something that a key which is bound to collections may not do."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this API key is bound to collections: {reason}")


class DocumentDeleted(DocumentNotFound):
    """The document with this id was deleted."""

    def __init__(self, document_id: str, deleted_at: str) -> None:
        super().__init__(document_id)
        self.args = (f"document {cut(document_id)!r} was deleted on {deleted_at[:10]}",)
        self.deleted_at = deleted_at


class SourceNotFound(DocumentError):
    """A document that did not come from there."""

    def __init__(self, document_id: str, source: str) -> None:
        super().__init__(f"document {cut(document_id)!r} did not come from {cut(source)!r}")


class EmptiedFolder(DocumentError):
    """A folder that holds no file any more, as where a disk is not mounted."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{cut(name)!r} holds no files, as if it were not mounted, so what came from it stays: "
            "`sourcespan documents remove` removes it"
        )


class NameTaken(DocumentError):
    """Another document came from a source of this name, and neither is to go."""

    def __init__(self, source: str, document_id: str) -> None:
        super().__init__(
            f"a document from {cut(source)!r} is there already, with another text: say on_conflict=replace or keep_both"
        )
        self.source = source
        self.document_id = document_id

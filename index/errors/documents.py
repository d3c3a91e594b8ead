"""Errors about a document that was put in or asked for."""

from __future__ import annotations

from typing import Literal

from index.errors.root import SourcespanError
from index.errors.shown import cut


class DocumentError(SourcespanError):
    """Something about a document that was put in or asked for."""


class EmptyDocument(DocumentError):
    """The document has no text."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{cut(name)!r} has no text in it")
        self.name = name


class UnsupportedFormat(DocumentError):
    """A kind of file that is not read. ``advice`` is what to do about it, where that is known."""

    def __init__(self, name: str, supported: tuple[str, ...], advice: str = "") -> None:
        way_out = f"{advice}; " if advice else ""
        super().__init__(f"{cut(name)!r} is of a kind that is not read; {way_out}supported: {', '.join(supported)}")
        self.name = name
        self.supported = supported


class MislabelledFile(DocumentError):
    """A file whose name says one kind and whose content is another."""

    def __init__(self, name: str, holds: str, advice: str) -> None:
        super().__init__(f"{cut(name)!r} does not hold what its name says: it is {holds}; {advice}")
        self.name = name
        self.holds = holds


class MalformedFile(DocumentError):
    """A file that cannot be read as what it claims to be."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{cut(name)!r} cannot be read: {reason}")
        self.name = name
        self.reason = reason


class EncryptedFile(DocumentError):
    """A file that opens only with a password."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{cut(name)!r} is encrypted: save it without a password first")
        self.name = name


class ScannedDocument(DocumentError):
    """A document whose pages are pictures, without text."""

    def __init__(self, name: str, pages: int, advice: str) -> None:
        super().__init__(
            f"{cut(name)!r} has {pages:,} page{'s' * (pages != 1)} but no text, so it is probably a scan: {advice}"
        )
        self.name = name
        self.pages = pages


class UnsafeArchive(DocumentError):
    """An archive, or a file in one, that is not unpacked."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{cut(name)!r} is not unpacked: {reason}")
        self.name = name
        self.reason = reason


class DocumentTooLarge(DocumentError):
    """A document over the size limit. ``size`` and ``limit`` in bytes."""

    def __init__(self, name: str, size: int, limit: int) -> None:
        super().__init__(f"{cut(name)!r} has {size:,} bytes; the limit is {limit:,}")
        self.name = name
        self.size = size
        self.limit = limit


class DocumentTooComplex(DocumentError):
    """Reading a document needs more than it may take. ``limit`` in bytes, and in seconds of time."""

    def __init__(self, name: str, resource: Literal["memory", "time", "output"], limit: float) -> None:
        needs = {
            "memory": f"needs more than {_size(limit)} of memory to be read",
            "time": f"takes longer than {limit:,g} seconds to be read",
            "output": f"gives more than {_size(limit)} of text and outline when it is read",
        }
        super().__init__(f"{name!r} {needs[resource]}, which is the limit")
        self.name = name
        self.resource = resource
        self.limit = limit


class ParserDied(DocumentError):
    """The process that read a document ended before it was done: by the signal or with the exit code in ``how``."""

    def __init__(self, name: str, how: str) -> None:
        super().__init__(
            f"{name!r} cannot be read: the process that read it broke off ({how}), as happens over a file that is "
            "damaged or made to do harm"
        )
        self.name = name
        self.how = how


class NotEmbedded(DocumentError):
    """A document that was read, but whose worker ended before its text was embedded, and so did the next one."""

    def __init__(self, name: str, why: DocumentError | None) -> None:
        how = f": {why.how}" if isinstance(why, ParserDied) else ""
        super().__init__(
            f"{name!r} was not put in: the worker that was to embed it broke off, and so did a second one{how}"
        )
        self.name = name


class DuplicateDocument(DocumentError):
    """Another document already holds this text."""

    def __init__(self, document_id: str) -> None:
        super().__init__(f"document {cut(document_id)!r} already holds this text")
        self.document_id = document_id


class DocumentNotFound(DocumentError):
    """No document has this id."""

    def __init__(self, document_id: str) -> None:
        super().__init__(f"there is no document {cut(document_id)!r}")
        self.document_id = document_id


class OriginalNotKept(DocumentError):
    """The file that a document was read from is not kept, or there was none."""

    def __init__(self, document_id: str) -> None:
        super().__init__(f"of document {cut(document_id)!r} no original file is kept")
        self.document_id = document_id


class NoPages(DocumentError):
    """A document without pages that could be shown."""

    def __init__(self, document_id: str) -> None:
        super().__init__(f"document {cut(document_id)!r} is no PDF, so it has no pages to be shown")
        self.document_id = document_id


class PageNotFound(DocumentError):
    """A page that a document does not have."""

    def __init__(self, name: str, page: int) -> None:
        super().__init__(f"{cut(name)!r} has no page {page:,}")
        self.name = name
        self.page = page


class InvalidSpan(DocumentError):
    """A range that is none of a document's text, or longer than it may be."""

    def __init__(self, start: int, end: int, characters: int, most: int) -> None:
        super().__init__(
            f"{start:,} to {end:,} is no range of a text of {characters:,} characters, or one of more than {most:,}"
        )
        self.start = start
        self.end = end


class InvalidDocument(SourcespanError):
    """A document that was sent with fields that are missing or wrong: ``faults`` has (field, what is wrong) of each."""

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{field}: {detail}" for field, detail in faults))
        self.faults = faults


def _size(limit: float) -> str:
    return f"{limit / 1e9:.1f} GB" if limit >= 1e9 else f"{limit / 1e6:,.0f} MB"

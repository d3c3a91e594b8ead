"""What became of a file or a text that was put in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from index.documents import Document
from index.errors import DocumentError
from index.store.catalogue.arrivals import State, Stored


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a file or a text that was put in: a stored document, or an error."""

    path: Path | None
    """Of the file, or of an archive and the name in it; None for a text."""
    document: Document | None
    """None where it could not be read."""
    error: DocumentError | None = None
    """Why there is no document."""
    is_skipped: bool = False
    """Whether it was passed over, as a file in a folder or in an archive whose kind is not read."""
    notes: tuple[str, ...] = ()
    """What of the file was not read, or not for certain: one sentence each."""
    state: State | Literal["removed"] | None = None
    """Whether the document is new, replaces another text of the same file or name, or was known before; or whether the
    file is gone, and so there is no document."""
    gone: str | None = None
    """The id of the document whose text was replaced: that of ``document``, or of another one, which is removed."""

    @property
    def is_new(self) -> bool:
        """False where the same text was stored before: then ``document`` is the one that holds it."""
        return self.state == "new"

    @classmethod
    def of(cls, stored: Stored, path: Path | None = None, notes: tuple[str, ...] = ()) -> Self:
        """What was stored."""
        return cls(path, stored.document, notes=notes, state=stored.state, gone=stored.gone)

    def document_or_error(self) -> Document:
        """The document. Raises what kept it from becoming one."""
        if self.document is None:
            assert self.error is not None  # noqa: S101
            raise self.error
        return self.document

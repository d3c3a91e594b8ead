"""Errors about the data directory: the catalogue, its quotas, its backups."""

from __future__ import annotations

from index.errors.root import SourcespanError


class CatalogueError(SourcespanError):
    """The data directory, or the catalogue in it, cannot do what was asked."""


class EmbedderMismatch(CatalogueError):
    """The index holds vectors of another embedder."""

    def __init__(self, indexed_with: str, embedder: str) -> None:
        super().__init__(
            f"the index was made with the embedder {indexed_with}, not {embedder}: "
            "use that embedder, or index the documents anew into another data directory"
        )
        self.indexed_with = indexed_with
        self.embedder = embedder


class CatalogueUnusable(CatalogueError):
    """The catalogue cannot be opened, read or written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the catalogue cannot be used: {reason}")
        self.reason = reason


class WordIndexUnusable(CatalogueError):
    """The index of words cannot be read or written; it is derived, and made anew."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the word index cannot be used: {reason}")


class CatalogueBusy(CatalogueError):
    """Another thread or process is writing, and a change had to wait for too long."""

    def __init__(self) -> None:
        super().__init__("the data directory is being written to by someone else: nothing was changed; try again")


class CatalogueUnreachable(CatalogueError):
    """The database does not answer, or went away."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database cannot be reached: {reason}")
        self.reason = reason


class CatalogueFull(CatalogueError):
    """There is no room on the disk for a change."""

    def __init__(self) -> None:
        super().__init__(
            "the disk of the data directory takes no more: it is full, or over a limit. Nothing was changed, and what "
            "was indexed before still works: free some space and try again"
        )


class CatalogueReadOnly(CatalogueError):
    """The data directory may be read, but not written."""

    def __init__(self) -> None:
        super().__init__(
            "the data directory cannot be written to: nothing was changed, and what was indexed before still works"
        )


class CatalogueGone(CatalogueError):
    """The file is not in its place any more: ``name`` of the file."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} was moved, deleted or replaced while it was in use: nothing was changed; put it back if it should "
            "not have gone, and restart"
        )
        self.name = name


class CatalogueTooNew(CatalogueError):
    """The catalogue has a schema that this version does not know."""

    def __init__(self, schema: int, known: int) -> None:
        super().__init__(f"the catalogue has schema {schema}, this version knows {known}: use a newer Sourcespan")
        self.schema = schema
        self.known = known


class QuotaExceeded(CatalogueError):
    """More than the operator lets be stored. ``limit`` in units of ``what``."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"no more than {limit:,} {what} may be stored here: nothing was changed")
        self.what = what
        self.limit = limit


class CatalogueInUse(CatalogueError):
    """Another process has the catalogue open."""

    def __init__(self, name: str) -> None:
        super().__init__(f"another process has {name} open: stop it first")
        self.name = name


class WouldOverwrite(CatalogueError):
    """Something is there already. ``what`` says what, ``advice`` what to do."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"{what}: {advice}")
        self.what = what
        self.advice = advice


class BackupUnusable(CatalogueError):
    """A backup that cannot be made, or a file that is no whole one."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name!r} is no usable backup: {reason}")
        self.name = name
        self.reason = reason

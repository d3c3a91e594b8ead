"""The files that documents were read from, kept under the sha256 of their bytes in a folder beside the catalogue.

A file that comes in waits under a name of its own. It gets the name that documents refer to inside the transaction that
stores the first of them, and loses it inside another one, when none refers to it any more. So no process can take away
what another one is about to refer to, and of what was acknowledged no file is missing.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import mimetypes
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from threading import Lock
from types import TracebackType
from typing import Protocol, Self

from index.documents import DocumentDraft, Original
from index.errors import CatalogueError
from index.store.databases.connection import Connection, Database
from index.store.databases.sqlite import storage_error
from index.store.files import sha256_of, sync_folder

ORIGINALS = "originals"
"""The folder, in that of the catalogue."""

_INCOMING = "incoming-"
_SECONDS_TO_LOCK = 3_600  # a folder so old that is not locked belongs to nobody any more
_REFERRED_TO = "SELECT DISTINCT original_sha256 FROM documents WHERE original_sha256 IS NOT NULL"
_GONE = (
    "SELECT sha256 FROM originals_gone AS gone "
    "WHERE NOT EXISTS (SELECT 1 FROM documents WHERE original_sha256 = gone.sha256)"
)
_OFFICE = "application/vnd.openxmlformats-officedocument"
# Python's own table without those of the system, so that a file is of one type everywhere
_TYPES = mimetypes.MimeTypes()
_MORE_TYPES = {
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".epub": "application/epub+zip",
    ".rtf": "application/rtf",
    ".md": "text/markdown",
    ".ipynb": "application/x-ipynb+json",
}

logger = logging.getLogger("sourcespan")


def referred_to(db: Connection) -> set[str]:
    """The hashes that documents refer to."""
    return {str(sha256) for (sha256,) in db.execute(_REFERRED_TO)}


def some_gone(db: Connection) -> bool:
    """Whether documents were deleted whose originals may be there still."""
    return bool(db.execute("SELECT count(*) FROM originals_gone").fetchone()[0])


class Incoming:
    """Originals that wait for their documents to be stored; what nobody took is removed in the end."""

    def __init__(self, folder: Path) -> None:
        self._originals = folder
        self._exit = ExitStack()
        self._waiting: Path | None = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with suppress(OSError):  # what cannot be removed is removed once it is old
            self._exit.close()

    def keep(self, draft: DocumentDraft, data: bytes) -> DocumentDraft:
        """The draft with its original, which is on the disk now. Raises CatalogueError."""
        name = PurePath(draft.source).name
        try:
            incoming = self._folder() / secrets.token_hex(8)
            with incoming.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise storage_error(error) from error
        original = Original(name, media_type(name), len(data), hashlib.sha256(data).hexdigest())
        return replace(draft, original=original, incoming=incoming)

    def _folder(self) -> Path:
        """Made when it is wanted, as most of the time nothing is put in."""
        with self._lock:  # several threads may have read a file
            if self._waiting is None:
                self._waiting = self._made()
            return self._waiting

    def _made(self) -> Path:
        self._originals.mkdir(exist_ok=True)
        remove_abandoned(self._originals)
        folder = TemporaryDirectory(prefix=_INCOMING, dir=self._originals, ignore_cleanup_errors=True)
        waiting = Path(self._exit.enter_context(folder))
        descriptor = os.open(waiting, os.O_RDONLY)
        self._exit.callback(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return waiting


class KeptFiles(Protocol):
    """The kept originals of one catalogue. Everything raises CatalogueError."""

    def incoming(self) -> Incoming:
        """Where files wait until their documents are stored."""

    def path(self, sha256: str) -> Path:
        """Where an original can be read, if it is kept; where no file is, it is not."""

    def settle(self, db: Connection, drafts: Iterable[DocumentDraft]) -> None:
        """Keeps what came in, durably. To be called last in the transaction that stores the documents."""

    def forget(self, db: Connection, hashes: Sequence[str]) -> None:
        """Removes those with these hashes, inside a transaction."""

    def is_whole(self, sha256: str) -> bool:
        """Whether one is there and holds what its name says."""


class Originals:
    """Those in a folder beside the catalogue."""

    def __init__(self, data: Path) -> None:
        """``data`` is the folder of the catalogue. Nothing is made yet."""
        self.folder = data / ORIGINALS

    def incoming(self) -> Incoming:
        """Where files wait until their documents are stored."""
        return Incoming(self.folder)

    def path(self, sha256: str) -> Path:
        """Where an original lies, if it is kept."""
        return self.folder / sha256[:2] / sha256

    def settle(self, _: Connection, drafts: Iterable[DocumentDraft]) -> None:
        """Gives what came in its name, durably. To be called last in the transaction that stores the documents.

        Raises CatalogueError.
        """
        try:
            self.take({draft.incoming: draft.original.sha256 for draft in drafts if draft.original and draft.incoming})
        except OSError as error:
            raise storage_error(error) from error

    def take(self, written: Mapping[Path, str]) -> None:
        """Moves files to where those with their hashes lie, durably. Raises OSError."""
        touched = set()
        for file, sha256 in written.items():
            path = self.path(sha256)
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True)
                touched |= {self.folder, self.folder.parent}
            file.replace(path)
            touched.add(path.parent)
        for folder in touched:
            sync_folder(folder)

    def forget(self, _: Connection, hashes: Sequence[str]) -> None:
        """Removes those with these hashes, inside a transaction. Raises CatalogueError."""
        self.remove(hashes)

    def remove(self, hashes: Iterable[str]) -> None:
        """Removes those with these hashes, inside a transaction. Raises CatalogueError."""
        try:
            for path in map(self.path, hashes):
                path.unlink(missing_ok=True)
                if path.parent.is_dir():
                    sync_folder(path.parent)
        except OSError as error:
            raise storage_error(error) from error

    def is_whole(self, sha256: str) -> bool:
        """Whether one is there and holds what its name says."""
        try:
            return sha256_of(self.path(sha256)) == sha256
        except OSError:
            return False

    def unreferenced(self, referred: Set[str]) -> list[str]:
        """The names of those that are not among ``referred``."""
        return [path.name for path in sorted(self.folder.glob("??/*")) if path.name not in referred]

    def remove_unreferenced(self, referred: Set[str]) -> int:
        """Removes those that are not among ``referred``, in a transaction; gives how many. Raises CatalogueError."""
        unreferenced = self.unreferenced(referred)
        self.remove(unreferenced)
        remove_abandoned(self.folder)
        return len(unreferenced)


def erase_gone(database: Database, files: KeptFiles) -> None:
    """Removes the originals whose last document is gone. What goes wrong is logged, and tried again the next time."""
    try:
        with database.reading() as db:
            if not some_gone(db):
                return
        with database.change() as db:
            files.forget(db, [sha256 for (sha256,) in db.execute(_GONE).fetchall()])
            db.execute("DELETE FROM originals_gone")
    except CatalogueError as error:
        logger.warning("The file of a document that is gone is left until the next change: %s", error)


def media_type(name: str) -> str:
    """The media type of a file, by its name."""
    suffix = PurePath(name).suffix.lower()
    return _MORE_TYPES.get(suffix) or _TYPES.guess_type(f"a{suffix}")[0] or "application/octet-stream"


def remove_abandoned(folder: Path) -> None:
    """Removes what came in to processes that ended before it was stored."""
    for left in folder.glob(f"{_INCOMING}*"):
        with suppress(OSError):
            descriptor = os.open(left, os.O_RDONLY)
            try:
                if time.time() - left.stat().st_mtime < _SECONDS_TO_LOCK:
                    continue
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
            finally:
                os.close(descriptor)

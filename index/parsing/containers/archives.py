"""A file, or a .zip of files → drafts, or what is wrong with each. Nothing is ever written to a path."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from index.documents import DocumentDraft
from index.errors import (
    DocumentError,
    DocumentTooComplex,
    DocumentTooLarge,
    EmptyDocument,
    EncryptedFile,
    UnsafeArchive,
    UnsupportedFormat,
)
from index.isolation.limits import memory_limit
from index.parsing.containers import mail, outlook
from index.parsing.content import MAX_BYTES, File, malformed
from index.parsing.formats import ARCHIVE, SUPPORTED_SUFFIXES, check_label, parse_bytes, suffix_of
from index.parsing.limits import MAX_NESTING, Budget

UNPACKED = 20
"""How many times the largest file an archive may unpack to, all in all."""
_ENCRYPTED = 0x1
_ATTACHMENTS = {".eml": mail.attachments, ".msg": outlook.attachments}
CONTAINERS = frozenset((ARCHIVE, *_ATTACHMENTS))
"""Suffixes of files in which others are, so that what they hold is known only by reading them."""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What became of one file: its draft, or why there is none."""

    path: Path
    """Where it was found; that of a file in an archive goes on with its name there."""
    size: int
    """The bytes it takes up where it was found, for telling progress."""
    draft: DocumentDraft | None
    error: DocumentError | None = None
    is_skipped: bool = False
    """Whether it was passed over, as a file in a folder or in an archive whose kind is not read."""
    data: bytes | None = None
    """Its bytes, where there is a draft."""

    def draft_or_error(self) -> DocumentDraft:
        """The draft. Raises the error where there is none."""
        if self.draft is None:
            raise self.error or EmptyDocument(str(self.path))
        return self.draft


def drafts_of(name: str, data: bytes, *, max_bytes: int = MAX_BYTES) -> Iterator[ParsedFile]:
    """What is in ``data``, a file called ``name``: one document, or those of an archive, archives in it unpacked too.

    Of several with one name, as may be attached to a message, each gets a name of its own. Never raises DocumentError:
    each file's is in its place.
    """
    names: dict[Path, int] = {}
    for file in _parsed(_Found(Path(name), name, len(data), data), Budget(UNPACKED * max_bytes), max_bytes, depth=0):
        yield _apart(file, names)


def _apart(file: ParsedFile, names: dict[Path, int]) -> ParsedFile:
    """The file, with a number in its name where that is taken already; ``names`` has the last number of each."""
    if file.draft is None:
        return file
    path = file.path
    while path in names:
        names[file.path] += 1
        path = file.path.with_name(f"{file.path.stem} ({names[file.path]}){file.path.suffix}")
    names[path] = 1
    if path == file.path:
        return file
    folder = file.draft.source[: file.draft.source.rfind("/") + 1]
    return replace(file, path=path, draft=replace(file.draft, source=folder + path.name))


def skipped(path: Path, name: str, size: int) -> ParsedFile:
    """A file in a folder or in an archive whose kind is not read."""
    return ParsedFile(path, size, None, UnsupportedFormat(name, SUPPORTED_SUFFIXES), is_skipped=True)


def is_clutter(relative: PurePosixPath) -> bool:
    """Whether a program left the file there for itself: hidden, Word's lock, a Mac's second half."""
    return any(part.startswith((".", "~$")) or part == "__MACOSX" for part in relative.parts)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file, in a folder or in an archive."""

    path: Path
    name: str
    size: int
    data: bytes


def _parsed(file: _Found, budget: Budget, max_bytes: int, depth: int) -> Iterator[ParsedFile]:
    if suffix_of(file.name) != ARCHIVE:
        document = _document(file, max_bytes)
        yield document
        if document.draft is not None and suffix_of(file.name) in _ATTACHMENTS:
            yield from _attached(file, budget, max_bytes, depth)
        return
    try:
        yield from _unpacked(file, budget, max_bytes, depth)
    except DocumentError as error:
        yield ParsedFile(file.path, file.size, None, error)


def _document(file: _Found, max_bytes: int) -> ParsedFile:
    try:
        draft = parse_bytes(file.name, file.data, max_bytes=max_bytes)
        return ParsedFile(file.path, file.size, draft, data=file.data)
    except DocumentError as error:
        return ParsedFile(file.path, file.size, None, error)
    except MemoryError:
        if (limit := memory_limit()) is None:
            raise
        # what is left over is free again: the other files of the archive can still be read
        return ParsedFile(file.path, file.size, None, DocumentTooComplex(file.name, "memory", limit))


def _attached(file: _Found, budget: Budget, max_bytes: int, depth: int) -> Iterator[ParsedFile]:
    """What is attached to an e-mail."""
    attachments = _ATTACHMENTS[suffix_of(file.name)]
    for attached, data in attachments(File(file.name, file.data, max_bytes)):
        if not _is_wanted(attached):
            continue
        name, path = f"{file.name}/{attached}", file.path / attached.lstrip("/")
        if _leads_out(attached):
            yield ParsedFile(path, 0, None, UnsafeArchive(name, "its name leads out of the message"))
        elif not _is_read(attached):
            yield skipped(path, name, 0)
        elif depth == MAX_NESTING:
            yield ParsedFile(path, 0, None, UnsafeArchive(name, f"it is in {MAX_NESTING} other files"))
        else:
            yield from _parsed(_Found(path, name, 0, data), budget, max_bytes, depth + 1)


def _unpacked(file: _Found, budget: Budget, max_bytes: int, depth: int) -> Iterator[ParsedFile]:
    """Raises DocumentError where it is the archive itself that something is wrong with."""
    if len(file.data) > budget.total:
        raise DocumentTooLarge(file.name, len(file.data), budget.total)
    check_label(file.name, file.data)
    if depth == MAX_NESTING:
        raise UnsafeArchive(file.name, f"it is an archive in {MAX_NESTING} others")
    with malformed(file.name, "not a zip archive, or a damaged one"):
        archive = zipfile.ZipFile(io.BytesIO(file.data))
    with archive:
        budget.take(file.name, archive)
        members = [member for member in archive.infolist() if _is_wanted(member.filename)]
        if not any(_is_read(member.filename) for member in members):
            raise EmptyDocument(file.name)
        for member in members:
            if _is_read(member.filename):
                yield from _member(file, archive, member, budget, max_bytes, depth)
            else:
                yield skipped(file.path / member.filename, f"{file.name}/{member.filename}", member.compress_size)


def _member(
    file: _Found, archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget, max_bytes: int, depth: int
) -> Iterator[ParsedFile]:
    name = f"{file.name}/{member.filename}"
    path = file.path / member.filename.lstrip("/")
    try:
        data = _read(name, archive, member, max_bytes)
    except DocumentError as error:
        yield ParsedFile(path, member.compress_size, None, error)
    else:
        yield from _parsed(_Found(path, name, member.compress_size, data), budget, max_bytes, depth + 1)


def _read(name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int) -> bytes:
    if _leads_out(member.filename):
        raise UnsafeArchive(name, "its name leads out of the archive")
    if member.flag_bits & _ENCRYPTED:
        raise EncryptedFile(name)
    if member.file_size > max_bytes:
        raise DocumentTooLarge(name, member.file_size, max_bytes)
    with malformed(name, "it is damaged in the archive, or packed in a way that is not supported"):
        return archive.read(member)


def _is_wanted(name: str) -> bool:
    """Whether it is a file that somebody put there, or what must be refused by name."""
    return _leads_out(name) or not (name.endswith("/") or is_clutter(PurePosixPath(name)))


def _is_read(name: str) -> bool:
    """Whether it is of a kind that is read, or must be refused by name."""
    return _leads_out(name) or suffix_of(name) in SUPPORTED_SUFFIXES


def _leads_out(name: str) -> bool:
    path = PureWindowsPath(name)  # knows both slashes, and drives
    return bool(path.anchor) or ".." in path.parts

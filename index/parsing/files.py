"""Files, and folders of them, on this machine → drafts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from index.documents import DocumentDraft
from index.errors import DocumentError, DocumentTooLarge, MalformedFile
from index.parsing.containers.archives import UNPACKED, ParsedFile, drafts_of, is_clutter
from index.parsing.content import MAX_BYTES
from index.parsing.formats import ARCHIVE, SUPPORTED_SUFFIXES, parse_bytes, suffix_of


def parse_file(path: Path, *, max_bytes: int = MAX_BYTES) -> DocumentDraft:
    """Reads and parses one file; its name becomes the document's source. Raises DocumentError."""
    return parse_bytes(path.name, _read(path, path.name, max_bytes), max_bytes=max_bytes)


def drafts_at(path: Path, name: str, *, max_bytes: int = MAX_BYTES) -> Iterator[ParsedFile]:
    """The document in a file, or the documents in an archive, or what is wrong with each; ``name`` is the source."""
    try:
        data = bytes_at(path, name, max_bytes)
    except DocumentError as error:
        yield ParsedFile(path, 0, None, error)
        return
    yield from drafts_from(data, path, name, max_bytes=max_bytes)


def bytes_at(path: Path, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """What is in a file, which an archive may have more of than others. Raises DocumentError."""
    return _read(path, name, max_bytes * UNPACKED if suffix_of(name) == ARCHIVE else max_bytes)


def drafts_from(data: bytes, path: Path, name: str, *, max_bytes: int = MAX_BYTES) -> Iterator[ParsedFile]:
    """As `drafts_at`, of a file that was read already."""
    for parsed in drafts_of(name, data, max_bytes=max_bytes):
        # the archive is known here by the path that the operator gave
        inside = parsed.path.relative_to(name)
        yield replace(parsed, path=path / inside)


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file on this machine."""

    path: Path
    name: str
    """Its path from the folder in which it was found, or its name alone."""
    is_read: bool = True
    """Whether it is to be read: all but those in a folder whose kind is not."""


def named_files(paths: Iterable[Path]) -> Iterator[NamedFile]:
    """The files among ``paths``, and all files in the folders among them, sorted, but those that programs leave."""
    for path in paths:
        if not os.path.isdir(path):  # unlike Path.is_dir, False of too long a name
            yield NamedFile(path, path.name)
            continue
        for inside in sorted(path.rglob("*")):
            relative = inside.relative_to(path)
            if inside.is_file() and not is_clutter(PurePosixPath(relative)):
                yield NamedFile(inside, relative.as_posix(), suffix_of(relative.name) in SUPPORTED_SUFFIXES)


def _read(path: Path, name: str, max_bytes: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise DocumentTooLarge(name, size, max_bytes)
        return path.read_bytes()
    except OSError as error:
        raise MalformedFile(name, error.strerror or str(error)) from error

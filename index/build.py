"""Many files, or many texts, → the index: in groups that share embedding batches and one transaction.

A group is bounded by its text, so memory is too. Each document is durable when it is yielded; stopped and started
again, those already there are passed over without being embedded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from index.documents import Document, DocumentDraft
from index.errors import DocumentError
from index.interfaces import Progress
from index.parsing import files_in, parse_file
from index.passage_index import PassageIndex

# about 500 passages: a few seconds of embedding, which is what a kill can cost
_CHARACTERS_IN_GROUP = 200_000
_DOCUMENTS_IN_GROUP = 500

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one file: the document it is now, or why it is none."""

    path: Path
    document: Document | None
    is_new: bool = False
    error: DocumentError | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A file on its way in: its draft, or why there is none."""

    path: Path
    size: int
    """In bytes."""
    draft: DocumentDraft | None
    error: DocumentError | None = None


def ingest(index: PassageIndex, paths: Iterable[Path], progress: Progress | None = None) -> Iterator[Ingested]:
    """Puts files, and the files in folders, into ``index``, yielding each one's outcome as it is known.

    One file that cannot be read does not stop the others. ``progress`` hears of the bytes of all files.
    """
    files = [(path, _size(path)) for path in files_in(paths)]
    all_bytes = sum(size for _, size in files)
    done = 0
    for group in _groups(map(_read, files), lambda read: len(read.draft.text) if read.draft else 0):
        size = sum(read.size for read in group)
        drafts = [read.draft for read in group if read.draft is not None]
        stored = iter(index.add_all(drafts, _part_of(progress, done, size, all_bytes)))
        done += size
        if progress is not None:
            progress(done, all_bytes)
        for read in group:
            yield (
                Ingested(read.path, None, error=read.error)
                if read.draft is None
                else Ingested(read.path, *next(stored))
            )


def add_many(
    index: PassageIndex, drafts: Sequence[DocumentDraft], progress: Progress | None = None
) -> Iterator[tuple[Document, bool]]:
    """Adds each draft as `PassageIndex.add` would, many times faster; ``progress`` hears of the drafts."""
    done = 0
    for group in _groups(drafts, lambda draft: len(draft.text)):
        added = index.add_all(group, _part_of(progress, done, len(group), len(drafts)))
        done += len(group)
        if progress is not None:
            progress(done, len(drafts))
        yield from added


def _read(file: tuple[Path, int]) -> _Read:
    path, size = file
    try:
        return _Read(path, size, parse_file(path))
    except DocumentError as error:
        return _Read(path, size, None, error)


def _groups(items: Iterable[_T], characters: Callable[[_T], int]) -> Iterator[list[_T]]:
    """The items in order, in groups that end with the one that fills them."""
    group: list[_T] = []
    room = _CHARACTERS_IN_GROUP
    for item in items:
        group.append(item)
        room -= characters(item)
        if room <= 0 or len(group) == _DOCUMENTS_IN_GROUP:
            yield group
            group, room = [], _CHARACTERS_IN_GROUP
    if group:
        yield group


def _part_of(progress: Progress | None, before: int, share: int, total: int) -> Progress | None:
    """Tells ``progress`` of the whole while the part of it that is ``share`` large is worked on."""
    if progress is None:
        return None
    return lambda done, of: progress(before + share * done // of, total)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # what is wrong with it is told when it is read

"""Many files, or many texts, → the index: in groups that share embedding batches and one transaction.

A group is bounded by its text, so memory is too. Each document is durable when it is yielded; stopped and started
again, those already there are passed over without being embedded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, TypeVar

from index.documents import Document, DocumentDraft
from index.errors import DocumentError
from index.interfaces import Progress
from index.passage_index import PassageIndex
from index.store.arrivals import State, Stored
from index.store.names import collection_names
from index.store.quota import MAX_ORIGINAL

if TYPE_CHECKING:
    from index.isolation.limits import Limits
    from index.parsing import ParsedFile
    from index.parsing.isolated import Parser
    from index.store.originals import Incoming

# about 500 passages: a few seconds of embedding, which is what a kill can cost
_CHARACTERS_IN_GROUP = 200_000
_DOCUMENTS_IN_GROUP = 500


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a file or a text that was put in: a stored document, or an error."""

    path: Path | None
    """Of the file, or of an archive and the name in it; None for a text."""
    document: Document | None
    """None where it could not be read."""
    is_new: bool = False
    """False where the same text was stored before: then ``document`` is the one that holds it."""
    error: DocumentError | None = None
    """Why there is no document."""
    is_skipped: bool = False
    """Whether it was passed over, as a file in a folder or in an archive whose kind is not read."""
    notes: tuple[str, ...] = ()
    """What of the file was not read, or not for certain: one sentence each."""
    state: State | None = None
    """Whether the document is new, replaces another text of the same file or name, or was known before."""
    gone: str | None = None
    """The id of the document whose text was replaced: that of ``document``, or of another one, which is removed."""

    @classmethod
    def of(cls, stored: Stored, path: Path | None = None, notes: tuple[str, ...] = ()) -> Self:
        """What was stored."""
        is_new = stored.state == "new"
        return cls(path, stored.document, is_new, notes=notes, state=stored.state, gone=stored.gone)

    def document_or_error(self) -> Document:
        """The document. Raises what kept it from becoming one."""
        if self.document is None:
            assert self.error is not None  # noqa: S101
            raise self.error
        return self.document


class LateParser:
    """A `Parser` that is made when the first file comes. Any thread may ask for it.

    Importing the libraries that read files takes a tenth of a second and some memory, which a process that only asks
    has no use for. ``max_bytes`` bounds a file, and the text in it; None is the parser's own bound.
    ``max_original`` bounds a file that is kept beside the text, ``ocr`` names languages of pictures of text.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        max_bytes: int | None = None,
        max_original: int = MAX_ORIGINAL,
        ocr: str = "",
    ) -> None:
        self._limits = limits
        self._max_bytes = max_bytes
        self._max_original = max_original
        self._ocr = ocr
        self._lock = Lock()
        self._parser: Parser | None = None
        self._is_closed = False

    def get(self) -> Parser:
        """The parser, the same every time; after `close` a closed one."""
        from index.parsing import MAX_BYTES
        from index.parsing.isolated import Parser

        with self._lock:
            if self._parser is None:
                max_bytes = MAX_BYTES if self._max_bytes is None else self._max_bytes
                self._parser = Parser(self._limits, max_bytes=max_bytes, max_original=self._max_original, ocr=self._ocr)
                if self._is_closed:
                    self._parser.close()
            return self._parser

    def close(self) -> None:
        """Ends its processes at once; whoever waits for one gets WorkStopped."""
        with self._lock:
            self._is_closed = True
            if self._parser is not None:
                self._parser.close()


def path_or_draft(
    document: str | PathLike[str] | DocumentDraft | None,
    text: str | None,
    title: str,
    source: str,
    metadata: Mapping[str, Any] | None,
) -> Path | DocumentDraft:
    """The file or the text that someone wants to put in. Raises TypeError, EmptyDocument, MalformedFile."""
    if (document is None) == (text is None):
        raise TypeError("either a document or text=… is to be given")
    if text is not None:
        return DocumentDraft(title, text, source, metadata or {})
    if title or source or metadata:
        raise TypeError("title, source and metadata go with text=…: a file brings its own")
    return document if isinstance(document, DocumentDraft) else Path(document or "")


def ingest(
    index: PassageIndex,
    paths: Iterable[Path],
    parser: Parser,
    progress: Progress | None = None,
    collections: Iterable[str] = (),
) -> Iterator[Added]:
    """Puts files, and the files in folders and archives, into ``index``, yielding each one's outcome as it is known.

    What came from the same file before, with another text, is replaced. One file that cannot be read does not stop the
    others. ``progress`` hears of the bytes of all files. Raises InvalidCollection.
    """
    names = collection_names(collections)
    with index.incoming() as incoming:
        yield from _ingest(index, list(paths), parser, progress, incoming, names)


def taken(incoming: Incoming, parsed: ParsedFile) -> ParsedFile:
    """With its bytes no longer in memory but on the disk, where they wait for the document. Raises CatalogueError."""
    if parsed.draft is None or parsed.data is None:
        return parsed
    return replace(parsed, draft=incoming.keep(parsed.draft, parsed.data), data=None)


def _ingest(
    index: PassageIndex,
    paths: Sequence[Path],
    parser: Parser,
    progress: Progress | None,
    incoming: Incoming,
    collections: frozenset[str],
) -> Iterator[Added]:
    from index.parsing import named_files

    all_bytes = sum(_size(file.path) for file in named_files(paths) if file.is_read)
    done = 0
    waiting = (taken(incoming, parsed) for parsed in parser.drafts_in(paths))
    for group in _groups(waiting, lambda parsed: len(parsed.draft.text) if parsed.draft else 0):
        size = sum(parsed.size for parsed in group)
        drafts = [
            replace(parsed.draft, file=file_of(parsed.path), collections=collections)
            for parsed in group
            if parsed.draft is not None
        ]
        telling = _part_of(progress, done, min(size, all_bytes - done), all_bytes)
        stored = iter(index.put_all(drafts, progress=telling))
        # what an archive holds can be counted as more than the archive
        done = min(done + size, all_bytes)
        if progress is not None:
            progress(done, all_bytes)
        for parsed in group:
            if parsed.draft is None:
                yield Added(parsed.path, None, error=parsed.error, is_skipped=parsed.is_skipped)
            else:
                yield Added.of(next(stored), parsed.path, parsed.draft.notes)


def file_of(path: Path) -> str:
    """What a file on this machine is known by: its path from the root, links in it left as they are."""
    return os.path.abspath(path)


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
    return lambda done, size: progress(before + share * done // size, total)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # what is wrong with it is told when it is read

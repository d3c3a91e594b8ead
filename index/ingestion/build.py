"""Many files, or many texts, → the index: in groups that share embedding batches and one transaction.

A group is bounded by its text, so memory is too. Each document is durable when it is yielded; stopped and started
again, those already there are passed over without being embedded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from index.documents import Document, DocumentDraft
from index.ingestion.added import Added
from index.ingestion.crew import Crew
from index.ingestion.following import Follower, groups, part_of
from index.interfaces import Progress
from index.isolation.limits import Limits
from index.passage_index import PassageIndex
from index.passages.headings import outlined
from index.store.catalogue.quota import MAX_ORIGINAL
from index.store.names import collection_names

if TYPE_CHECKING:
    from index.isolation.pool import Pool
    from index.parsing.isolated import Parser


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
        self.limits = limits or Limits()
        self._max_bytes = max_bytes
        self._max_original = max_original
        self._ocr = ocr
        self._lock = Lock()
        self._parser: Parser | None = None
        self._is_closed = False

    def get(self) -> Parser:
        """The parser, the same every time; after `close` a closed one."""
        with self._lock:
            if self._parser is None:
                self._parser = self.with_pool(None)
                if self._is_closed:
                    self._parser.close()
            return self._parser

    def with_pool(self, pool: Pool | None, *, is_far: bool = False) -> Parser:
        """A new parser, whose processes ``pool`` has, on other machines where it ``is_far``; by default one of its own.

        The limits that files are held to are the same.
        """
        from index.parsing import MAX_BYTES
        from index.parsing.isolated import Parser

        max_bytes = MAX_BYTES if self._max_bytes is None else self._max_bytes
        kept = self._max_original
        return Parser(self.limits, max_bytes=max_bytes, max_original=kept, ocr=self._ocr, pool=pool, is_far=is_far)

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
        return DocumentDraft(title, text, source, metadata or {}, outlined(text))
    if title or source or metadata:
        raise TypeError("title, source and metadata go with text=…: a file brings its own")
    return document if isinstance(document, DocumentDraft) else Path(document or "")


def ingest(
    index: PassageIndex,
    paths: Iterable[Path],
    parser: Parser,
    progress: Progress | None = None,
    collections: Iterable[str] = (),
    *,
    sync: bool = False,
    crew: Crew | None = None,
) -> Iterator[Added]:
    """Puts files, and the files in folders and archives, into ``index``, yielding each one's outcome as it is known.

    What came from the same file before, with another text, is replaced; with ``sync``, what came from these paths and
    is not there any more is removed. One file that cannot be read does not stop the others. ``progress`` hears of the
    bytes of all files. A ``crew`` does it instead of ``parser`` and this process; where it is not done to the end, the
    crew is closed. Raises InvalidCollection.
    """
    names = collection_names(collections)
    with index.incoming() as incoming:
        yield from Follower(index, crew or Crew(parser), incoming, names, progress).follow(list(paths), sync=sync)


def add_many(
    index: PassageIndex, drafts: Sequence[DocumentDraft], progress: Progress | None = None
) -> Iterator[tuple[Document, bool]]:
    """Adds each draft as `PassageIndex.add` would, many times faster; ``progress`` hears of the drafts."""
    done = 0
    for group in groups(drafts, lambda draft: len(draft.text)):
        added = index.add_all(group, part_of(progress, done, len(group), len(drafts)))
        done += len(group)
        if progress is not None:
            progress(done, len(drafts))
        yield from added

"""Many files → the index. One file that cannot be read does not stop the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from index.documents import Document
from index.errors import DocumentError
from index.interfaces import Progress
from index.parsing import MAX_BYTES, drafts_in
from index.passage_index import PassageIndex


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one file: the document it is now, or why it is none."""

    path: Path
    document: Document | None
    is_new: bool = False
    error: DocumentError | None = None


def ingest(
    index: PassageIndex, paths: Iterable[Path], progress: Progress | None = None, *, max_bytes: int = MAX_BYTES
) -> Iterator[Ingested]:
    """Puts files, and the files in folders and archives, into ``index``, yielding each one's outcome as it is known.

    Each document is durable when it is yielded; stopped and started again, those already there are passed over.
    ``progress`` hears of the passages of the file at hand.
    """
    for parsed in drafts_in(paths, max_bytes=max_bytes):
        if parsed.draft is None:
            yield Ingested(parsed.path, None, error=parsed.error)
        else:
            document, is_new = index.add(parsed.draft, progress)
            yield Ingested(parsed.path, document, is_new)

"""Many files → the index. One file that cannot be read does not stop the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from index.documents import Document
from index.errors import DocumentError
from index.interfaces import Progress
from index.parsing import files_in, parse_file
from index.passage_index import PassageIndex


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one file: the document it is now, or why it is none."""

    path: Path
    document: Document | None
    is_new: bool = False
    error: DocumentError | None = None


def ingest(index: PassageIndex, paths: Iterable[Path], progress: Progress | None = None) -> Iterator[Ingested]:
    """Puts files, and the files in folders, into ``index``, yielding each one's outcome as it is known.

    Each document is durable when it is yielded; stopped and started again, those already there are passed over.
    ``progress`` hears of the passages of the file at hand.
    """
    for path in files_in(paths):
        try:
            document, is_new = index.add(parse_file(path), progress)
        except DocumentError as error:
            yield Ingested(path, None, error=error)
        else:
            yield Ingested(path, document, is_new)

"""Documents that an older version read → the same documents, as this version reads them.

Each is one transaction and keeps its id, so the work can be stopped at any time and goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from index.documents import Document, DocumentDraft, Outline
from index.errors import DocumentError, DocumentNotFound, OriginalNotKept
from index.interfaces import Progress
from index.parsing.isolated import Parser
from index.passage_index import PassageIndex
from index.passages.headings import outlined

_NOT_KEPT = "its text is as an older version read it, and its file is not kept: put it in again"


@dataclass(frozen=True, slots=True)
class ReadAnew:
    """What became of a document: it is of today's reading, or there is an error and it is as it was."""

    document: Document
    is_changed: bool = False
    """Whether its text is another one now."""
    is_to_be_put_in: bool = False
    """Whether its text is as before though it came from a file, which is not kept."""
    error: DocumentError | None = None


def reindex(index: PassageIndex, parser: Parser, progress: Progress | None = None) -> Iterator[ReadAnew]:
    """Reads each document of an older reading from its kept file, or splits and embeds its stored text anew.

    ``progress`` hears of the documents. Raises CatalogueError, WorkStopped.
    """
    older = index.of_older_readings()
    for done, document_id in enumerate(older, start=1):
        with suppress(DocumentNotFound):  # somebody removed it meanwhile
            yield _read_anew(index, parser, index.document(document_id))
        if progress is not None:
            progress(done, len(older))


def _read_anew(index: PassageIndex, parser: Parser, before: Document) -> ReadAnew:
    try:
        draft = _from_text(index, before) if before.original is None else _from_file(index, parser, before)
        # the same file may be there for others, as a document of theirs
        within = frozenset(before.collections) or None
        document = index.replace(before.id, draft, same_source=True, within=within)
    except DocumentNotFound:
        raise
    except DocumentError as error:
        return ReadAnew(before, error=error)
    return ReadAnew(document, document.sha256 != before.sha256, _NOT_KEPT in document.notes)


def _from_file(index: PassageIndex, parser: Parser, before: Document) -> DocumentDraft:
    """Raises DocumentError."""
    original, path = index.original(before.id)
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise OriginalNotKept(before.id) from error
    with file:  # what is attached to a message is a document of its own
        draft = next(parser.drafts_of(before.source, file, is_kept=True)).draft_or_error()
    return replace(draft, metadata=before.metadata, original=original)


def _from_text(index: PassageIndex, before: Document) -> DocumentDraft:
    _, text = index.with_text(before.id)
    outline, notes, outline_of_text = index.outline(before.id), before.notes, outlined(text)
    if outline in (Outline(), outline_of_text) and not notes:  # a text that was sent
        outline = outline_of_text
    elif _NOT_KEPT not in notes:
        notes = (*notes, _NOT_KEPT)
    return DocumentDraft(before.title, text, before.source, before.metadata, outline, notes=notes)

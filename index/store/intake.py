"""Documents on their way in: their passages are embedded window by window, and wait in a file for the transaction.

However long a document is, no more is held of it than its text and one window: its passages, and their vectors.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.documents import DocumentDraft
from index.interfaces import Embedder, Preparation, Progress, Vectors
from index.passages.splitting import PassageRange, PassageSize, split
from index.store.catalogue.stored import NewPassage, as_context, context_columns
from index.store.databases.sqlite import storage_error

_EMBED_AT_ONCE = 64
# sorted by length among so many, the texts of a batch are nearly alike in it
_WINDOW = 4_096
# what takes less waits in memory: the passages of an ordinary group do
_IN_MEMORY_BYTES = 4_000_000

_Numbered = tuple[int, PassageRange]
"""A passage, and the number of its document."""


class Spool:
    """Passages with their vectors, in order, in a file without a name: nothing stays of it, whatever happens.

    Every method raises CatalogueFull where the disk has no room for it, CatalogueReadOnly, CatalogueUnusable.
    """

    def __init__(self, folder: Path, dimension: int) -> None:
        self._row = np.dtype([("range", "<i8", (2,)), ("context", "<i8", (2,)), ("vector", "<f4", (dimension,))])
        self._file = SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115
        # contexts are of any length: a row says where its own begins and ends
        self._contexts = SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file."""
        for file in (self._file, self._contexts):
            with suppress(OSError):  # what could not be written is not wanted any more
                file.close()

    def append(self, passages: Sequence[PassageRange], vectors: Vectors) -> None:
        """Puts these passages behind the others."""
        contexts = [json.dumps(context_columns(passage.context)).encode() for passage in passages]
        rows = np.empty(len(passages), self._row)
        rows["range"], rows["vector"] = [(passage.start, passage.end) for passage in passages], vectors
        try:
            ends = self._contexts.tell() + np.cumsum([len(context) for context in contexts])
            rows["context"] = np.stack([ends - [len(context) for context in contexts], ends], axis=1)
            for file, written in ((self._file, rows.tobytes()), (self._contexts, b"".join(contexts))):
                file.write(written)
                file.flush()
        except OSError as error:
            raise storage_error(error) from error

    def passages(self, first: int, count: int) -> Iterator[NewPassage]:
        """``count`` of them from the ``first`` on."""
        for block in self._blocks(first, count):
            contexts = self._read(self._contexts, *block["context"][[0, -1], [0, 1]].tolist())
            places = (block["context"] - block["context"][0, 0]).tolist()
            for (start, end), (left, right), vector in zip(
                block["range"].tolist(), places, block["vector"], strict=True
            ):
                columns = json.loads(contexts[left:right])
                yield NewPassage(start, end, as_context(columns, end - start), vector)

    def _blocks(self, first: int, count: int) -> Iterator[NDArray[np.void]]:
        for start in range(first, first + count, _WINDOW):
            end, size = min(start + _WINDOW, first + count), self._row.itemsize
            yield np.frombuffer(self._read(self._file, start * size, end * size), self._row)

    def _read(self, file: SpooledTemporaryFile[bytes], start: int, end: int) -> bytes:
        try:
            file.seek(start)
            return file.read(end - start)
        except OSError as error:
            raise storage_error(error) from error


@dataclass(frozen=True, slots=True)
class Spooled:
    """The ``count`` passages of a document, from the ``first`` on, anew for everyone who reads them."""

    spool: Spool
    first: int
    count: int

    def __iter__(self) -> Iterator[NewPassage]:
        return self.spool.passages(self.first, self.count)


@dataclass(frozen=True, slots=True)
class Window:
    """Passages in order with their vectors, also on their way from one process to another."""

    documents: tuple[int, ...]
    """Of each passage, the number of its document among those that are embedded together."""
    passages: tuple[PassageRange, ...]
    vectors: bytes
    """float32, (passages, dimension)."""


Step = Window | tuple[int, int]
"""Passages that are embedded, or how far the work is: (done, total) passages, the total estimated until the end."""


class Embedding(Protocol):
    """Splits documents into passages and embeds these: here, or where there is more room for it."""

    def steps(self, drafts: Sequence[DocumentDraft]) -> Iterator[Step]:
        """The passages of all, in order, as they are embedded. Raises CatalogueError; ParserDied of a lost worker."""


class Intake:
    """Splits documents into passages and embeds these, in this process."""

    def __init__(self, embedder: Embedder, size: PassageSize, preparation: Preparation | None) -> None:
        self._embedder = embedder
        self._size = size
        self._preparation = preparation

    def steps(self, drafts: Sequence[DocumentDraft]) -> Iterator[Step]:
        """The passages of all, in order, as they are embedded. Raises CatalogueError."""
        before = [0, *accumulate(len(draft.text) for draft in drafts)]
        done = 0
        for window, is_last in _windows(self._ranges(drafts), _WINDOW):
            number, last = window[-1]
            known = done + len(window)
            total = known if is_last else max(known, known * before[-1] // (before[number] + last.end))
            numbers, passages = zip(*window, strict=True)
            vectors = yield from self._embedded(readings(drafts, numbers, passages), done, total)
            yield Window(numbers, passages, vectors.tobytes())
            done = known

    def _ranges(self, drafts: Sequence[DocumentDraft]) -> Iterator[_Numbered]:
        for number, draft in enumerate(drafts):
            count, outline, title = self._embedder.count_tokens, draft.outline, draft.title
            for passage in split(draft.text, count, self._size, outline, title=title, ranges=draft.sentences):
                yield number, passage

    def _embedded(self, texts: Sequence[str], done: int, total: int) -> Generator[Step, None, Vectors]:
        """(texts, dimension): texts of like length share a batch, so little is padding."""
        longest_first = sorted(range(len(texts)), key=lambda first: -len(texts[first]))
        vectors = np.empty((len(texts), self._embedder.dimension), np.float32)
        for first in range(0, len(texts), _EMBED_AT_ONCE):
            block = longest_first[first : first + _EMBED_AT_ONCE]
            together = [texts[i] for i in block]
            vectors[block] = self._embedder.embed_passages(together)
            if self._preparation is not None:
                self._preparation.prepare(together)
            yield done + first + len(block), total
        return vectors


def embed(embedding: Embedding, drafts: Sequence[DocumentDraft], spool: Spool, progress: Progress | None) -> list[int]:
    """Puts the passages of all into ``spool``, in order; gives how many each document has.

    ``progress`` hears of the passages. Raises CatalogueError; ParserDied of a lost worker.
    """
    counts = [0] * len(drafts)
    for step in embedding.steps(drafts):
        if isinstance(step, Window):
            spool.append(step.passages, np.frombuffer(step.vectors, np.float32).reshape(len(step.passages), -1))
            for number in step.documents:
                counts[number] += 1
        elif progress is not None:
            progress(*step)
    return counts


def readings(drafts: Sequence[DocumentDraft], numbers: Sequence[int], passages: Sequence[PassageRange]) -> list[str]:
    """What these passages, each of the document with its number, are embedded as."""
    return [
        p.context.reading(drafts[number].text[p.start : p.end]).text
        for number, p in zip(numbers, passages, strict=True)
    ]


def _windows(ranges: Iterable[_Numbered], size: int) -> Iterator[tuple[list[_Numbered], bool]]:
    """The ranges in lists of ``size``, each with whether it is the last."""
    rest = iter(ranges)
    window = list(islice(rest, size))
    while window:
        following = next(rest, None)
        yield window, following is None
        window = [] if following is None else [following, *islice(rest, size - 1)]

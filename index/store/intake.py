"""Documents on their way in: their passages are embedded window by window, and wait in a file for the transaction.

However long a document is, no more is held of it than its text and one window: its passages, and their vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from index.documents import DocumentDraft
from index.interfaces import Embedder, Preparation, Progress, Vectors
from index.splitting import PassageSize, split
from index.store.database import storage_error
from index.store.stored import NewPassage

_EMBED_AT_ONCE = 64
# sorted by length among so many, the texts of a batch are nearly alike in it
_WINDOW = 4_096
# what takes less waits in memory: the passages of an ordinary group do
_IN_MEMORY_BYTES = 4_000_000

Ranges = NDArray[np.int64]
"""(passages, 2): where each begins and ends in its document."""


class Spool:
    """Passages with their vectors, in order, in a file without a name: nothing stays of it, whatever happens.

    Every method raises CatalogueFull where the disk has no room for it, CatalogueReadOnly, CatalogueUnusable.
    """

    def __init__(self, folder: Path, dimension: int) -> None:
        self._row = np.dtype([("range", "<i8", (2,)), ("vector", "<f4", (dimension,))])
        self._file = SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with suppress(OSError):  # what could not be written is not wanted any more
            self._file.close()

    def append(self, ranges: Ranges, vectors: Vectors) -> None:
        """Puts these passages behind the others."""
        rows = np.empty(len(ranges), self._row)
        rows["range"], rows["vector"] = ranges, vectors
        try:
            self._file.write(rows.tobytes())
            self._file.flush()
        except OSError as error:
            raise storage_error(error) from error

    def passages(self, first: int, count: int) -> Iterator[NewPassage]:
        """``count`` of them from the ``first`` on."""
        for block in self._blocks(first, count):
            for (start, end), vector in zip(block["range"].tolist(), block["vector"], strict=True):
                yield NewPassage(start, end, vector)

    def ranges(self, first: int, count: int) -> Iterator[Ranges]:
        """Where ``count`` passages from the ``first`` on begin and end, in blocks."""
        return (block["range"] for block in self._blocks(first, count))

    def _blocks(self, first: int, count: int) -> Iterator[NDArray[np.void]]:
        for start in range(first, first + count, _WINDOW):
            size = min(_WINDOW, first + count - start)
            try:
                self._file.seek(start * self._row.itemsize)
                block = self._file.read(size * self._row.itemsize)
            except OSError as error:
                raise storage_error(error) from error
            yield np.frombuffer(block, self._row)


class Intake:
    """Splits documents into passages and embeds these."""

    def __init__(self, embedder: Embedder, size: PassageSize, preparation: Preparation | None) -> None:
        self._embedder = embedder
        self._size = size
        self._preparation = preparation

    def embed(self, drafts: Sequence[DocumentDraft], spool: Spool, progress: Progress | None) -> list[int]:
        """Puts the passages of all into ``spool``, in order; gives how many each document has.

        How many there will be in all is estimated, for ``progress``, until the last window is reached. Raises
        CatalogueError.
        """
        counts = [0] * len(drafts)
        before = [0, *accumulate(len(draft.text) for draft in drafts)]
        done = 0
        for window, is_last in _windows(self._ranges(drafts), _WINDOW):
            texts = [drafts[number].text[start:end] for number, start, end in window]
            number, _, end = window[-1]
            known = done + len(window)
            total = known if is_last else max(known, known * before[-1] // (before[number] + end))
            spool.append(np.array(window)[:, 1:], self._embedded(texts, done, total, progress))
            done = known
            for number, _, _ in window:
                counts[number] += 1
        return counts

    def _ranges(self, drafts: Sequence[DocumentDraft]) -> Iterator[tuple[int, int, int]]:
        """Each passage as (number of its document, start, end)."""
        for number, draft in enumerate(drafts):
            for start, end in split(draft.text, self._embedder.count_tokens, self._size, draft.sentences):
                yield number, start, end

    def _embedded(self, texts: Sequence[str], done: int, total: int, progress: Progress | None) -> Vectors:
        """(texts, dimension): texts of like length share a batch, so little is padding."""
        longest_first = sorted(range(len(texts)), key=lambda first: -len(texts[first]))
        vectors = np.empty((len(texts), self._embedder.dimension), np.float32)
        for first in range(0, len(texts), _EMBED_AT_ONCE):
            block = longest_first[first : first + _EMBED_AT_ONCE]
            together = [texts[i] for i in block]
            vectors[block] = self._embedder.embed_passages(together)
            if self._preparation is not None:
                self._preparation.prepare(together)
            if progress is not None:
                progress(done + first + len(block), total)
        return vectors


def _windows(ranges: Iterable[tuple[int, int, int]], size: int) -> Iterator[tuple[list[tuple[int, int, int]], bool]]:
    """The ranges in lists of ``size``, each with whether it is the last."""
    rest = iter(ranges)
    window = list(islice(rest, size))
    while window:
        following = next(rest, None)
        yield window, following is None
        window = [] if following is None else [following, *islice(rest, size - 1)]

"""Files of strangers → drafts, in worker processes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

from index.errors import DocumentError
from index.isolation.limits import Limits
from index.isolation.pool import Pool, PoolPlan, Stop, WorkerPool
from index.parsing.containers.archives import ParsedFile, drafts_of, skipped
from index.parsing.content import MAX_BYTES
from index.parsing.files import NamedFile, bytes_at, drafts_at, drafts_from, named_files
from index.parsing.packed import PackedFile
from index.parsing.pdf.recognition import Recognition, wanted

T = TypeVar("T")


class Parser:
    """Reads untrusted files, and splits their texts into sentences, in processes that may die.

    What a file makes of its process is an error of that file, in its place: DocumentTooComplex, ParserDied.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        max_bytes: int = MAX_BYTES,
        max_original: int = 0,
        ocr: str = "",
        modules: tuple[str, ...] = (),
        pool: Pool | None = None,
        is_far: bool = False,
    ) -> None:
        """Starts no process yet. The bytes of files come along with their drafts if they are at most ``max_original``.

        ``ocr`` names the languages in which Tesseract reads pictures of pages, if any. ``modules`` are those that
        workers import besides. ``pool`` has processes instead of a pool with these ``limits``; where it ``is_far``,
        they are sent the bytes of files.
        """
        self._max_bytes, self._max_original, self._is_far = max_bytes, max_original, is_far
        self._pool = pool or WorkerPool(PoolPlan(limits or Limits(), (__name__, *modules)))
        # half of the time, so that what is not a picture is read in any case
        self._recognition = Recognition(ocr, self._pool.limits.seconds / 2)

    def __enter__(self) -> Self:
        self.prepare()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def prepare(self) -> None:
        """Starts a process before it is needed, and does not wait for it."""
        self._pool.prepare()

    def close(self) -> None:
        """Ends all processes at once; whoever waits for one gets WorkStopped."""
        self._pool.close()

    def drafts_of(
        self, name: str, data: IO[bytes], stop: Stop | None = None, *, is_kept: bool = False
    ) -> Iterator[ParsedFile]:
        """What is in ``data``, a file called ``name``: one document, or those of an archive. Raises WorkStopped.

        ``is_kept``: the file is kept already, so that its bytes need not come along.
        """
        limits = self._max_bytes, 0 if is_kept else self._max_original, self._recognition
        return self._read(Path(name), name, _packed_of, name, *limits, data=data, stop=stop)

    def drafts_in(self, paths: Iterable[Path]) -> Iterator[ParsedFile]:
        """What became of each file: those named, and those in folders and in archives. Raises WorkStopped.

        The source of one that was found in a folder is its path from there.
        """
        for file in named_files(paths):
            yield from self.drafts_at(file)

    def drafts_at(self, file: NamedFile) -> Iterator[ParsedFile]:
        """What became of one of these files, and of those in it. Raises WorkStopped."""
        limits = self._max_bytes, self._max_original, self._recognition
        if not file.is_read:
            yield skipped(file.path, file.name, 0)
        elif not self._is_far:
            yield from self._read(file.path, file.name, _packed_at, str(file.path), file.name, *limits)
        else:
            try:
                data = io.BytesIO(bytes_at(file.path, file.name, self._max_bytes))
            except DocumentError as error:
                yield ParsedFile(file.path, 0, None, error)
                return
            yield from self._read(file.path, file.name, _packed_from, str(file.path), file.name, *limits, data=data)

    def run(
        self, function: Callable[..., Iterator[T]], *arguments: object, subject: str, stop: Stop | None = None
    ) -> Iterator[T]:
        """What another function of ours gives, run in a worker. Raises what it raises, and as a pool's stream does."""
        return self._pool.stream(function, *arguments, subject=subject, stop=stop)

    def read_with(
        self, function: Callable[..., Iterator[PackedFile]], name: str, data: IO[bytes], stop: Stop | None = None
    ) -> Iterator[ParsedFile]:
        """What another reader makes of ``data``: a function of ours, called with its bytes and the limit of a text."""
        return self._read(Path(name), name, function, self._max_bytes, data=data, stop=stop)

    def _read(
        self,
        path: Path,
        name: str,
        function: Callable[..., Iterator[PackedFile]],
        *arguments: object,
        data: IO[bytes] | None = None,
        stop: Stop | None = None,
    ) -> Iterator[ParsedFile]:
        try:
            for packed in self._pool.stream(function, *arguments, subject=name, data=data, stop=stop):
                yield packed.parsed()
        except DocumentError as error:
            yield ParsedFile(path, 0, None, error)


def _packed_of(
    data: bytes, name: str, max_bytes: int, max_original: int, recognition: Recognition
) -> Iterator[PackedFile]:
    wanted.set(recognition)
    for parsed in drafts_of(name, data, max_bytes=max_bytes):
        yield PackedFile.of(parsed, max_original)


def _packed_from(
    data: bytes, path: str, name: str, max_bytes: int, max_original: int, recognition: Recognition
) -> Iterator[PackedFile]:
    wanted.set(recognition)
    for parsed in drafts_from(data, Path(path), name, max_bytes=max_bytes):
        yield PackedFile.of(parsed, max_original)


def _packed_at(
    path: str, name: str, max_bytes: int, max_original: int, recognition: Recognition
) -> Iterator[PackedFile]:
    wanted.set(recognition)
    for parsed in drafts_at(Path(path), name, max_bytes=max_bytes):
        yield PackedFile.of(parsed, max_original)

"""Large bodies are written to the folder for temporary files as they come in, and never held in memory whole.

The files have no name, so that the system removes them once they are closed, or the process is gone.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from http import HTTPStatus
from io import FileIO
from tempfile import TemporaryFile
from typing import IO, cast

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from api.problems.responses import ClientGone
from index.errors import Overloaded, TemporaryFolderFull

_BLOCK = 262_144
_MOST_FIELDS, _LARGEST_FIELD = 110, 100_000
_RETRY_AFTER = 5
_TOO_MANY_FILES = {errno.EMFILE, errno.ENFILE}
# no room, a quota, a limit; or no folder that can be written to
_TAKES_NO_MORE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT}


@asynccontextmanager
async def spooled_body(request: Request) -> AsyncIterator[IO[bytes]]:
    """The body of a request as a file, at its start. Raises TemporaryFolderFull, Overloaded, ClientGone."""
    with _errors_told():
        file = cast(FileIO, await asyncio.to_thread(TemporaryFile, buffering=0))
    with file:
        with _errors_told():
            await _write_all(request, file)
        yield cast(IO[bytes], file)


@asynccontextmanager
async def spooled_files(
    request: Request, *, max_files: int
) -> AsyncIterator[tuple[list[UploadFile], list[tuple[str, str]]]]:
    """The files of a multipart request, each at its start, and its other fields, by name and text.

    Raises as `spooled_body` does, and HTTPException.
    """
    async with aclosing(request.stream()) as body:
        parser = _FilesParser(
            request.headers, body, max_files=max_files, max_fields=_MOST_FIELDS, max_part_size=_LARGEST_FIELD
        )
        parser.spool_max_size = 1  # 0 would keep them in memory
        with _errors_told():
            try:
                form = await parser.parse()
            except MultiPartException as error:
                raise HTTPException(HTTPStatus.BAD_REQUEST, error.message) from error
    files = [file for _, file in form.multi_items() if isinstance(file, UploadFile)]
    try:
        yield files, [(name, text) for name, text in form.multi_items() if isinstance(text, str)]
    finally:
        for file in files:
            file.file.close()  # without waiting for a thread: the request may have been cancelled


class _FilesParser(MultiPartParser):
    """Writes what came in at once of a file at once, however many pieces the parser finds it in."""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part, waiting = self._current_part, self._file_parts_to_write
        if part.file is None:
            super().on_part_data(data, start, end)
        elif waiting and waiting[-1][0] is part:
            cast(bytearray, waiting[-1][1]).extend(data[start:end])
        else:
            waiting.append((part, bytearray(data[start:end])))  # type: ignore[arg-type]


async def _write_all(request: Request, file: FileIO) -> None:
    async with aclosing(request.stream()) as body:
        block = bytearray()
        async for part in body:
            block += part
            if len(block) >= _BLOCK:
                await asyncio.to_thread(_write, file, block)
                block = bytearray()
    await asyncio.to_thread(_write, file, block)
    file.seek(0)


def _write(file: FileIO, block: bytearray) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except ClientDisconnect as error:
        raise ClientGone from error
    except OSError as error:
        if error.errno in _TOO_MANY_FILES:
            raise Overloaded(1, _RETRY_AFTER) from error
        # Python's own search for a folder ends without a number
        if error.errno in _TAKES_NO_MORE or isinstance(error, FileNotFoundError):
            raise TemporaryFolderFull(error.strerror or "there is none that can be written to") from error
        raise

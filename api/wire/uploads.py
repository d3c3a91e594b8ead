"""What comes in with `POST /v1/documents`: JSON or files, one or many, and what becomes of them."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import PurePosixPath

from fastapi import Request
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.problems import Problem, problem_of
from api.serving.backend import Backend
from api.settings import Settings
from api.wire.incoming import read_document
from api.wire.schemas import DocumentOut
from api.wire.spool import spooled_body, spooled_files
from api.wire.sse import Event
from index.build import Added, taken
from index.documents import DocumentDraft
from index.errors import Overloaded, ServiceStopping, SourcespanError
from index.interfaces import Progress
from index.isolation.pool import Stop
from index.parsing import ARCHIVE, ParsedFile, suffix_of
from index.parsing.isolated import Parser
from index.store.originals import Incoming

_JSON = "application/json"
_LONGEST_NAME = 200
_NO_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """What came in under one name: a document, or an archive of them.

    `files` reads it, which may take time, until the switch is set: never raises DocumentError, each file's is in its
    place. Raises WorkStopped.
    """

    name: str
    files: Callable[[Stop], Iterator[ParsedFile]]
    is_archive: bool = False
    names_itself: bool = False
    """Whether its name is the title that is found in it."""

    def name_of(self, parsed: ParsedFile) -> str:
        """What a file of the upload is called in the report."""
        if self.names_itself and parsed.draft is not None:
            return parsed.draft.title
        return parsed.path.as_posix() if self.is_archive or self.names_itself else self.name


class FileProgress(BaseModel):
    """How far one file is: passages done, of all its passages."""

    file: str
    done: int
    total: int


class UploadedFile(BaseModel):
    """What became of one file: a document, new or already there, or a problem."""

    file: str
    document: DocumentOut | None = None
    is_new: bool = False
    problem: Problem | None = None


class UploadReport(BaseModel):
    """What became of each file, in the order they came in."""

    files: list[UploadedFile]


_Told = FileProgress | UploadedFile


@asynccontextmanager
async def uploads_in(request: Request, parser: Parser, settings: Settings) -> AsyncIterator[list[Upload]]:
    """The documents of a request. Raises what is wrong with it."""
    kind = _kind(request)
    if kind == _JSON:
        async with posted_document(request, parser) as upload:
            yield [upload]
    elif kind == "multipart/form-data":
        async with spooled_files(request, max_files=settings.max_upload_files) as files:
            if not files:
                raise HTTPException(HTTPStatus.BAD_REQUEST, "there is no file in the upload")
            yield [_upload(file, parser) for file in files]
    else:
        detail = f"a document is sent as {_JSON} or multipart/form-data"
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


@asynccontextmanager
async def posted_document(request: Request, parser: Parser) -> AsyncIterator[Upload]:
    """The document of a request whose body is JSON. Raises HTTPException for another kind of body."""
    if _kind(request) != _JSON:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a document is sent as {_JSON}")
    async with spooled_body(request) as body:
        yield Upload("document", partial(parser.read_with, read_document, "document", body), names_itself=True)


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def store_all(backend: Backend, uploads: Sequence[Upload]) -> AsyncGenerator[Event]:
    """Stores one after the other: `progress` while a file is under way, `file` when its end is known, then `done`.

    A file that cannot be stored stops no other one. Raises Overloaded or ServiceStopping where not even the first is
    stored.
    """
    ended: list[UploadedFile] = []
    for upload in uploads:
        try:
            async with aclosing(backend.ingest_events(partial(_store_each, backend, upload))) as events:
                async for event in events:
                    if isinstance(event, UploadedFile):
                        ended.append(event)
                    yield ("file" if isinstance(event, UploadedFile) else "progress"), event
        except (Overloaded, ServiceStopping) as error:
            if not ended:
                raise  # nothing is stored: the whole request can be made again
            ended.append(UploadedFile(file=upload.name, problem=problem_of(error).body))
            yield "file", ended[-1]
    yield "done", UploadReport(files=ended)


def add_to(backend: Backend, upload: Upload) -> Callable[[Progress, Stop], Added]:
    """The work of reading and storing one document. Raises DocumentError."""

    def adding(progress: Progress, stop: Stop) -> Added:
        with backend.library.index.incoming() as incoming:
            (parsed,) = upload.files(stop)
            return backend.library.add(taken(incoming, parsed).draft_or_error(), progress=progress)[0]

    return adding


def draft_in(upload: Upload, stop: Stop) -> DocumentDraft:
    """The one document of an upload. Raises DocumentError, WorkStopped."""
    (parsed,) = upload.files(stop)
    return parsed.draft_or_error()


def _store_each(backend: Backend, upload: Upload, tell: Callable[[_Told], None], stop: Stop) -> None:
    with backend.library.index.incoming() as incoming:
        for parsed in upload.files(stop):
            name = upload.name_of(parsed)
            tell(_stored(backend, incoming, parsed, name, partial(_tell_progress, tell, name)))


def _stored(backend: Backend, incoming: Incoming, parsed: ParsedFile, name: str, progress: Progress) -> UploadedFile:
    try:
        (added,) = backend.library.add(taken(incoming, parsed).draft_or_error(), progress=progress)
    except SourcespanError as error:
        return UploadedFile(file=name, problem=problem_of(error).body)
    return UploadedFile(file=name, document=DocumentOut.of(added.document_or_error()), is_new=added.is_new)


def _tell_progress(tell: Callable[[_Told], None], name: str, done: int, total: int) -> None:
    tell(FileProgress(file=name, done=done, total=total))


def _upload(file: UploadFile, parser: Parser) -> Upload:
    name = _file_name(file.filename or "")
    return Upload(name, partial(parser.drafts_of, name, file.file), is_archive=suffix_of(name) == ARCHIVE)


def _file_name(given: str) -> str:
    """What the client calls the file, without folders and control characters: a label, never a path."""
    name = _NO_NAME.sub("", PurePosixPath(given.replace("\\", "/")).name).strip()
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[:_LONGEST_NAME]}{dot}{suffix[:_LONGEST_NAME]}" or "upload"

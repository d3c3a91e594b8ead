"""What comes in with `POST /v1/documents`: JSON or files, one or many, and what becomes of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.backend import Backend, Step
from api.problems import Problem, problem_of
from api.schemas import DocumentIn, DocumentOut
from api.settings import Settings
from api.sse import Event
from index.documents import Document, DocumentDraft
from index.errors import DocumentTooLarge, SourcespanError
from index.interfaces import Progress
from index.parsing import parse_bytes

_LONGEST_NAME = 200
_NO_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """One document on its way in; `draft` reads it, which may take time, and raises DocumentError."""

    name: str
    draft: Callable[[], DocumentDraft]


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


@asynccontextmanager
async def uploads_in(request: Request, settings: Settings) -> AsyncIterator[list[Upload]]:
    """The documents of a request. Raises what is wrong with it."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/json":
        body = await asyncio.to_thread(_document_in, await request.body())
        yield [Upload(body.title, lambda: drafted(body, settings))]
    elif kind == "multipart/form-data":
        async with request.form(max_files=settings.max_upload_files, max_fields=0) as form:
            files = [file for _, file in form.multi_items() if isinstance(file, UploadFile)]
            if not files:
                raise HTTPException(HTTPStatus.BAD_REQUEST, "there is no file in the upload")
            yield [_upload(file, settings.max_document_bytes) for file in files]
    else:
        detail = "a document is sent as application/json or multipart/form-data"
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


async def store_all(backend: Backend, uploads: Sequence[Upload]) -> AsyncIterator[Event]:
    """Stores one after the other: `progress` while one is under way, `file` when its end is known, `done` in the end.

    A file that cannot be stored stops no other one.
    """
    ended: list[UploadedFile] = []
    for upload in uploads:
        async for step in _store(backend, upload):
            if isinstance(step, UploadedFile):
                ended.append(step)
                yield "file", step
            else:
                yield "progress", FileProgress(file=upload.name, done=step.done, total=step.total)
    yield "done", UploadReport(files=ended)


def add_to(backend: Backend, upload: Upload) -> Callable[[Progress], tuple[Document, bool]]:
    """The work of reading and storing one document, which gives it and whether it is new."""
    return lambda progress: backend.service.index.add(upload.draft(), progress)


async def _store(backend: Backend, upload: Upload) -> AsyncIterator[Step | UploadedFile]:
    try:
        async for step in backend.ingest_steps(add_to(backend, upload)):
            if isinstance(step, Step):
                yield step
            else:
                document, is_new = step
                yield UploadedFile(file=upload.name, document=DocumentOut.of(document), is_new=is_new)
    except SourcespanError as error:
        yield UploadedFile(file=upload.name, problem=problem_of(error).body)


def drafted(body: DocumentIn, settings: Settings) -> DocumentDraft:
    """Raises DocumentTooLarge, EmptyDocument."""
    size = len(body.text.encode())
    if size > settings.max_document_bytes:
        raise DocumentTooLarge(body.title, size, settings.max_document_bytes)
    return body.draft()


def _document_in(data: bytes) -> DocumentIn:
    try:
        return DocumentIn.model_validate_json(data)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from error


def _upload(file: UploadFile, max_bytes: int) -> Upload:
    name = _file_name(file.filename or "")

    def draft() -> DocumentDraft:
        size = file.size or 0
        if size > max_bytes:
            raise DocumentTooLarge(name, size, max_bytes)
        return parse_bytes(name, file.file.read(), max_bytes=max_bytes)

    return Upload(name, draft)


def _file_name(given: str) -> str:
    """What the client calls the file, without folders and control characters: a label, never a path."""
    name = _NO_NAME.sub("", PurePosixPath(given.replace("\\", "/")).name).strip()
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[:_LONGEST_NAME]}{dot}{suffix[:_LONGEST_NAME]}" or "upload"

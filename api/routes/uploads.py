"""What comes in with `POST /v1/documents`: JSON or files, one or many, and what becomes of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Annotated, Any, Self

from fastapi import Request
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.problems.responses import Problem, problem_of
from api.serving.backend import Backend
from api.serving.changes import Changes
from api.serving.view import View
from api.settings import Settings
from api.wire.documents.incoming import faults, read_document
from api.wire.documents.schemas import DocumentOut
from api.wire.documents.spool import spooled_body, spooled_files
from api.wire.requests import CollectionNames, Metadata, Sent
from api.wire.requests import Request as SentJson
from api.wire.sse import Event
from api.wire.strict_json import MalformedJson, parse_json
from index.documents import Document, DocumentDraft
from index.errors import InvalidDocument, Overloaded, ServiceStopping, SourcespanError
from index.ingestion.following import taken
from index.interfaces import Progress
from index.isolation.pool import Stop
from index.parsing import ARCHIVE, ParsedFile, suffix_of
from index.parsing.isolated import Parser
from index.store.catalogue.arrivals import Conflict, State, Stored

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


class ConflictQuery(Sent):
    """What is to become of a document that came from a source of the same name, with another text."""

    on_conflict: Conflict = "keep_both"


class UploadFields(SentJson):
    """What may come along with files: `metadata` as JSON, `collections` once for each."""

    on_conflict: Conflict
    collections: CollectionNames
    metadata: Annotated[Metadata, Field(default_factory=dict)]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to become of all documents of a request."""

    conflict: Conflict
    collections: frozenset[str] = frozenset()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def of(self, draft: DocumentDraft) -> DocumentDraft:
        """A draft as it is to be stored."""
        metadata = {**draft.metadata, **self.metadata}
        return replace(draft, metadata=metadata, collections=draft.collections | self.collections)


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
    outcome: State | None = None
    problem: Problem | None = None

    @classmethod
    def of(cls, name: str, stored: Stored) -> Self:
        """From the inside to the wire."""
        document = DocumentOut.of(stored.document)
        return cls(file=name, document=document, is_new=stored.state == "new", outcome=stored.state)


class UploadReport(BaseModel):
    """What became of each file, in the order they came in."""

    files: list[UploadedFile]


_Told = FileProgress | UploadedFile


@asynccontextmanager
async def uploads_in(
    request: Request, parser: Parser, settings: Settings, query: ConflictQuery
) -> AsyncIterator[tuple[list[Upload], Wishes]]:
    """The documents of a request, and what is to become of them. Raises what is wrong with it."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == _JSON:
        async with spooled_body(request) as body:
            reading = partial(parser.read_with, read_document, "document", body)
            yield [Upload("document", reading, names_itself=True)], Wishes(query.on_conflict)
    elif kind == "multipart/form-data":
        async with spooled_files(request, max_files=settings.max_upload_files) as (files, fields):
            if not files:
                raise HTTPException(HTTPStatus.BAD_REQUEST, "there is no file in the upload")
            yield [_upload(file, parser) for file in files], _wishes(fields, query)
    else:
        detail = f"a document is sent as {_JSON} or multipart/form-data"
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


def _wishes(fields: Sequence[tuple[str, str]], query: ConflictQuery) -> Wishes:
    """Raises InvalidDocument, which names each field that is wrong."""
    given: dict[str, object] = {"on_conflict": query.on_conflict}
    names = []
    try:
        for name, text in fields:
            if name == "collections":
                names.append(text)
            else:
                given[name] = parse_json(text.encode()) if name == "metadata" else text
        sent = UploadFields.model_validate({**given, "collections": names})
    except MalformedJson as error:
        raise InvalidDocument((("metadata", f"is not valid JSON: {error}"),)) from error
    except ValidationError as error:
        raise InvalidDocument(faults(error)) from error
    return Wishes(sent.on_conflict, frozenset(sent.collections), sent.metadata)


async def store_all(backend: Backend, uploads: Sequence[Upload], wishes: Wishes) -> AsyncGenerator[Event]:
    """Stores one after the other: `progress` while a file is under way, `file` when its end is known, then `done`.

    A file that cannot be stored stops no other one. Raises Overloaded or ServiceStopping where not even the first is
    stored.
    """
    ended: list[UploadedFile] = []
    storing = partial(_store_each, backend.changes, backend.view, wishes)
    for upload in uploads:
        try:
            async with aclosing(backend.ingest_events(partial(storing, upload))) as events:
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


def add_to(backend: Backend, upload: Upload, wishes: Wishes) -> Callable[[Progress, Stop], Stored]:
    """The work of reading and storing one document. Raises DocumentError, NameTaken."""
    changes, view = backend.changes, backend.view

    def adding(progress: Progress, stop: Stop) -> Stored:
        with view.library.index.incoming() as incoming:
            (parsed,) = upload.files(stop)
            draft = wishes.of(taken(incoming, parsed).draft_or_error())
            return changes.put(view, draft, wishes.conflict, progress)

    return adding


def replace_with(
    backend: Backend, upload: Upload, wishes: Wishes, document_id: str
) -> Callable[[Progress, Stop], Document]:
    """The work of reading a document and putting it in another's place. Raises DocumentError.

    A file says nothing of metadata: those that there are stay.
    """
    changes, view = backend.changes, backend.view

    def replacing(progress: Progress, stop: Stop) -> Document:
        with view.library.index.incoming() as incoming:
            view.check_owned(document_id)
            (parsed,) = upload.files(stop)
            draft = wishes.of(taken(incoming, parsed).draft_or_error())
            if not (draft.metadata or upload.names_itself):
                draft = replace(draft, metadata=view.document(document_id).metadata)
            return changes.replace(view, document_id, draft, progress)

    return replacing


def _store_each(
    changes: Changes, view: View, wishes: Wishes, upload: Upload, tell: Callable[[_Told], None], stop: Stop
) -> None:
    with view.library.index.incoming() as incoming:
        for parsed in upload.files(stop):
            name = upload.name_of(parsed)
            try:
                draft = wishes.of(taken(incoming, parsed).draft_or_error())
                stored = changes.put(view, draft, wishes.conflict, partial(_tell_progress, tell, name))
                tell(UploadedFile.of(name, stored))
            except SourcespanError as error:
                tell(UploadedFile(file=name, problem=problem_of(error).body))


def _tell_progress(tell: Callable[[_Told], None], name: str, done: int, total: int) -> None:
    tell(FileProgress(file=name, done=done, total=total))


def _upload(file: UploadFile, parser: Parser) -> Upload:
    name = _file_name(file.filename or "")
    return Upload(name, partial(parser.drafts_of, name, file.file), is_archive=suffix_of(name) == ARCHIVE)


def _file_name(given: str) -> str:
    """What the client calls the file, without folders and control characters: a label, never a path.

    Its letters are composed, whatever the client's system makes of them: a filter finds them as they are typed.
    """
    name = unicodedata.normalize("NFC", _NO_NAME.sub("", PurePosixPath(given.replace("\\", "/")).name).strip())
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[:_LONGEST_NAME]}{dot}{suffix[:_LONGEST_NAME]}" or "upload"

"""The types of problems, by which clients tell errors of one HTTP status apart, and say them in their own words."""

from __future__ import annotations

from collections.abc import Mapping

from index.errors import (
    CatalogueFull,
    CatalogueReadOnly,
    DocumentDeleted,
    DocumentTooComplex,
    DocumentTooLarge,
    DuplicateDocument,
    EmptyDocument,
    EncryptedFile,
    MalformedFile,
    MislabelledFile,
    NameTaken,
    NoPages,
    NotAllowed,
    OriginalNotKept,
    Overloaded,
    ParserDied,
    QuestionTooLong,
    QuotaExceeded,
    RateLimited,
    ScannedDocument,
    ServiceStopping,
    SourcespanError,
    UnsafeArchive,
    UnsupportedFormat,
)

NO_TYPE = "about:blank"
MOST_FAULTS = 20
"""Faults of one request that its answer tells of."""

_TYPE = "urn:sourcespan:problem:"
TYPES: Mapping[type[SourcespanError], str] = {
    OriginalNotKept: "original-not-kept",
    NoPages: "no-pages",
    DocumentDeleted: "document-deleted",
    NameTaken: "name-taken",
    DuplicateDocument: "text-is-there",
    EmptyDocument: "empty-document",
    UnsupportedFormat: "unsupported-format",
    MislabelledFile: "mislabelled-file",
    MalformedFile: "malformed-file",
    EncryptedFile: "encrypted-file",
    ScannedDocument: "scanned-document",
    UnsafeArchive: "unsafe-archive",
    DocumentTooLarge: "document-too-large",
    DocumentTooComplex: "document-too-complex",
    ParserDied: "parser-died",
    QuestionTooLong: "question-too-long",
    NotAllowed: "not-allowed",
    Overloaded: "overloaded",
    RateLimited: "rate-limited",
    ServiceStopping: "service-stopping",
    CatalogueFull: "disk-full",
    CatalogueReadOnly: "read-only",
    QuotaExceeded: "quota-exceeded",
}


def type_of(error: SourcespanError) -> str:
    """The type of the problem that an error is to a client; `NO_TYPE` where its status says all."""
    return _TYPE + TYPES[type(error)] if type(error) in TYPES else NO_TYPE

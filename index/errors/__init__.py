"""Every error that Sourcespan raises on purpose.

SourcespanError
├── DocumentError
│   ├── EmptyDocument          nothing but white space in it
│   ├── UnsupportedFormat      a kind of file that we do not read
│   ├── MislabelledFile        holds something else than its name says
│   ├── MalformedFile          the right kind of file, but broken
│   ├── EncryptedFile          opens only with a password
│   ├── ScannedDocument        pictures of pages, without text
│   ├── UnsafeArchive          made, or as if made, to do harm when unpacked
│   ├── DocumentTooLarge       over the limit
│   ├── DocumentTooComplex     needs more memory, time or room to be read than it may take
│   ├── ParserDied             the process that read it ended before it was done
│   ├── NotEmbedded            the worker that embedded it ended before it was done, and so did the next one
│   ├── DuplicateDocument      another document holds the same text
│   ├── DocumentNotFound       no document with that id
│   │   └── DocumentDeleted    there was one
│   ├── SourceNotFound         the document did not come from there
│   ├── EmptiedFolder          holds no file any more, as where a disk is not mounted
│   ├── NameTaken              another document came from a source of that name
│   ├── CollectionError
│   │   ├── CollectionNotFound no collection with that name
│   │   └── NotAllowed         more than a key that is bound to collections may do
│   ├── OriginalNotKept        its file is not kept, or there was none
│   ├── NoPages                no PDF, whose pages could be shown
│   ├── PageNotFound           no such page in it
│   └── InvalidSpan            no range of its text
├── QuestionError
│   ├── InvalidQuestion        blank, or out of a limit
│   │   ├── InvalidFilter      none of the filter language
│   │   └── InvalidCollection  a name that no collection can have
│   └── QuestionTooLong        leaves no room for a passage in the reader's window
├── ModelError
│   ├── ModelNotFound          neither a folder, nor bundled, nor fetchable
│   ├── ModelCorrupted         weights whose hash is not the expected one
│   └── ModelUnsuitable        not a model for this job
├── InvalidDocument            sent with fields that are missing or wrong
├── CalibrationMismatch        parameters that were fitted for other weights
├── CannotFit                  too few questions to learn a calibration from
├── CatalogueError
│   ├── EmbedderMismatch       the index was made with another embedder
│   ├── CatalogueUnusable      cannot be opened, read or written
│   ├── WordIndexUnusable      the index of words cannot be read or written, and is made anew
│   ├── CatalogueBusy          another thread or process is writing
│   ├── CatalogueFull          no room on the disk for a change
│   ├── CatalogueReadOnly      may be read, but not written
│   ├── CatalogueGone          moved, deleted or replaced while it was in use
│   ├── CatalogueUnreachable   the database does not answer, or went away
│   ├── CatalogueTooNew        written by a later version of Sourcespan
│   ├── QuotaExceeded          more than the operator lets be stored
│   ├── CatalogueInUse         another process has it open
│   ├── WouldOverwrite         something is there already that nobody said may go
│   └── BackupUnusable         not a backup, or not a whole one
├── FeedbackError
│   ├── FeedbackUnavailable    what users say cannot be kept or read
│   ├── InvalidFeedback        says something that does not fit together
│   └── SpanMismatch           a span that does not say what it is said to say
└── ServiceError
    ├── Overloaded             more work waits than may wait
    ├── RateLimited            a client asks for more than it may in a minute
    ├── ServiceStopping        the service is being stopped
    ├── TemporaryFolderFull    an upload cannot be written down
    ├── WorkStopped            nobody waits for the work any more, or the service is stopping
    ├── WorkersUnavailable     no cluster to index documents with
    ├── AddressUnavailable     the port is taken, or the address not this machine's
    ├── InvalidSettings        values that settings cannot have
    └── UnsafeAddress          would serve the network without asking for a key

Each message says what was wrong with which value, and is fit to be shown to a user: none holds a server path
unless the operator gave it.
"""

from index.errors.answering import (
    CalibrationMismatch,
    CannotFit,
    InvalidQuestion,
    ModelCorrupted,
    ModelError,
    ModelNotFound,
    ModelUnsuitable,
    QuestionError,
    QuestionTooLong,
)
from index.errors.catalogue import (
    BackupUnusable,
    CatalogueBusy,
    CatalogueError,
    CatalogueFull,
    CatalogueGone,
    CatalogueInUse,
    CatalogueReadOnly,
    CatalogueTooNew,
    CatalogueUnreachable,
    CatalogueUnusable,
    EmbedderMismatch,
    QuotaExceeded,
    WordIndexUnusable,
    WouldOverwrite,
)
from index.errors.documents import (
    DocumentError,
    DocumentNotFound,
    DocumentTooComplex,
    DocumentTooLarge,
    DuplicateDocument,
    EmptyDocument,
    EncryptedFile,
    InvalidDocument,
    InvalidSpan,
    MalformedFile,
    MislabelledFile,
    NoPages,
    NotEmbedded,
    OriginalNotKept,
    PageNotFound,
    ParserDied,
    ScannedDocument,
    UnsafeArchive,
    UnsupportedFormat,
)
from index.errors.root import SourcespanError, restored
from index.errors.service import (
    AddressUnavailable,
    FeedbackError,
    FeedbackUnavailable,
    InvalidFeedback,
    InvalidSettings,
    Overloaded,
    RateLimited,
    ServiceError,
    ServiceStopping,
    SpanMismatch,
    TemporaryFolderFull,
    UnsafeAddress,
    WorkersUnavailable,
    WorkStopped,
)
from index.errors.shelves import (
    CollectionError,
    CollectionNotFound,
    DocumentDeleted,
    EmptiedFolder,
    InvalidCollection,
    InvalidFilter,
    NameTaken,
    NotAllowed,
    SourceNotFound,
)

__all__ = [
    "AddressUnavailable",
    "BackupUnusable",
    "CalibrationMismatch",
    "CannotFit",
    "CatalogueBusy",
    "CatalogueError",
    "CatalogueFull",
    "CatalogueGone",
    "CatalogueInUse",
    "CatalogueReadOnly",
    "CatalogueTooNew",
    "CatalogueUnreachable",
    "CatalogueUnusable",
    "CollectionError",
    "CollectionNotFound",
    "DocumentDeleted",
    "DocumentError",
    "DocumentNotFound",
    "DocumentTooComplex",
    "DocumentTooLarge",
    "DuplicateDocument",
    "EmbedderMismatch",
    "EmptiedFolder",
    "EmptyDocument",
    "EncryptedFile",
    "FeedbackError",
    "FeedbackUnavailable",
    "InvalidCollection",
    "InvalidDocument",
    "InvalidFeedback",
    "InvalidFilter",
    "InvalidQuestion",
    "InvalidSettings",
    "InvalidSpan",
    "MalformedFile",
    "MislabelledFile",
    "ModelCorrupted",
    "ModelError",
    "ModelNotFound",
    "ModelUnsuitable",
    "NameTaken",
    "NoPages",
    "NotAllowed",
    "NotEmbedded",
    "OriginalNotKept",
    "Overloaded",
    "PageNotFound",
    "ParserDied",
    "QuestionError",
    "QuestionTooLong",
    "QuotaExceeded",
    "RateLimited",
    "ScannedDocument",
    "ServiceError",
    "ServiceStopping",
    "SourceNotFound",
    "SourcespanError",
    "SpanMismatch",
    "TemporaryFolderFull",
    "UnsafeAddress",
    "UnsafeArchive",
    "UnsupportedFormat",
    "WordIndexUnusable",
    "WorkStopped",
    "WorkersUnavailable",
    "WouldOverwrite",
    "restored",
]

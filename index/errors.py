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
│   ├── DuplicateDocument      another document holds the same text
│   └── DocumentNotFound       no document with that id
├── QuestionError
│   ├── InvalidQuestion        blank, or out of a limit
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
│   ├── CatalogueBusy          another thread or process is writing
│   ├── CatalogueFull          no room on the disk for a change
│   ├── CatalogueReadOnly      may be read, but not written
│   ├── CatalogueGone          moved, deleted or replaced while it was in use
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
    └── UnsafeAddress          would serve the network without asking for a key

Each message says what was wrong with which value, and is fit to be shown to a user: none holds a server path
unless the operator gave it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from index.shown import cut


class SourcespanError(Exception):
    """The root of the tree. Errors of this tree can be sent from one process to another."""

    def __reduce__(self) -> tuple[Callable[..., SourcespanError], tuple[object, ...]]:
        return restored, (type(self), self.args, vars(self))


def restored(kind: type[SourcespanError], arguments: tuple[object, ...], state: dict[str, object]) -> SourcespanError:
    """The error that another process raised, without calling its constructor, which would word the message again."""
    error = kind.__new__(kind, *arguments)
    vars(error).update(state)
    return error


class DocumentError(SourcespanError):
    """Something about a document that was put in or asked for."""


class EmptyDocument(DocumentError):
    """The document has no text."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{cut(name)!r} has no text in it")
        self.name = name


class UnsupportedFormat(DocumentError):
    """A kind of file that is not read. ``advice`` is what to do about it, where that is known."""

    def __init__(self, name: str, supported: tuple[str, ...], advice: str = "") -> None:
        way_out = f"{advice}; " if advice else ""
        super().__init__(f"{cut(name)!r} is of a kind that is not read; {way_out}supported: {', '.join(supported)}")
        self.name = name
        self.supported = supported


class MislabelledFile(DocumentError):
    """A file whose name says one kind and whose content is another."""

    def __init__(self, name: str, holds: str, advice: str) -> None:
        super().__init__(f"{cut(name)!r} does not hold what its name says: it is {holds}; {advice}")
        self.name = name
        self.holds = holds


class EncryptedFile(DocumentError):
    """A file that opens only with a password."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{cut(name)!r} is encrypted: save it without a password first")
        self.name = name


class ScannedDocument(DocumentError):
    """Pages that are pictures."""

    def __init__(self, name: str, pages: int) -> None:
        super().__init__(
            f"{cut(name)!r} has {pages:,} page{'s' * (pages != 1)} but no text, so it is probably a scan: "
            "run text recognition (OCR) over it first"
        )
        self.name = name
        self.pages = pages


class UnsafeArchive(DocumentError):
    """An archive, or a file in one, that is not unpacked."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{cut(name)!r} is not unpacked: {reason}")
        self.name = name
        self.reason = reason


class MalformedFile(DocumentError):
    """A file that cannot be read as what it claims to be."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{cut(name)!r} cannot be read: {reason}")
        self.name = name
        self.reason = reason


class DocumentTooLarge(DocumentError):
    """A document over the size limit. ``size`` and ``limit`` in bytes."""

    def __init__(self, name: str, size: int, limit: int) -> None:
        super().__init__(f"{cut(name)!r} has {size:,} bytes; the limit is {limit:,}")
        self.name = name
        self.size = size
        self.limit = limit


class InvalidDocument(SourcespanError):
    """A document that was sent with fields that are missing or wrong: ``faults`` has (field, what is wrong) of each."""

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{field}: {detail}" for field, detail in faults))
        self.faults = faults


class DocumentTooComplex(DocumentError):
    """Reading a document needs more than it may take. ``limit`` in bytes, and in seconds of time."""

    def __init__(self, name: str, resource: Literal["memory", "time", "output"], limit: float) -> None:
        needs = {
            "memory": f"needs more than {_size(limit)} of memory to be read",
            "time": f"takes longer than {limit:,g} seconds to be read",
            "output": f"gives more than {_size(limit)} of text and outline when it is read",
        }
        super().__init__(f"{name!r} {needs[resource]}, which is the limit")
        self.name = name
        self.resource = resource
        self.limit = limit


class ParserDied(DocumentError):
    """The process that read a document ended before it was done: by the signal or with the exit code in ``how``."""

    def __init__(self, name: str, how: str) -> None:
        super().__init__(
            f"{name!r} cannot be read: the process that read it broke off ({how}), as happens over a file that is "
            "damaged or made to do harm"
        )
        self.name = name
        self.how = how


class DocumentNotFound(DocumentError):
    """No document has this id."""

    def __init__(self, document_id: str) -> None:
        super().__init__(f"there is no document {cut(document_id)!r}")
        self.document_id = document_id


class DuplicateDocument(DocumentError):
    """Another document already holds this text."""

    def __init__(self, document_id: str) -> None:
        super().__init__(f"document {cut(document_id)!r} already holds this text")
        self.document_id = document_id


class QuestionError(SourcespanError):
    """Something about a question."""


class InvalidQuestion(QuestionError):
    """A question, or a limit that came with it, that cannot be used."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


class QuestionTooLong(QuestionError):
    """The question leaves no room for a passage in the reader's window. Sizes in tokens."""

    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__(f"the question has {tokens} tokens; the reader takes at most {limit}")
        self.tokens = tokens
        self.limit = limit


class ModelError(SourcespanError):
    """Something about a model."""


class ModelNotFound(ModelError):
    """No model goes by this name here."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"model {cut(name)!r} was not found: {reason}")
        self.name = name


class ModelCorrupted(ModelError):
    """Weights that are not what they should be."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"the weights of {cut(name)!r} have sha256 {found}, expected {expected}: install the model anew"
        )
        self.name = name
        self.expected = expected
        self.found = found


class ModelUnsuitable(ModelError):
    """A model that cannot do the job it was named for."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"model {cut(name)!r} cannot be used: {reason}")
        self.name = name
        self.reason = reason


class CalibrationMismatch(SourcespanError):
    """Calibration parameters that were fitted for other weights."""

    def __init__(self, part: str, fitted_for: str, found: str) -> None:
        super().__init__(f"the calibration was fitted for the {part} {fitted_for}, this one is {found}: fit it anew")
        self.part = part
        self.fitted_for = fitted_for
        self.found = found


class CannotFit(SourcespanError):
    """Too few questions of any kind to learn a calibration from."""

    def __init__(self, questions: int, right: int, unanswerable: int) -> None:
        kinds = f"{right} of them answered rightly, {unanswerable} without an answer"
        super().__init__(f"{questions} questions, {kinds}, are too few to fit a calibration")
        self.questions = questions
        self.right = right
        self.unanswerable = unanswerable


class CatalogueError(SourcespanError):
    """Something about the data directory."""


class EmbedderMismatch(CatalogueError):
    """The index holds vectors of another embedder."""

    def __init__(self, indexed_with: str, embedder: str) -> None:
        super().__init__(
            f"the index was made with the embedder {indexed_with}, not {embedder}: "
            "use that embedder, or index the documents anew into another data directory"
        )
        self.indexed_with = indexed_with
        self.embedder = embedder


class CatalogueUnusable(CatalogueError):
    """The catalogue cannot be opened, read or written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the catalogue cannot be used: {reason}")
        self.reason = reason


class CatalogueBusy(CatalogueError):
    """Another thread or process is writing, and a change had to wait for too long."""

    def __init__(self) -> None:
        super().__init__("the data directory is being written to by someone else: nothing was changed; try again")


class CatalogueFull(CatalogueError):
    """There is no room on the disk for a change."""

    def __init__(self) -> None:
        super().__init__(
            "the disk of the data directory takes no more: it is full, or over a limit. Nothing was changed, and what "
            "was indexed before still works: free some space and try again"
        )


class CatalogueReadOnly(CatalogueError):
    """The data directory may be read, but not written."""

    def __init__(self) -> None:
        super().__init__(
            "the data directory cannot be written to: nothing was changed, and what was indexed before still works"
        )


class CatalogueGone(CatalogueError):
    """The file is not in its place any more: ``name`` of the file."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} was moved, deleted or replaced while it was in use: nothing was changed; put it back if it should "
            "not have gone, and restart"
        )
        self.name = name


class QuotaExceeded(CatalogueError):
    """More than the operator lets be stored. ``limit`` in units of ``what``."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"no more than {limit:,} {what} may be stored here: nothing was changed")
        self.what = what
        self.limit = limit


class CatalogueInUse(CatalogueError):
    """Another process has the catalogue open."""

    def __init__(self, name: str) -> None:
        super().__init__(f"another process has {name} open: stop it first")
        self.name = name


class WouldOverwrite(CatalogueError):
    """Something is there already. ``what`` says what, ``advice`` what to do."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"{what}: {advice}")
        self.what = what
        self.advice = advice


class BackupUnusable(CatalogueError):
    """A backup that cannot be made, or a file that is no whole one."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name!r} is no usable backup: {reason}")
        self.name = name
        self.reason = reason


class CatalogueTooNew(CatalogueError):
    """The catalogue has a schema that this version does not know."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"the catalogue has schema {found}, this version knows {known}: use a newer Sourcespan")
        self.found = found
        self.known = known


class FeedbackError(SourcespanError):
    """Something about what a user says of an answer."""


class FeedbackUnavailable(FeedbackError):
    """What users say of answers cannot be kept or read."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"feedback is not available: {reason}")
        self.reason = reason


class InvalidFeedback(FeedbackError):
    """A verdict that does not fit what it is about."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


class SpanMismatch(FeedbackError):
    """The characters of the document at this span are not the text that came with it."""

    def __init__(self, document_id: str, start: int, end: int) -> None:
        super().__init__(f"document {cut(document_id)!r} does not have that text at characters {start:,} to {end:,}")
        self.document_id = document_id
        self.start = start
        self.end = end


class ServiceError(SourcespanError):
    """Something about serving."""


class Overloaded(ServiceError):
    """More work waits than may wait. ``retry_after`` in seconds."""

    def __init__(self, waiting: int, retry_after: int) -> None:
        super().__init__(f"{waiting} others are waiting; try again in {retry_after} s")
        self.waiting = waiting
        self.retry_after = retry_after


class RateLimited(ServiceError):
    """A client asks for more reading than it may have in a minute. ``retry_after`` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too much was asked for in the last minute; try again in {retry_after} s")
        self.retry_after = retry_after


class ServiceStopping(ServiceError):
    """The service is being stopped. ``retry_after`` in seconds: it may be started again by then."""

    def __init__(self, retry_after: int = 5) -> None:
        super().__init__(f"the service is being stopped; try again in {retry_after} s")
        self.retry_after = retry_after


class TemporaryFolderFull(ServiceError):
    """What comes in cannot be written to the folder for temporary files."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the folder for temporary files takes no more ({reason}): nothing was stored, and what was stored before "
            "still works"
        )
        self.reason = reason


class WorkStopped(ServiceError):
    """Work that was ended before it was done, with nothing changed."""

    def __init__(self) -> None:
        super().__init__("the work was stopped before it was done, and nothing was changed: try again later")


class UnsafeAddress(ServiceError):
    """An address that other machines reach, and no API keys."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} can be reached from other machines, and no API keys are set: make one with `sourcespan key` and "
            "set SOURCESPAN_API_KEYS, or say SOURCESPAN_ALLOW_ANONYMOUS=true"
        )
        self.host = host


def _size(limit: float) -> str:
    return f"{limit / 1e9:.1f} GB" if limit >= 1e9 else f"{limit / 1e6:,.0f} MB"

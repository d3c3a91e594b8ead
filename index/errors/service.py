"""Errors of a service: about its load, its address, and the feedback that it takes."""

from __future__ import annotations

from collections.abc import Sequence

from index.errors.root import SourcespanError
from index.errors.shown import cut


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
    """The service cannot do the work at present, or may not be started as it is set up."""


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


class AddressUnavailable(ServiceError):
    """An address or port that the service cannot be served on."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"cannot serve on {host}, port {port} ({reason}): stop what runs there, or give another with --port"
        )
        self.host = host
        self.port = port
        self.reason = reason


class WorkersUnavailable(ServiceError):
    """The workers that documents were to be indexed with cannot be had: why is in ``reason``."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"there are no workers at {address!r}: {reason}")
        self.address = address
        self.reason = reason


class InvalidSettings(ServiceError):
    """Settings with values that they cannot have: a sentence for each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)

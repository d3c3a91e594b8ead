"""What a worker and the process that asks it say to each other, over two pipes, as pickles.

What comes from a worker is not trusted either: only plain data, dataclasses and errors of our own are made of it, and
no more bytes are read than a result may have.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from importlib import import_module
from typing import IO, Any, Literal

from index.errors import SourcespanError, restored
from index.isolation.limits import Limits

_OUR_PACKAGES = ("index", "rag", "api", "eval")

ASK_NEXT = b"n"
"""Asks a worker for the next result of its job."""

OUT_OF_MEMORY = 77
"""The exit code of a worker that ran out of memory: nothing is left in it to say so with."""

Kind = Literal["ready", "result", "end", "error", "fault"]


@dataclass(frozen=True, slots=True)
class Setup:
    """The first thing that a worker is told. ``modules`` are imported before the first job comes."""

    parent: int
    limits: Limits
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """A function of one of our modules that gives results one by one, and what it is called with.

    ``input_bytes`` follow the job in the pipe and become the function's first argument; None: nothing follows.
    """

    module: str
    function: str
    arguments: tuple[Any, ...]
    input_bytes: int | None = None

    @classmethod
    def of(cls, function: Callable[..., Iterator[Any]], arguments: tuple[Any, ...], input_bytes: int | None) -> Job:
        """The job of calling a function that stands at the top of its module."""
        return cls(function.__module__, function.__qualname__, arguments, input_bytes)

    def results(self, data: bytes | None) -> Iterator[Any]:
        """Runs it: what its function gives, one by one."""
        function = self.called()
        return function(*self.arguments) if data is None else function(data, *self.arguments)

    def called(self) -> Callable[..., Iterator[Any]]:
        """Its function."""
        function: Callable[..., Iterator[Any]] = getattr(import_module(self.module), self.function)
        return function


@dataclass(frozen=True, slots=True)
class Message:
    """What a worker says: that it can take jobs; a result; that there are no more; an error of ours that its function
    raised; or the traceback of an error that nobody foresaw. The last three end a job."""

    kind: Kind
    value: Any = None
    peak_memory: int = 0
    """At the end of a job: the bytes of memory that the worker held at most until then."""


class TooManyBytes(Exception):
    """A message is larger than it may be."""


def receive(stream: IO[bytes], max_bytes: int) -> Message:
    """The next message of a worker. Raises EOFError where it ended, TooManyBytes, pickle.UnpicklingError."""
    message = _Unpickler(_Bounded(stream, max_bytes)).load()
    if not isinstance(message, Message):
        raise pickle.UnpicklingError("not a message")
    return message


class _Unpickler(pickle.Unpickler):
    """Makes plain data and our own dataclasses and errors, and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        """What a pickle names. Raises UnpicklingError where it may not be made."""
        named = getattr(sys.modules.get(module), name, None)
        if module.partition(".")[0] in _OUR_PACKAGES and (named is restored or _is_data(named)):
            return named
        raise pickle.UnpicklingError(f"a worker sent a {module}.{name}")


def _is_data(named: object) -> bool:
    return isinstance(named, type) and (is_dataclass(named) or issubclass(named, SourcespanError))


class _Bounded:
    """A stream that no more than so many bytes are read from."""

    def __init__(self, stream: IO[bytes], max_bytes: int) -> None:
        self._stream = stream
        self._left = max_bytes

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes, as of a file. Raises TooManyBytes."""
        self._take(size)
        return self._stream.read(size)

    def readinto(self, buffer: bytearray) -> int:
        """Fills ``buffer``, as of a file. Raises TooManyBytes."""
        self._take(len(buffer))
        return self._stream.readinto(buffer)  # type: ignore[attr-defined, no-any-return]

    def readline(self) -> bytes:
        """As of a file."""
        line = self._stream.readline(self._left)
        self._take(len(line))
        return line

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise TooManyBytes

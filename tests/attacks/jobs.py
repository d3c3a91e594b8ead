"""What worker processes are given to do in these tests; apart, so that they start without importing the tests."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from index.errors import MalformedFile


def one(value: object) -> Iterator[object]:
    """Gives back what it was given."""
    yield value


def lengths(data: bytes, times: int) -> Iterator[int]:
    """Gives the length of its input, so many times."""
    for _ in range(times):
        yield len(data)


def noted(folder: str, count: int) -> Iterator[int]:
    """Makes a file for each result, when it makes the result."""
    for number in range(count):
        (Path(folder) / str(number)).touch()
        yield number


def own_process() -> Iterator[int]:
    """Gives the number of the process."""
    yield os.getpid()


def holding(size: int) -> Iterator[int]:
    """Holds so many bytes at once, and says so."""
    held = b"x" * size
    yield len(held)


def large(size: int) -> Iterator[bytes]:
    """Gives so many bytes."""
    yield bytes(size)


def forever(folder: str) -> Iterator[None]:
    """Never gives anything; says that it began."""
    (Path(folder) / str(os.getpid())).touch()
    while True:
        time.sleep(0)
    yield


def in_one_call(folder: str) -> Iterator[None]:
    """Never comes back from a call into C, in which no other thread of it runs."""
    (Path(folder) / str(os.getpid())).touch()
    yield sum(range(10**15))  # type: ignore[misc]


def killed(number: int) -> Iterator[None]:
    """Ends by a signal."""
    os.kill(os.getpid(), number)
    yield


def killed_while_holding(size: int, number: int) -> Iterator[None]:
    """Ends by a signal while it holds so many bytes, as libraries do that cannot allocate more."""
    held = b"x" * size
    os.kill(os.getpid(), number)
    yield
    del held


def leaving() -> Iterator[None]:
    """Ends the process as if all were well."""
    os._exit(3)
    yield


def malformed() -> Iterator[None]:
    """Raises an error of ours that has two arguments."""
    raise MalformedFile("a.txt", "it is bad")
    yield


def foul() -> Iterator[int]:
    """Raises what nobody foresaw."""
    empty: dict[str, int] = {}
    yield empty["nothing"]


def chatty() -> Iterator[str]:
    """Prints, as libraries do over bad input."""
    print("printed " * 10_000)
    print("printed " * 10_000, file=sys.stderr)
    os.write(1, b"written " * 10_000)
    yield "quiet"


def writing(folder: str) -> Iterator[str]:
    """Tries to write a file."""
    try:
        (Path(folder) / "written").write_bytes(b"x")
    except OSError as error:
        yield error.strerror or ""
    else:
        yield "written"


def environment() -> Iterator[list[str]]:
    """Gives the names of the variables that it sees."""
    yield sorted(os.environ)


def hostile() -> Iterator[object]:
    """Gives what would run a command in the process that reads it."""
    yield _Command()


class _Command:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch hostile",)


def ignoring_signals(folder: str) -> Iterator[None]:
    """Cannot be asked to end, only be made to."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    yield from forever(folder)

"""One worker process, as the process that asks it sees it."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any, Literal

from index.errors import DocumentTooComplex, ParserDied, SourcespanError, WorkStopped
from index.isolation.limits import SECONDS_OF_JOB, Limits
from index.isolation.messages import ASK_NEXT, OUT_OF_MEMORY, Job, Message, Setup, TooManyBytes, receive

_BLOCK = 1 << 20
_SECONDS_TO_START = 60.0
# hashes of keys, a database's password, a cluster's token: a worker, which reads files of strangers, needs none of them
_NOT_HANDED_ON = ("SOURCESPAN_", "PG", "RAY_AUTH_")


class WorkerFault(Exception):
    """A worker could not start, or its function raised what nobody foresaw: then the message is the traceback there."""


class WorkerLost(WorkerFault):
    """A worker ended before it was ready for its first job."""


class WorkerProcess:
    """Runs one job at a time. Its results are fetched by one thread; `end` may be called by any."""

    def __init__(self, limits: Limits, modules: Sequence[str], more: Mapping[str, str]) -> None:
        """Starts the process, with ``more`` in its environment; does not wait until it has imported ``modules``."""
        self.peak_memory = 0
        """The bytes of memory that it held at most, as far as it said so: at the end of each job."""
        self.is_idle = True
        """Whether the last job came to an end, be it with an error."""
        self._limits = limits
        self._lock = threading.Lock()
        self._step = 0
        self._is_ready = False
        self._ended_for: Literal["time", "stop"] | None = None
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_HANDED_ON)}
        environment |= more
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))  # the same code as here
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "index.isolation.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C in a terminal is for this process, which ends its workers itself
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018
        self._jobs: IO[bytes] = self._process.stdin
        self._results: IO[bytes] = self._process.stdout
        with suppress(EOFError):  # if it could not start, the first job will tell
            self._send(Setup(os.getpid(), limits, tuple(modules)))

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Whether the process lives and can be given a job."""
        with self._lock:
            return self._ended_for is None and self._process.poll() is None

    def results(self, job: Job, data: IO[bytes] | None, subject: str) -> Iterator[Any]:
        """Runs a job, each result made when it is asked for. ``data`` is sent after it, and is the function's input.

        Raises the errors of our own that the job's function raises; DocumentTooComplex and ParserDied, with
        ``subject`` for the document; WorkStopped after `end`; WorkerFault.
        """
        self._await_start()
        self.is_idle = False
        left = SECONDS_OF_JOB * self._limits.seconds
        began = time.monotonic()
        with self._within(self._limits.seconds, subject):
            self._send(job)
            if data is not None:
                self._feed(data)
            message = self._receive()
        while message.kind == "result":
            left -= time.monotonic() - began
            yield message.value
            began = time.monotonic()
            with self._within(min(self._limits.seconds, max(left, 0.0)), subject):
                self._write(ASK_NEXT)
                message = self._receive()
        self.peak_memory, self.is_idle = message.peak_memory, True
        if message.kind == "end":
            return
        if isinstance(message.value, SourcespanError):
            raise message.value
        raise WorkerFault(str(message.value))

    def end(self) -> None:
        """Ends the process at once, whatever it does."""
        with self._lock:
            self._end("stop")

    def close(self) -> None:
        """Ends the process and waits until it is gone."""
        self.end()
        self._reap()
        for pipe in (self._jobs, self._results):
            with suppress(OSError):  # of what the process no longer reads
                pipe.close()

    def _await_start(self) -> None:
        if self._is_ready:
            return
        with self._timed(_SECONDS_TO_START):
            try:
                self._is_ready = self._receive().kind == "ready"
            except EOFError:
                self._reap()
        if not self._is_ready:
            if self._ended_for == "stop":
                raise WorkStopped
            raise WorkerLost(f"a worker process did not start: {self._how_it_ended()}")

    @contextmanager
    def _within(self, seconds: float, subject: str) -> Iterator[None]:
        """A step of a job. Raises what ended the process, if it does not live to the step's end."""
        # what broke off is waited for within the time too: it may have closed its output and go on
        with self._timed(seconds):
            try:
                yield
            except TooManyBytes:
                self.end()
                raise DocumentTooComplex(subject, "output", self._limits.result_bytes) from None
            except pickle.UnpicklingError as error:
                self.end()
                raise ParserDied(subject, "it answered what no worker answers") from error
            except EOFError:
                raise self._reason_of_end(subject, seconds) from None

    @contextmanager
    def _timed(self, seconds: float) -> Iterator[None]:
        """Ends the process, if it is not done in time."""
        timer = threading.Timer(seconds, self._run_out, [self._step])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            with self._lock:
                self._step += 1
            timer.cancel()

    def _run_out(self, step: int) -> None:
        with self._lock:
            if step == self._step:  # else it was done at the last moment
                self._end("time")

    def _end(self, reason: Literal["time", "stop"]) -> None:
        if self._process.returncode is None:
            self._ended_for = self._ended_for or reason
            self._process.kill()

    def _reason_of_end(self, subject: str, seconds: float) -> SourcespanError:
        self._reap()
        status = self._process.returncode
        if self._ended_for == "stop":
            return WorkStopped()
        if self._ended_for == "time" or status == -getattr(signal, "SIGXCPU", 0):
            return DocumentTooComplex(subject, "time", seconds)
        if status == OUT_OF_MEMORY:
            return DocumentTooComplex(subject, "memory", self._limits.memory_bytes)
        return ParserDied(subject, self._how_it_ended())

    def _how_it_ended(self) -> str:
        status = self._process.returncode
        return f"exit code {status}" if status >= 0 else signal.strsignal(-status) or f"signal {-status}"

    def _reap(self) -> None:
        """Waits until the process is gone."""
        if sys.platform == "linux":
            with suppress(ChildProcessError):  # it was noticed before that it is gone
                # it keeps its number until it is looked at under the lock, so that `end` can hit no other process
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            with self._lock:
                self._process.wait()
        else:
            self._process.wait()

    def _feed(self, data: IO[bytes]) -> None:
        while block := data.read(_BLOCK):
            self._write(block)

    def _send(self, what: object) -> None:
        self._write(pickle.dumps(what))

    def _write(self, data: bytes) -> None:
        try:
            self._jobs.write(data)
            self._jobs.flush()
        except OSError as error:
            raise EOFError from error  # nobody reads it any more

    def _receive(self) -> Message:
        return receive(self._results, self._limits.result_bytes)

"""The program of a worker process: ``python -m index.isolation.worker``, its jobs on standard input.

It takes one job after the other until its input ends. Run by `index.isolation.process`.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from importlib import import_module
from typing import IO

from index.errors import SourcespanError
from index.isolation.limits import Limits, in_bytes, peak_memory, tie_to_parent
from index.isolation.messages import OUT_OF_MEMORY, Job, Message, Setup

# a program that breaks off while it holds so large a share of what it may hold does so for want of memory
_MUCH_OF_MEMORY = 0.5


def main() -> None:
    """Works until nobody asks any more."""
    jobs, results = _own_pipes()
    setup: Setup = pickle.load(jobs)  # noqa: S301 - it comes from the process that started this one
    tie_to_parent(setup.parent)
    if sys.platform == "linux":
        _continue_in_child(setup.limits, jobs, results)
    for module in setup.modules:
        import_module(module)
    setup.limits.apply()
    _lead_nowhere(2)  # until here, what keeps a worker from starting is printed where it was started
    _send(results, Message("ready"))
    while True:
        try:
            job: Job = pickle.load(jobs)  # noqa: S301
        except EOFError:
            return
        try:
            _work(job, jobs, results, setup.limits)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)


def _continue_in_child(limits: Limits, *pipes: IO[bytes]) -> None:
    """Returns in a new process that does the work; the calling one stays, and ends as the new one ends.

    Linux counts towards a program's most memory what the process that started it held. A child that goes on with the
    same program is counted from its own beginning, so that it can be said whether it broke off for want of memory.
    """
    waiting = os.getpid()
    child = os.fork()  # nothing has started a thread yet
    if not child:
        tie_to_parent(waiting)
        return
    for pipe in pipes:
        os.close(pipe.fileno())
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        os._exit(code)
    if code != -signal.SIGXCPU and in_bytes(usage.ru_maxrss) > _MUCH_OF_MEMORY * limits.memory_bytes:
        os._exit(OUT_OF_MEMORY)
    os.kill(waiting, -code)
    os._exit(1)  # of a signal that ends no Python process


def _own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Input and output under other numbers, so that no library reads from the one or prints into the other."""
    pipes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _lead_nowhere(0, 1)
    return pipes


def _lead_nowhere(*numbers: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        os.dup2(nothing, number)
    os.close(nothing)


def _work(job: Job, jobs: IO[bytes], results: IO[bytes], limits: Limits) -> None:
    """Runs one job: each result is made when it is asked for, so that they never pile up."""
    try:
        limits.allow_step()
        data = None if job.input_bytes is None else jobs.read(job.input_bytes)
        for result in job.results(data):
            _send(results, Message("result", result))
            del result  # it may be large, and so may the next
            if not jobs.read(1):
                os._exit(0)  # nobody asks any more
            limits.allow_step()
        last = Message("end", None, peak_memory())
    except SourcespanError as error:
        last = Message("error", error, peak_memory())
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, the other side must hear of it
        last = Message("fault", traceback.format_exc(), peak_memory())
    _send(results, last)


def _send(results: IO[bytes], message: Message) -> None:
    pickle.dump(message, results, pickle.HIGHEST_PROTOCOL)
    results.flush()


if __name__ == "__main__":
    main()

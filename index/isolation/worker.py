"""The program of a worker process: ``python -m index.isolation.worker``, its jobs on standard input.

It takes one job after the other until its input ends. Run by `index.isolation.process`.
"""

from __future__ import annotations

import os
import pickle
import traceback
from importlib import import_module
from typing import IO

from index.errors import SourcespanError
from index.isolation.limits import Limits, peak_memory, tie_to_parent, usage_peak
from index.isolation.messages import OUT_OF_MEMORY, Job, Message, Setup


def main() -> None:
    """Works until nobody asks any more."""
    jobs, results = _own_pipes()
    setup: Setup = pickle.load(jobs)  # noqa: S301 - it comes from the process that started this one
    tie_to_parent(setup.parent)
    for module in setup.modules:
        import_module(module)
    setup.limits.apply()
    _lead_nowhere(2)  # until here, what keeps a worker from starting is printed where it was started
    _send(results, Message("ready", peak_memory=usage_peak()))
    while True:
        try:
            job: Job = pickle.load(jobs)  # noqa: S301
        except EOFError:
            return
        try:
            _work(job, jobs, results, setup.limits)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)


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

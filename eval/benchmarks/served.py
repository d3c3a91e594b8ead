"""`sourcespan serve` in a process of its own, for as long as a measurement takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from eval.errors import ServerUnusable


@contextmanager
def served(settings: Mapping[str, str], processor: int | None = None) -> Iterator[str]:
    """The URL of a server with these settings, on a port that was free; it may use one ``processor``, or all.

    Raises ServerUnusable if it does not start.
    """
    program = Path(sys.executable).with_name("sourcespan")
    environment = {**os.environ, "SOURCESPAN_RATE_LIMIT": "0", **settings}
    command = [str(program), "serve", "--port", "0"]
    if processor is not None:
        command = ["taskset", "--cpu-list", str(processor), *command]
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=output, text=True) as server,  # noqa: S603
    ):
        try:
            assert server.stdout is not None  # noqa: S101
            url = next((word for line in server.stdout for word in line.split() if word.startswith("http://")), None)
            if url is None:
                server.wait()
                output.seek(0)
                raise ServerUnusable("a port of its own", f"it did not start: {output.read().strip()[-1000:]}")
            yield url
        finally:
            server.terminate()

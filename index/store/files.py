"""Files that are under their name whole and on the disk, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

SETTLED_NANOSECONDS = 3_000_000_000
"""A file that changed since may change again, and the clocks of file systems would not show it."""


def put(written: Path, name: Path) -> None:
    """Gives the file ``written`` another name on the same disk; durable once this returns. Raises OSError."""
    with written.open("rb+") as file:
        os.fsync(file.fileno())
    written.replace(name)
    sync_folder(name.parent)


def sha256_of(path: Path) -> str:
    """The sha256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_unless_known(path: Path) -> str:
    """The same; a file that is as it was when this process hashed it is not read again. Raises OSError."""
    now = path.stat()
    changed = max(now.st_mtime_ns, now.st_ctime_ns)
    if time.time_ns() - changed < SETTLED_NANOSECONDS:
        return sha256_of(path)
    return _sha256_of(path, (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns))


@lru_cache(maxsize=100_000)
def _sha256_of(path: Path, _: tuple[int, ...]) -> str:
    return sha256_of(path)


def sync_folder(folder: Path) -> None:
    """Makes the renames in ``folder`` durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal(fields: Mapping[str, object]) -> str:
    """What tells whether a file says what was written to it: the sha256 of all that it says beside this."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()

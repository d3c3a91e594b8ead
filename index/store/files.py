"""Files that are under their name whole and on the disk, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path


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

"""The file of a backup: an uncompressed zip of SQLite files, with a manifest that tells what they are."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import BackupUnusable
from index.store.catalogue import CATALOGUE_FILE

MANIFEST = "manifest.json"
_FORMAT = 1
_MANIFEST_BYTES = 100_000
_BYTES_AT_ONCE = 1 << 20
_FILE_NAME = re.compile(r"[a-z]{1,40}\.sqlite3")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds, and what was left out of it."""

    made_at: str
    sourcespan: str
    """The version that made it."""
    schema: int
    documents: int
    passages: int
    files: dict[str, str]
    """Their names and sha256."""
    left_out: dict[str, str]
    """Files that could not be copied, and why."""


def pack(work: Path, contents: Contents, packed: Path) -> None:
    """Puts the files of ``work`` that ``contents`` names into ``packed``. Raises OSError."""
    manifest = json.dumps({"format": _FORMAT, **asdict(contents)}, indent=2, ensure_ascii=False)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(MANIFEST, manifest + "\n")
        for name in contents.files:
            archive.write(work / name, name)


def read_manifest(file: Path) -> Contents:
    """What a backup says that it holds. Raises BackupUnusable."""
    try:
        with zipfile.ZipFile(file) as archive:
            size = archive.getinfo(MANIFEST).file_size
            if size > _MANIFEST_BYTES:
                raise BackupUnusable(file.name, f"its manifest has {size:,} bytes")
            fields = json.loads(archive.read(MANIFEST))
        if fields.pop("format") != _FORMAT:
            raise BackupUnusable(file.name, "it was made by a version of Sourcespan that is not known to this one")
        contents = Contents(**fields)
        numbers = (contents.schema, contents.documents, contents.passages)
        if CATALOGUE_FILE not in contents.files or not all(isinstance(number, int) for number in numbers):
            raise BackupUnusable(file.name, "its manifest is not that of a backup")
        if not all(_FILE_NAME.fullmatch(name) for name in contents.files):
            raise BackupUnusable(file.name, "its manifest names files that do not belong in a backup")
    except OSError as error:
        raise BackupUnusable(file.name, error.strerror or str(error)) from error
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise BackupUnusable(file.name, "it is no backup, or a damaged one") from error
    return contents


def unpack(file: Path, name: str, target: Path) -> None:
    """Takes one file out of a backup. Raises BackupUnusable, OSError."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
                raise BackupUnusable(file.name, f"{name} in it is compressed, which no backup is")
            with archive.open(name) as packed, target.open("wb") as out:
                shutil.copyfileobj(packed, out, _BYTES_AT_ONCE)
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        raise BackupUnusable(file.name, f"{name} in it is missing or damaged") from error


def packed_sha256(packed: Path, name: str) -> str:
    """The sha256 of the file ``name`` in the backup ``packed``."""
    with zipfile.ZipFile(packed) as archive, archive.open(name) as file:
        digest = hashlib.sha256()
        while block := file.read(_BYTES_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

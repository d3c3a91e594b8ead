"""The file of a backup: an uncompressed zip of SQLite files, with a manifest that tells what they are."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import BackupUnusable
from index.store.catalogue.catalogue import CATALOGUE_FILE
from index.store.originals.in_folder import ORIGINALS

MANIFEST = "manifest.json"
_FORMAT, _WITHOUT_ORIGINALS = 2, 1
_MANIFEST_BYTES = 100_000
_BYTES_AT_ONCE = 1 << 20
_ORIGINAL = re.compile(rf"{ORIGINALS}/([0-9a-f]{{64}})")
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
    originals: int = 0
    """How many of the files that documents were read from are in it."""


def pack(work: Path, contents: Contents, originals: Iterable[Path], packed: Path) -> None:
    """Puts the files of ``work`` that ``contents`` names, and the originals, into ``packed``. Raises OSError."""
    manifest = json.dumps({"format": _FORMAT, **asdict(contents)}, indent=2, ensure_ascii=False)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(MANIFEST, manifest + "\n")
        for name in contents.files:
            archive.write(work / name, name)
        for path in originals:
            archive.write(path, f"{ORIGINALS}/{path.name}")


def packed_originals(packed: Path) -> list[str]:
    """The hashes of the originals in a backup, which are their names. Raises BackupUnusable."""
    try:
        with zipfile.ZipFile(packed) as archive:
            return [name[1] for path in archive.namelist() if (name := _ORIGINAL.fullmatch(path))]
    except (zipfile.BadZipFile, OSError) as error:
        raise BackupUnusable(packed.name, "it is no backup, or a damaged one") from error


def read_manifest(file: Path) -> Contents:
    """What a backup says that it holds. Raises BackupUnusable."""
    try:
        with zipfile.ZipFile(file) as archive:
            size = archive.getinfo(MANIFEST).file_size
            if size > _MANIFEST_BYTES:
                raise BackupUnusable(file.name, f"its manifest has {size:,} bytes")
            fields = json.loads(archive.read(MANIFEST))
        if fields.pop("format") not in (_FORMAT, _WITHOUT_ORIGINALS):
            raise BackupUnusable(file.name, "it was made by a version of Sourcespan that is not known to this one")
        contents = Contents(**fields)
        numbers = (contents.schema, contents.documents, contents.passages, contents.originals)
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

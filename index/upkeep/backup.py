"""Makes backups of an index while it is used, and restores them.

Each copy is made by SQLite (VACUUM INTO) while others read and write, holds one moment of its file, and no trace of
what was deleted before. A backup, and what is restored from it, is looked through before it gets its name: SQLite's own
examination, the sha256 of every text, and that of the files. What is derived from the documents is not in it: a start
makes it anew.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from index.errors import (
    BackupUnusable,
    CatalogueError,
    CatalogueFull,
    CatalogueInUse,
    CatalogueTooNew,
    CatalogueUnusable,
    WouldOverwrite,
)
from index.store.catalogue.catalogue import CATALOGUE_FILE
from index.store.catalogue.checks import broken_documents, damage, missing_tables
from index.store.databases.schema import SCHEMA_VERSION, version_of
from index.store.databases.sqlite import SqliteDatabase, storage_error
from index.store.files import put, sha256_of
from index.store.originals.in_folder import ORIGINALS, Originals, referred_to
from index.upkeep.backup_file import Contents, pack, packed_originals, packed_sha256, read_manifest, unpack
from index.words.in_step import WORDS_FOLDER, remove_word_index

_PARTS = ("-wal", "-shm", "-journal", "")
_DERIVED = ("vectors-*", "states.sqlite3*", WORDS_FOLDER)


def back_up(folder: Path, file: Path, others: Sequence[str] = (), *, overwrite: bool = False) -> Contents:
    """Puts the catalogue in ``folder``, and the SQLite files there called ``others``, into ``file``.

    One of ``others`` that is not there is passed over, and one that is damaged left out. ``file`` is there whole, and
    on the disk, or not at all. Raises WouldOverwrite; BackupUnusable where it cannot be written; CatalogueError.
    """
    catalogue = folder / CATALOGUE_FILE
    if not catalogue.is_file() or not catalogue.stat().st_size:
        raise CatalogueUnusable(f"nothing is indexed in {folder}")
    if file.exists() and not overwrite:
        raise WouldOverwrite(f"{file} exists already", "say --force to put this backup in its place")
    try:
        with _working_beside(file) as work:
            contents, originals = _copies(folder, others, work)
            packed = work / "backup"
            pack(work, contents, originals, packed)
            hashes = {**contents.files, **{f"{ORIGINALS}/{path.name}": path.name for path in originals}}
            if read_manifest(packed) != contents or any(
                packed_sha256(packed, name) != sha256 for name, sha256 in hashes.items()
            ):
                raise BackupUnusable(file.name, "what was written cannot be read back")
            put(packed, file)
    except CatalogueFull as error:
        raise BackupUnusable(
            file.name, "the disk that it is written to has no room for it, or is over a limit"
        ) from error
    except OSError as error:
        raise BackupUnusable(file.name, f"it cannot be written: {error.strerror or error}") from error
    return contents


def restore(file: Path, folder: Path, *, overwrite: bool = False) -> tuple[Contents, Path | None]:
    """Puts what ``file`` holds into ``folder``; gives that, and the folder that what was there was moved to.

    Nothing is touched before all of ``file`` is found sound, and nothing that was there is deleted but what is derived
    from it. Raises BackupUnusable, CatalogueTooNew; WouldOverwrite where there is an index already; CatalogueInUse
    where another process has it open.
    """
    contents = read_manifest(file)
    if contents.schema > SCHEMA_VERSION:
        raise CatalogueTooNew(contents.schema, SCHEMA_VERSION)
    if _holds_something(folder) and not overwrite:
        advice = "restore into another, or say --force: then what is there is moved aside, not deleted"
        raise WouldOverwrite(f"{folder} holds an index", advice)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return contents, _restored(file, contents, folder)
    except OSError as error:
        raise storage_error(error) from error


def _restored(file: Path, contents: Contents, folder: Path) -> Path | None:
    """Raises OSError, too."""
    with _working_beside(folder / CATALOGUE_FILE) as work:
        for name, sha256 in contents.files.items():
            unpack(file, name, work / name)
            if sha256_of(work / name) != sha256:
                raise BackupUnusable(file.name, f"{name} in it is not what was put in: it was damaged since")
        try:
            documents, _, _ = _examined(work / CATALOGUE_FILE)
        except CatalogueError as error:
            raise BackupUnusable(file.name, str(error)) from error
        originals = _unpacked_originals(file, contents, work)
        if documents != contents.documents:
            raise BackupUnusable(file.name, f"it holds {documents:,} documents instead of {contents.documents:,}")
        with ExitStack() as alone:
            for name in contents.files:
                alone.enter_context(_nobody_else(folder / name))
            aside = _keep_aside(folder, contents)
            Originals(folder).take({path: path.name for path in originals})
            # the catalogue last: with it, all is there
            for name in sorted(contents.files, key=lambda name: name == CATALOGUE_FILE):
                put(work / name, folder / name)
            Originals(folder).remove_unreferenced({path.name for path in originals})
    return aside


def _unpacked_originals(file: Path, contents: Contents, work: Path) -> list[Path]:
    """The originals of a backup, each under its hash. Raises BackupUnusable, OSError."""
    hashes = packed_originals(file)
    if len(hashes) != contents.originals:
        raise BackupUnusable(file.name, f"it holds {len(hashes):,} files instead of {contents.originals:,}")
    for sha256 in hashes:
        unpack(file, f"{ORIGINALS}/{sha256}", work / sha256)
        if sha256_of(work / sha256) != sha256:
            raise BackupUnusable(file.name, f"{sha256} in it is not what was put in: it was damaged since")
    return [work / sha256 for sha256 in hashes]


def _copies(folder: Path, others: Sequence[str], work: Path) -> tuple[Contents, list[Path]]:
    """Copies the files into ``work``; gives the originals besides, which lie there too. Raises CatalogueError, OSError.

    One that is not what its name says, as of a document that is deleted meanwhile, is left out.
    """
    # the catalogue first: of a document that is deleted meanwhile, no other file then quotes what it does not hold
    _copy(folder / CATALOGUE_FILE, work / CATALOGUE_FILE)
    documents, passages, schema = _examined(work / CATALOGUE_FILE)
    left_out = {}
    for name in others:
        if not (folder / name).exists():
            continue
        try:
            _copy(folder / name, work / name)
        except CatalogueFull:
            raise
        except CatalogueError as error:
            (work / name).unlink(missing_ok=True)
            left_out[name] = str(error)
    files = {path.name: sha256_of(path) for path in sorted(work.iterdir())}
    originals, missing = _originals(folder, work)
    if missing:
        left_out[ORIGINALS] = f"{missing:,} files are missing or damaged"
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    contents = Contents(made_at, version("sourcespan"), schema, documents, passages, files, left_out, len(originals))
    return contents, originals


def _originals(folder: Path, work: Path) -> tuple[list[Path], int]:
    """The originals that the copied catalogue refers to, linked or copied, and how many of them there are not."""
    with _opened(work / CATALOGUE_FILE) as db:
        referred = sorted(referred_to(db)) if version_of(db) == SCHEMA_VERSION else []
    kept = []
    for sha256 in referred:
        with suppress(FileNotFoundError):
            _linked(Originals(folder).path(sha256), work / sha256)
            if sha256_of(work / sha256) == sha256:
                kept.append(work / sha256)
    return kept, len(referred) - len(kept)


def _linked(source: Path, target: Path) -> None:
    """A second name for a file that is never written to again; a copy, where there can be none. Raises OSError."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)


def _examined(copy: Path) -> tuple[int, int, int]:
    """The documents, the passages and the schema of a catalogue. Raises CatalogueUnusable where it is damaged."""
    with _opened(copy) as db:
        problems = damage(db, 1) or [f"it has no table {name}" for name in missing_tables(db)]
        if not problems and version_of(db) == SCHEMA_VERSION:
            problems = broken_documents(db)[1]
        if problems:
            raise CatalogueUnusable(f"it is damaged, and `sourcespan doctor` says how: {problems[0]}")
        count = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)"
        documents, passages = db.execute(count).fetchone()
        return int(documents), int(passages), version_of(db)


def _copy(source: Path, target: Path) -> None:
    """One moment of an SQLite file, whoever writes to it. Raises CatalogueError."""
    database = SqliteDatabase(source)
    try:
        with database.reading() as db:
            db.execute("VACUUM INTO ?", (str(target),))
    finally:
        database.close()
    with _opened(target) as db:
        if problems := damage(db, 1):
            raise CatalogueUnusable(f"{source.name} is damaged: {problems[0]}")


@contextmanager
def _opened(copy: Path) -> Iterator[sqlite3.Connection]:
    """A copy that nobody else knows of. Raises CatalogueUnusable, also for what is done with it."""
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as error:
        raise storage_error(error) from error


def _holds_something(folder: Path) -> bool:
    """Whether there are documents, or something that may have been; not where a catalogue has just been made."""
    path = folder / CATALOGUE_FILE
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path)) as db:
            has_tables = bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
            return has_tables and bool(db.execute("SELECT count(*) FROM documents").fetchone()[0])
    except sqlite3.Error:
        return True


@contextmanager
def _nobody_else(catalogue: Path) -> Iterator[None]:
    """Holds the catalogue that is there, if one is, so that no other process has it open. Raises CatalogueInUse."""
    if not catalogue.exists():
        yield
        return
    with closing(sqlite3.connect(catalogue, isolation_level=None, timeout=0)) as db:
        try:
            # SQLite lets go of its log only for whoever is alone with the file
            (mode,) = db.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "delete":
                raise CatalogueInUse(catalogue.name)
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise CatalogueInUse(catalogue.name) from error
            # it may not be written, or is damaged: moving it aside is all that is wanted
        except sqlite3.DatabaseError:
            pass
        yield


def _keep_aside(folder: Path, contents: Contents) -> Path | None:
    """Keeps the files that others will take the place of in a folder of their own; removes what is derived from them.

    Raises OSError.
    """
    remove_word_index(folder)  # so that who is killed half-way leaves none
    for pattern in _DERIVED:
        for path in folder.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    # what is left of logs first: no file may ever lie beside the log of another
    names = [f"{name}{part}" for part in _PARTS for name in contents.files]
    there = [folder / name for name in names if (folder / name).exists()]
    if not there:
        return None
    aside = folder / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    aside.mkdir()
    if (folder / ORIGINALS).is_dir():  # those that come with the backup are put beside them: one name is one file
        shutil.copytree(folder / ORIGINALS, aside / ORIGINALS, copy_function=lambda a, b: _linked(Path(a), Path(b)))
    for path in there:
        if path.name in contents.files:
            with suppress(OSError):  # on a disk without links, it is moved
                # so that killed at any time, there is the old one or the new one
                os.link(path, aside / path.name)
                continue
        path.rename(aside / path.name)
    return aside


@contextmanager
def _working_beside(file: Path) -> Iterator[Path]:
    """A folder on the same disk, of which nothing stays. Raises OSError."""
    with TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as work:
        yield Path(work)

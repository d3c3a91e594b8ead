"""Examines a data directory: is everything in it what it should be, and if not, what mends it?"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from index.errors import CatalogueError, CatalogueUnusable, EmbedderMismatch, WordIndexUnusable
from index.interfaces import Embedder
from index.passage_index import PassageIndex
from index.store.catalogue.catalogue import CATALOGUE_FILE, Catalogue
from index.store.catalogue.checks import (
    TEXT_BYTES,
    broken_documents,
    broken_state,
    broken_vectors,
    damage,
    missing_tables,
    text_bytes_agree,
)
from index.store.catalogue.history import generation_of, is_past
from index.store.catalogue.stored import WORDS, as_words
from index.store.databases.schema import SCHEMA_VERSION, version_of
from index.store.databases.sqlite import SqliteDatabase
from index.store.opening import opened
from index.store.originals.in_folder import Originals, referred_to
from index.store.reader_states import STATES_FILE
from index.upkeep.finding import TOLD_AT_MOST, Finding, some
from index.upkeep.kept import originals, reading
from index.vectors.snapshots import Snapshots
from index.vectors.vector_rule import VectorRule
from index.words.in_step import WORDS_FOLDER, remove_word_index
from index.words.word_index import WordIndex

LEAST_FREE_BYTES = 1_000_000_000
_DRAWN = 50
_EMBED_AT_ONCE = 64
_SAME = 0.98
"""The cosine of a vector and the same one in a byte a number, or embedded in another batch, is above."""
_ANEW = "index the documents anew into another data directory (sourcespan index PATH --data NEW)"


def examine(folder: Path, embedder: Embedder | None, rule: VectorRule | None = None) -> Iterator[Finding]:
    """Examines the index in ``folder``; without the embedder that made it, its vectors are not searched."""
    path = folder / CATALOGUE_FILE
    if not path.exists():
        yield _none_in(folder)
        return
    yield _free_space(folder, path.stat().st_size)
    if path.stat().st_size == 0:
        yield _damaged("the file is empty: a start makes a new catalogue in it")
        return
    try:
        database = SqliteDatabase(path)
    except CatalogueError as error:
        yield _damaged(str(error))
        return
    try:
        version, sound = _file(database)
        yield sound
        if version == 0:
            return
        yield _schema(version)
        if version == SCHEMA_VERSION:
            yield _documents(database)
            yield originals(folder, database)
            yield from reading(database)
            with database.moment() as db:
                broken, totals_agree = broken_state(db), text_bytes_agree(db)
            if broken:
                yield _damaged(some(broken))
                return
            if not totals_agree:
                says = "the total of bytes that SOURCESPAN_MAX_TOTAL_BYTES goes by is not that of the texts"
                yield Finding("quota", "fault", says, "run `sourcespan doctor --mend`")
            yield _words(folder, database)
            yield from _vectors(folder, database, embedder, rule)
    except CatalogueError as error:
        yield _damaged(str(error))
    finally:
        database.close()


def mend(folder: Path, embedder: Embedder | None) -> list[str]:
    """Makes anew what is derived from the documents; says what was done. Raises CatalogueError.

    Vectors that are none are embedded anew where ``embedder`` is the one that made the others.
    """
    path = folder / CATALOGUE_FILE
    if not path.exists() or path.stat().st_size == 0:
        raise CatalogueUnusable(f"nothing is indexed in {folder} yet")
    database = SqliteDatabase(path)
    done: list[str] = []
    try:
        with database.change() as db:
            if version_of(db) == SCHEMA_VERSION:
                db.execute(f"INSERT OR REPLACE INTO meta SELECT 'text_bytes', ({TEXT_BYTES})")
            if version_of(db) == SCHEMA_VERSION:
                removed = Originals(folder).remove_unreferenced(referred_to(db))
                done += [f"{removed:,} files that no document refers to were removed"] if removed else []
        if embedder is not None and (embedded := _embedded_anew(path, embedder)):
            done.append(f"{embedded:,} vectors were damaged and are embedded anew")
        database.erase()
    finally:
        database.close()
    snapshots = _thrown_away(folder, "vectors-*")
    done.append(f"{snapshots} files of vector snapshots removed; the next start makes the vectors anew")
    remove_word_index(folder)
    done.append("the word index removed; the next start makes it anew from the passages")
    if _thrown_away(folder, f"{STATES_FILE}*"):
        done.append("what the reader had computed ahead removed; it is computed anew when it is wanted")
    return done


def _embedded_anew(path: Path, embedder: Embedder) -> int:
    """How many vectors were broken."""
    try:
        catalogue = Catalogue(*opened(path.parent), embedder=embedder.fingerprint, dimension=embedder.dimension)
    except EmbedderMismatch:
        return 0  # the examination says so
    try:
        broken = catalogue.broken_vectors()
        for start in range(0, len(broken), _EMBED_AT_ONCE):
            texts = {
                key: passage.reading.text
                for key, passage in catalogue.passages(broken[start : start + _EMBED_AT_ONCE]).items()
            }
            catalogue.put_vectors(dict(zip(texts, embedder.embed_passages(list(texts.values())), strict=True)))
        return len(broken)
    finally:
        catalogue.close()


def _thrown_away(folder: Path, pattern: str) -> int:
    """How many files there were."""
    files = [path for path in folder.glob(pattern) if path.is_file()]
    for path in files:
        path.unlink()
    return len(files)


def _none_in(folder: Path) -> Finding:
    """There is no catalogue: is there a trace of one?"""
    left = sorted(path.name for pattern in ("vectors-*", f"{CATALOGUE_FILE}-*") for path in folder.glob(pattern))
    if left:
        return _damaged(f"there is none in {folder}, but there are files that belonged to one: {some(left)}")
    return Finding("catalogue", "warning", f"nothing is indexed in {folder} yet", "run `sourcespan index PATH`")


def _free_space(folder: Path, size: int) -> Finding:
    free = shutil.disk_usage(folder).free
    needed = max(LEAST_FREE_BYTES, size)
    says = f"{free / 1e9:,.1f} GB are free beside an index of {size / 1e9:,.2f} GB"
    if free >= needed:
        return Finding("disk", "fine", says)
    return Finding(
        "disk", "warning", says, f"free some space: {needed / 1e9:,.1f} GB leave room for growth and snapshots"
    )


def _file(database: SqliteDatabase) -> tuple[int, Finding]:
    """Its schema version, and whether SQLite finds the file sound and the tables in it."""
    with database.reading() as db:
        version, missing, problems = version_of(db), missing_tables(db), damage(db, TOLD_AT_MOST)
    if problems:
        return version, _damaged(f"SQLite finds the file damaged: {some(problems)}")
    if missing:
        return 0, _damaged(f"the file is sound, but has no table {', '.join(missing)}")
    return version, Finding("catalogue", "fine", "SQLite finds the file sound")


def _damaged(says: str) -> Finding:
    return Finding("catalogue", "fault", says, f"restore it from a backup (sourcespan restore FILE), or {_ANEW}")


def _schema(version: int) -> Finding:
    says = f"schema {version}, this version of Sourcespan writes {SCHEMA_VERSION}"
    if version > SCHEMA_VERSION:
        return Finding("schema", "fault", says, "use a newer Sourcespan")
    if version < SCHEMA_VERSION:
        return Finding("schema", "warning", says, "nothing to do: it is brought up to date when it is next opened")
    return Finding("schema", "fine", says)


def _documents(database: SqliteDatabase) -> Finding:
    """Whether each document's text, passages and numbers agree."""
    with database.moment() as db:
        documents, wrong = broken_documents(db)
    if wrong:
        advice = "delete each of these documents and index its file again"
        return Finding("documents", "fault", f"{len(wrong):,} of {documents:,} are not whole: {some(wrong)}", advice)
    return Finding("documents", "fine", f"all {documents:,} are whole, and every passage is a range of its document")


def _words(folder: Path, database: SqliteDatabase) -> Finding:
    """Whether the word index, if there is one, is that of the passages."""
    words = folder / WORDS_FOLDER
    if database.read_only:
        return Finding("words", "warning", "not examined: the data directory may only be read", "make it writable")
    if not words.is_dir():
        return Finding("words", "fine", "there is no word index yet; the next start makes it from the passages")
    try:
        index = WordIndex.open(words, examined=True)
        with database.moment() as db:
            return _compared(index, db)
    except WordIndexUnusable as error:
        return Finding("words", "fault", f"{error}", "run `sourcespan doctor --mend`")


def _compared(index: WordIndex, db: sqlite3.Connection) -> Finding:
    position = index.position
    if position is None or not is_past(db, position.seen):
        says = "the word index is of another version, or of another history: the catalogue was restored or copied since"
        return Finding("words", "warning", says, "nothing to do: the next start makes it anew")
    if position.seen != generation_of(db):
        return Finding("words", "fine", "changes have not reached the word index yet; the next search sees to it")
    keys = np.fromiter((key for (key,) in db.execute("SELECT key FROM passages ORDER BY key")), np.int64)
    drawn = np.random.default_rng(0).permutation(keys)[:_DRAWN].tolist()
    rows = [as_words(db.execute(WORDS, (key - 1, 1)).fetchone()) for key in drawn]
    if not np.array_equal(index.keys(), keys) or any(index.lacks(key, *texts) for key, _, *texts in rows):
        return Finding("words", "fault", "the word index is not that of the passages", "run `sourcespan doctor --mend`")
    return Finding("words", "fine", "the word index is that of the passages")


def _vectors(
    folder: Path, database: SqliteDatabase, embedder: Embedder | None, rule: VectorRule | None
) -> Iterator[Finding]:
    with database.reading() as db:
        indexed_with = db.execute("SELECT value FROM meta WHERE name = 'embedder'").fetchone()[0]
    if embedder is None:
        yield Finding(
            "vectors", "warning", f"not searched: the embedder {indexed_with} is missing", "mend the embedder"
        )
        return
    if indexed_with != embedder.fingerprint:
        mismatch = EmbedderMismatch(indexed_with, embedder.fingerprint)
        yield Finding("vectors", "fault", str(mismatch), "set SOURCESPAN_EMBEDDER to that embedder")
        return
    with database.moment() as db:
        broken = broken_vectors(db, embedder.dimension)
    yield _snapshot(folder, database)
    if broken:
        says = f"{len(broken):,} stored vectors are damaged; their passages are found by words only"
        yield Finding("vectors", "fault", says, "run `sourcespan doctor --mend`")
        return
    yield _searched(folder, embedder, rule)


def _snapshot(folder: Path, database: SqliteDatabase) -> Finding:
    manifests = Snapshots(folder).newest_first()
    leftovers = [path.name for path in folder.glob("vectors-*") if path.stem not in {m.path.stem for m in manifests}]
    broken = [manifest.path.name for manifest in manifests if not manifest.is_whole()]
    if broken:
        says = f"{some(broken)} is not the file that its manifest tells of; each start makes the vectors anew"
        return Finding("snapshot", "fault", says, "run `sourcespan doctor --mend`")
    with database.reading() as db:
        strange = [m.path.name for m in manifests if not is_past(db, m.generation)]
    if strange:
        says = f"{some(strange)} is of another history: the catalogue was restored or copied since"
        mend = "nothing to do: it is not used, and the next start makes the vectors anew"
        return Finding("snapshot", "warning", says, mend)
    if leftovers:
        says = f"{len(leftovers):,} files are left over from snapshots that broke off: {some(leftovers)}"
        return Finding("snapshot", "warning", says, "run `sourcespan doctor --mend`")
    if not manifests:
        return Finding("snapshot", "fine", "there is none; the vectors are made from the catalogue at each start")
    newest = manifests[0]
    says = f"{newest.vectors:,} vectors ({newest.plan.kind}) of generation {newest.generation.number}, whole"
    return Finding("snapshot", "fine", says)


def _searched(folder: Path, embedder: Embedder, rule: VectorRule | None) -> Finding:
    """Whether the vector index that a start makes holds what the catalogue holds, and finds it."""
    index = PassageIndex(folder, embedder, rule=rule)
    try:
        keys = index._catalogue.keys()
        if not np.array_equal(index.vector_keys(), keys):
            says = f"the vector index holds {len(index.vector_keys()):,} passages, the catalogue {len(keys):,}"
            return Finding("vectors", "fault", says, "run `sourcespan doctor --mend`")
        drawn = np.sort(np.random.default_rng(0).permutation(keys)[:_DRAWN])
        passages = index._catalogue.passages(drawn.tolist())
        embedded = embedder.embed_passages([passages[key].reading.text for key in drawn.tolist()])
        wrong = [
            passages[key].id
            for key, vector, kept in zip(drawn.tolist(), embedded, index._catalogue.vectors(drawn), strict=True)
            if min(vector @ kept, index.search_dense(vector, 1, [passages[key].document_id])[0].score) < _SAME
        ]
        if wrong:
            says = f"{len(wrong)} of {len(drawn)} vectors drawn at random are not those of their texts: {some(wrong)}"
            return Finding("vectors", "fault", says, f"run `sourcespan doctor --mend`; if that does not help, {_ANEW}")
        says = f"{len(keys):,}, one for each passage, searched by {index.vector_plan.kind}"
        return Finding("vectors", "fine", f"{says}; {len(drawn)} drawn at random are those of their texts")
    finally:
        index._catalogue.close()  # a look keeps no snapshot

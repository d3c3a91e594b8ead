"""A later version changes the tables while replicas run: one does, others wait and say so, and those that run go on."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from index.store.databases import postgres as store
from tests.fakes import BagOfWordsEmbedder
from tests.index.store.databases.test_postgres import found
from tests.postgres.server import PostgresServer

HOLD = 0x7E57


def test_one_changes_the_tables_and_all_go_on(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = postgres.new_database()
    with (
        PassageIndex(tmp_path / "older", BagOfWordsEmbedder(), database=database) as older,
        psycopg.connect(database, autocommit=True) as test,
        ThreadPoolExecutor() as threads,
    ):
        ids = {older.add(DocumentDraft("", "Ferry one."))[0].id}
        _later_version(tmp_path / "steps", monkeypatch)
        test.execute("SELECT pg_advisory_lock(%s)", (HOLD,))
        waits = Event()
        monkeypatch.setattr(store.logger, "warning", lambda says: waits.set() if "waiting" in says else None)
        opening: list[Future[Any]] = [
            threads.submit(_opened, tmp_path / f"later-{number}", database) for number in range(2)
        ]
        assert waits.wait(60)
        assert found(older) == [ids, ids], "reading goes on"
        adding = threads.submit(older.add, DocumentDraft("", "Ferry two."))
        assert not any(each.done() for each in [*opening, adding]), "changes and starts wait"
        test.execute("SELECT pg_advisory_unlock(%s)", (HOLD,))
        ids.add(adding.result()[0].id)
        later = [each.result() for each in opening]
        try:
            ids.add(later[0].add(DocumentDraft("", "Ferry three."))[0].id)
            ids.add(older.add(DocumentDraft("", "Ferry four."))[0].id)
            assert [found(index) for index in (older, *later)] == [[ids, ids]] * 3
        finally:
            for index in later:
                index.close()
        assert test.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone() == ("2",)
        assert test.execute("SELECT count(*) FROM upgrades").fetchone() == (1,)


def _later_version(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with another step, which waits in its middle until the test lets it go on."""
    shutil.copytree(store._STEP_FILES, folder)
    step = f"CREATE TABLE upgrades (made integer); SELECT pg_advisory_xact_lock({HOLD});"
    more = "ALTER TABLE documents ADD COLUMN later text; INSERT INTO upgrades VALUES (1);"
    (folder / "postgres_2.sql").write_text(step + more, encoding="utf-8")
    monkeypatch.setattr(store, "_STEP_FILES", folder)
    monkeypatch.setattr(store, "_STEPS", (*store._STEPS, "postgres_2.sql"))
    monkeypatch.setattr(store, "POSTGRES_VERSION", 2)


def _opened(folder: Path, database: str) -> PassageIndex:
    return PassageIndex(folder, BagOfWordsEmbedder(), database=database)

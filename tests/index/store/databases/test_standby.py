"""A hot standby, by pg_basebackup: what it takes over when the primary is killed, and what is read from it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.feedback import Feedback, FeedbackStore
from index.documents import DocumentDraft
from index.errors import CatalogueError, CatalogueReadOnly, FeedbackUnavailable
from index.passage_index import PassageIndex
from index.store.catalogue.shelves import Wanted
from index.store.databases import read_replica
from tests.api.helpers import until
from tests.fakes import BagOfWordsEmbedder
from tests.index.store.databases.test_postgres import found
from tests.postgres.server import PostgresServer, failing_over, postgres_server

VERDICT = Feedback("When?", "right", None, None, None, has_truth=False)


@pytest.fixture
def primary() -> Iterator[PostgresServer]:
    """A PostgreSQL of its own, for it is killed."""
    with postgres_server() as running:
        yield running


def opened(folder: Path, database: str, read: str = "") -> PassageIndex:
    return PassageIndex(folder, BagOfWordsEmbedder(), database=database, database_read=read)


def until_written(index: PassageIndex, text: str) -> str:
    for _ in range(100):
        try:
            return index.add(DocumentDraft("", text))[0].id
        except CatalogueError:
            continue  # each try waits for some seconds, or for the server's answer
    raise AssertionError("it cannot be written to")


def test_after_a_failover_all_is_there_and_replicas_go_on_by_themselves(
    tmp_path: Path, primary: PostgresServer
) -> None:
    database = primary.new_database()
    opened(tmp_path / "first", database).close()
    standby = primary.new_standby()
    primary.wait_for_standby()
    at_standby = standby.url_of(database.rpartition("/")[2])
    with (
        opened(tmp_path / "one", failing_over(database, standby)) as one,
        opened(tmp_path / "two", failing_over(database, standby)) as two,
        opened(tmp_path / "three", at_standby) as three,
    ):
        feedback = FeedbackStore(tmp_path, database=at_standby)
        ids = {(one, two)[number % 2].add(DocumentDraft("", f"Ferry {number}."))[0].id for number in range(10)}
        assert found(one) == found(two) == found(three) == [ids, ids]
        with pytest.raises(CatalogueReadOnly):
            three.add(DocumentDraft("", "Ferry."))
        assert feedback.status != "ok"
        with pytest.raises(FeedbackUnavailable):
            feedback.add(VERDICT)
        primary.kill()
        assert found(three) == [ids, ids], "a standby answers alone"
        standby.promote()
        for number, index in enumerate((one, two, three), 10):
            ids.add(until_written(index, f"Ferry {number}."))
        assert found(one) == found(two) == found(three) == [ids, ids]
        assert feedback.status == "ok"
        feedback.add(VERDICT)
        feedback.close()


def test_questions_are_read_from_the_standby_and_from_the_primary_where_it_is_behind_or_away(
    tmp_path: Path, primary: PostgresServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_replica, "_RESTS_SECONDS", 0)
    database = primary.new_database()
    opened(tmp_path / "first", database).close()
    standby = primary.new_standby()
    at_standby = standby.url_of(database.rpartition("/")[2])
    with opened(tmp_path / "one", database, at_standby) as index, opened(tmp_path / "two", database) as other:
        ids = {index.add(DocumentDraft("", "Ferry."))[0].id}
        until_read_there(index)
        assert found(index) == [ids, ids]
        with psycopg.connect(at_standby, autocommit=True) as db:
            db.execute("SELECT pg_wal_replay_pause()")
            theirs = other.add(DocumentDraft("", "Ferry two."))[0].id
            assert set(index.shelves.ids(Wanted())) == ids, "it reads there, where this is not known yet"
            ids |= {theirs, index.add(DocumentDraft("", "Ferry three."))[0].id}
            for _ in range(3):
                assert found(index) == [ids, ids], "what it wrote it finds, and does not fall behind what it has seen"
            index.shelves.change(theirs, metadata={"year": 2020})
            for _ in range(3):
                assert index.document(theirs).metadata == {"year": 2020}
            db.execute("SELECT pg_wal_replay_resume()")
        until_read_there(index)
        assert found(index) == [ids, ids]
        standby.kill()
        with caplog.at_level(logging.WARNING, "sourcespan"):
            for _ in range(3):
                assert len(index.documents()) == len(ids)
        assert sum("read replica" in record.message for record in caplog.records) == 1, "said once"
        standby.start()
        until_read_there(index)
        assert found(index) == [ids, ids]
        primary.kill()
        assert found(index) == [ids, ids], "without the primary it answers as well"


def until_read_there(index: PassageIndex) -> None:
    """Until a read is answered by the standby."""
    until(lambda: read_there(index))


def read_there(index: PassageIndex) -> bool:
    before = index.passed_over
    index.documents()
    return index.passed_over == before

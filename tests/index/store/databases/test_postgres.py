"""What holds of the store in PostgreSQL alone; what holds of both is tested where `tests.stores` is imported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest

from index.documents import DocumentDraft
from index.errors import (
    CatalogueBusy,
    CatalogueTooNew,
    CatalogueUnreachable,
    CatalogueUnusable,
    DocumentNotFound,
    EmbedderMismatch,
    OriginalNotKept,
)
from index.passage_index import PassageIndex
from index.store import opening
from index.store.catalogue.shelves import Wanted
from index.store.databases import postgres
from index.store.originals import in_database
from index.vectors import shared
from index.vectors.shared import SharedVectors
from tests.fakes import BagOfWordsEmbedder
from tests.postgres.server import PostgresServer

QUERY = BagOfWordsEmbedder().embed_queries(["ferry"])[0]


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture
def replica(tmp_path: Path, database: str) -> Iterator[PassageIndex]:
    """Another process's, as far as the store knows: with connections and a folder of its own."""
    with PassageIndex(tmp_path / "replica", BagOfWordsEmbedder(), database=database) as opened:
        yield opened


def found(index: PassageIndex) -> list[set[str]]:
    """The documents that each arm finds."""
    hits = (index.search_dense(QUERY, 100), index.search_lexical("ferry", 100))
    return [{each.document_id for each in index.passages([hit.key for hit in arm]).values()} for arm in hits]


def test_what_one_process_changes_the_others_find_at_once(index: PassageIndex, replica: PassageIndex) -> None:
    ids = set()
    for number, (one, other) in enumerate([(index, replica), (replica, index)] * 3):
        ids.add(one.add(DocumentDraft(f"{number}", f"The ferry number {number} sails."))[0].id)
        assert found(other) == found(one) == [ids, ids]
        assert other.shelves.ids(Wanted()) == one.shelves.ids(Wanted())
    gone = ids.pop()
    replica.delete(gone)
    assert found(index) == [ids, ids]
    assert index.count() == replica.count() == (5, 5)
    index.replace(min(ids), DocumentDraft("", "The train leaves."))
    assert found(replica) == [ids, ids - {min(ids)}]


def test_files_are_kept_with_the_documents_and_go_with_the_last(index: PassageIndex, replica: PassageIndex) -> None:
    with index.incoming() as incoming:
        drafts = [incoming.keep(DocumentDraft("", text, "a.txt"), b"the file") for text in ("One.", "Two.")]
        one, two = (index.add(draft)[0] for draft in drafts)
    original, path = replica.original(one.id)
    assert (path.read_bytes(), original.name) == (b"the file", "a.txt")
    path.write_bytes(b"damaged")
    assert replica.original(two.id)[1].read_bytes() == b"the file"
    index.delete(one.id)
    assert replica.original(two.id)[1].read_bytes() == b"the file"
    replica.delete(two.id)
    assert not path.exists()
    assert not index._catalogue.originals.is_whole(original.sha256)
    with pytest.raises(DocumentNotFound):
        index.original(two.id)
    with pytest.raises(OriginalNotKept):
        index.original(index.add(DocumentDraft("", "Three."))[0].id)


def test_a_file_is_fetched_once_and_the_one_looked_at_longest_ago_makes_room(
    index: PassageIndex, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_database, "_FILES_AT_MOST", 2)
    with index.incoming() as incoming:
        drafts = [incoming.keep(DocumentDraft("", f"Text {n}.", "a.txt"), f"file {n}".encode()) for n in range(3)]
        first, second, third = (document.id for document, _ in index.add_all(drafts))
    paths = [index.original(each)[1] for each in (first, second)]
    for path in paths:
        os.utime(path, (0, 0))
    with psycopg.connect(database) as db:
        db.execute("UPDATE originals SET data = 'lost'")
    assert index.original(first)[1].read_bytes() == b"file 0", "it is there, and need not be fetched"
    index.original(third)
    assert [path.exists() for path in paths] == [True, False]


@pytest.mark.parametrize("is_made", [True, False])
def test_a_commit_without_an_answer_is_decided(
    index: PassageIndex, monkeypatch: pytest.MonkeyPatch, is_made: bool
) -> None:
    def broken(connection: psycopg.Connection[object]) -> psycopg.Error:
        connection.execute("COMMIT" if is_made else "ROLLBACK")
        connection.close()
        return psycopg.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as breaking:
        breaking.setattr(postgres, "_lost_in_commit", broken)
        if is_made:
            assert index.add(DocumentDraft("", "The ferry."))[1]
        else:
            with pytest.raises(CatalogueUnreachable):
                index.add(DocumentDraft("", "The ferry."))
    assert index.count()[0] == int(is_made)
    assert index.add(DocumentDraft("", "The ferry."))[1] is not is_made


def test_a_server_that_was_killed_has_all_that_was_acknowledged(
    index: PassageIndex, replica: PassageIndex, postgres: PostgresServer
) -> None:
    stored = index.add(DocumentDraft("", "The ferry."))[0]
    assert found(replica) == [{stored.id}] * 2
    postgres.kill()
    try:
        for one in (index, replica):
            with pytest.raises(CatalogueUnreachable):
                one.document(stored.id)
        with pytest.raises(CatalogueUnreachable):
            index.add(DocumentDraft("", "The train."))
    finally:
        postgres.start()
    for one in (index, replica):
        _until_reachable(one)
        assert found(one) == [{stored.id}] * 2
    assert replica.add(DocumentDraft("", "The train."))[1]


def _until_reachable(index: PassageIndex) -> None:
    for _ in range(100):
        try:
            index.count()
        except CatalogueUnreachable:
            continue  # each look waits for some seconds
        return


def test_whoever_is_impatient_does_not_wait_for_another_writer(index: PassageIndex, replica: PassageIndex) -> None:
    with (
        index._catalogue._db.change(),
        pytest.raises(CatalogueBusy),
        replica._catalogue._db.change(patient=False),
    ):
        pass
    with replica._catalogue._db.change(patient=False):
        pass


def test_a_database_of_another_embedder_or_a_later_version_is_refused(
    index: PassageIndex, database: str, tmp_path: Path
) -> None:
    class Other(BagOfWordsEmbedder):
        fingerprint = "other@1"

    with pytest.raises(EmbedderMismatch):
        PassageIndex(tmp_path / "other", Other(), database=database)
    with psycopg.connect(database) as db:
        db.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
    with pytest.raises(CatalogueTooNew):
        PassageIndex(tmp_path / "other", BagOfWordsEmbedder(), database=database)
    assert index.count() == (0, 0), "whoever runs already goes on"


def test_the_encoding_is_the_database_s_and_not_what_a_client_is_set_to(
    tmp_path: Path, postgres: PostgresServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as db:
        db.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(CatalogueUnusable, match="UTF8"):
        PassageIndex(tmp_path, BagOfWordsEmbedder(), database=f"{postgres.url_of('latin')}?client_encoding=UTF8")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with PassageIndex(tmp_path, BagOfWordsEmbedder(), database=database) as index:
        assert index.with_text(index.add(DocumentDraft("", "Łódź 🚢"))[0].id)[1] == "Łódź 🚢"


def test_a_server_that_does_not_answer_is_told_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(CatalogueUnreachable, match="cannot be reached") as told:
        PassageIndex(tmp_path, BagOfWordsEmbedder(), database="postgresql://me:secret@127.0.0.1:9/none")
    assert "secret" not in str(told.value)


def test_what_an_administrator_must_see_to_is_said(postgres: PostgresServer, database: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as db:
        db.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
    as_plain = database.replace("postgres:postgres@", "plain:plain@")
    with pytest.raises(CatalogueUnusable, match="CREATE EXTENSION vector"):
        PassageIndex(tmp_path, BagOfWordsEmbedder(), database=as_plain)
    with PassageIndex(tmp_path, BagOfWordsEmbedder(), database=database), psycopg.connect(database) as db:
        db.execute("UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'")
    with pytest.raises(CatalogueUnusable, match=r"0\.8 or later, and is 0\.7\.4"):
        PassageIndex(tmp_path, BagOfWordsEmbedder(), database=database)


def test_a_graph_that_could_not_be_made_is_tried_again_and_one_in_the_making_is_broken_off_by_the_end(
    index: PassageIndex, database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    index.add(DocumentDraft("", "The ferry."))
    of_its_own = opening.at(database)
    vectors = SharedVectors(of_its_own, index._catalogue, BagOfWordsEmbedder.dimension, exact_up_to=0)
    try:
        with monkeypatch.context() as failing:
            failing.setattr(shared, "_TRIES_AGAIN_SECONDS", 0)
            failing.setattr(shared, "_MAKE_GRAPH", "SELECT 1 / 0")
            assert vectors.search(QUERY, 1)
            assert vectors._making is not None
            vectors._making.result()
        assert "could not be made" in caplog.text
        monkeypatch.setattr(shared, "_MAKE_GRAPH", "SELECT pg_sleep(600)")
        assert vectors.search(QUERY, 1)
        assert not vectors._making.done()
    finally:
        vectors.close()
        of_its_own.close()
    assert vectors._making.done()


def test_what_no_database_holds_is_not_there(index: PassageIndex) -> None:
    document = index.add(DocumentDraft("", "The ferry."))[0]
    for strange in ("\0", "\ud800", f"{document.id}\0"):
        assert index.shelves.ids(Wanted(document_ids=[strange, document.id])) == [document.id]
    with pytest.raises(DocumentNotFound):
        index.document("\0")
    assert index.shelves.ids(Wanted(words="\0")) == []


def test_many_vectors_are_searched_by_a_graph_that_finds_what_comparing_all_finds(
    index: PassageIndex, database: str
) -> None:
    draw = np.random.default_rng(0)
    texts = [" ".join(f"w{word}" for word in draw.integers(0, 200, 12)) for _ in range(400)]
    documents = [stored for stored, _ in index.add_all([DocumentDraft("", text) for text in texts])]
    of_its_own = opening.at(database)
    vectors = SharedVectors(of_its_own, index._catalogue, BagOfWordsEmbedder.dimension, exact_up_to=100)
    try:
        kinds = [vectors.plan.kind]
        vectors.save_snapshot()
        assert [*kinds, vectors.plan.kind] == ["flat", "hnsw"]
        of_half = [document.id for document in documents[::2]]
        for among in (None, of_half, of_half[:3], []):
            same = wanted = 0
            for query in BagOfWordsEmbedder().embed_queries(texts[:50]):
                exact = index.search_dense(query, 10, among)
                graph = vectors.search(query, 10, among)
                least = exact[-1].score - 1e-6 if exact else 0
                wanted += len(exact)
                same += sum(score >= least for _, score in graph)  # of equal ones, any may be among the first
                assert [score for _, score in graph] == sorted((score for _, score in graph), reverse=True)
            assert same >= 0.97 * wanted, among
        index.delete(documents[0].id)
        (gone,) = BagOfWordsEmbedder().embed_queries(texts[:1])
        assert documents[0].id not in {
            each.document_id for each in index.passages([key for key, _ in vectors.search(gone, 50)]).values()
        }
    finally:
        vectors.close()
        of_its_own.close()

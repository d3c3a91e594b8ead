"""Whoever reads never waits for whoever writes.

Something is held up until a search has ended: where the search waited for it, both would wait for ever, and a test
fails when its patience ends.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ParamSpec, TypeVar

import httpx
import numpy as np
import pytest

from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from index.store.catalogue.catalogue import Catalogue
from index.store.databases.sqlite import SqliteDatabase
from index.store.reader_states import StatesFile, states_in_8_bits
from index.vectors import in_step
from index.vectors.faiss_index import FaissIndex
from index.vectors.vector_rule import VectorRule
from rag.interfaces import Query
from rag.retrieval.retriever import HybridRetriever
from tests.conftest import Server
from tests.crash.folder import ALL, PROCESSES, check_index
from tests.fakes import BagOfWordsEmbedder
from tests.samples.hits import passages_of

PATIENCE_SECONDS = 60
QUERY = BagOfWordsEmbedder().embed_queries(["ferry"])[0]
MANY = " ".join(f"The story of ferry {n} says word." for n in range(2_000))

P = ParamSpec("P")
T = TypeVar("T")


def opened(folder: Path, rule: VectorRule | None = None) -> PassageIndex:
    return PassageIndex(folder, BagOfWordsEmbedder(), rule=rule)


def texts(index: PassageIndex) -> set[str]:
    return {passage.text for passage in passages_of(index, index.search_dense(QUERY, ALL))}


def in_thread(work: Callable[[], T]) -> Future[T]:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def unhindered(work: Callable[[], T]) -> T:
    """What ``work`` gives. Raises TimeoutError where it waits for what the test holds up."""
    return in_thread(work).result(PATIENCE_SECONDS)


class Gate:
    """Holds up whoever goes through until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.may_go_on = threading.Event()

    def through(self, work: Callable[P, T]) -> Callable[P, T]:
        def held(*arguments: P.args, **named: P.kwargs) -> T:
            self.stop()
            return work(*arguments, **named)

        return held

    def stop(self) -> None:
        """Whoever comes here stays until the gate is opened."""
        self.reached.set()
        assert self.may_go_on.wait(2 * PATIENCE_SECONDS)

    def wait(self) -> None:
        assert self.reached.wait(PATIENCE_SECONDS)

    def open(self) -> None:
        self.may_go_on.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open()


def hold_write_lock(path: Path, pipe: Connection) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    pipe.send("held")
    pipe.recv()
    db.execute("ROLLBACK")
    db.close()


@contextmanager
def another_process_writes(path: Path) -> Iterator[None]:
    """Within the block another process is in the middle of a transaction on the SQLite file at ``path``."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=hold_write_lock, args=(path, there), daemon=True)
    process.start()
    try:
        assert here.poll(PATIENCE_SECONDS)
        here.recv()
        yield
    finally:
        here.send("let go")
        process.join(PATIENCE_SECONDS)
        here.close()
        there.close()
    assert process.exitcode == 0


def ask_all_ways(index: PassageIndex) -> None:
    assert texts(index) == {"The ferry leaves at noon."}
    assert len(index.search_lexical("ferry", ALL)) == 1
    (found,) = HybridRetriever(index, BagOfWordsEmbedder()).retrieve([Query("ferry", 3)])
    assert [passage.passage.text for passage in found.passages] == ["The ferry leaves at noon."]


@pytest.mark.parametrize("change", ["add", "replace", "delete"])
def test_searches_go_on_while_a_change_waits_for_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    begun = threading.Event()
    real = Catalogue.put, Catalogue.replace, Catalogue.remove

    def telling(work: Callable[P, T]) -> Callable[P, T]:
        def told(*arguments: P.args, **named: P.kwargs) -> T:
            begun.set()
            return work(*arguments, **named)

        return told

    with opened(tmp_path) as index:
        document, _ = index.add(DocumentDraft("", "The ferry leaves at noon."))
        for work in real:
            monkeypatch.setattr(Catalogue, work.__name__, telling(work))
        changes: dict[str, Callable[[], object]] = {
            "add": lambda: index.add(DocumentDraft("", "Another ferry.")),
            "replace": lambda: index.replace(document.id, DocumentDraft("", "Another ferry.")),
            "delete": lambda: index.delete(document.id),
        }
        with another_process_writes(tmp_path / "catalogue.sqlite3"):
            writer = in_thread(changes[change])
            assert begun.wait(PATIENCE_SECONDS)
            unhindered(lambda: ask_all_ways(index))
            assert unhindered(index.count) == (1, 1)
        writer.result(PATIENCE_SECONDS)
        after = {"add": {"The ferry leaves at noon.", "Another ferry."}, "replace": {"Another ferry."}, "delete": set()}
        assert texts(index) == after[change]


def test_opening_and_searching_go_on_while_another_process_writes(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        index.add(DocumentDraft("", "The ferry leaves at noon."))

    def look() -> None:
        with opened(tmp_path) as index:
            ask_all_ways(index)

    with another_process_writes(tmp_path / "catalogue.sqlite3"):
        unhindered(look)


def test_the_service_answers_while_an_upload_waits_for_another_process(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = start_server()
    server.add("noon", "The ferry leaves at noon.")

    def post(path: str, **body: object) -> httpx.Response:
        return httpx.post(f"{server.url}{path}", json=body, timeout=2 * PATIENCE_SECONDS)

    with another_process_writes(tmp_path / "server-0" / "catalogue.sqlite3"):
        upload = in_thread(lambda: post("/v1/documents", title="new", text="A ferry that is new.", source="x.txt"))
        for _ in range(3):
            answer = unhindered(lambda: post("/v1/ask", question="When «leaves at noon»?")).json()
            assert answer["answers"][0]["text"] == "leaves at noon"
            assert unhindered(lambda: post("/v1/search", query="ferry")).json()["passages"]
            assert unhindered(lambda: httpx.get(f"{server.url}/readyz", timeout=PATIENCE_SECONDS)).is_success
    assert upload.result(PATIENCE_SECONDS).status_code == 201


def test_searches_go_on_while_a_long_document_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    with opened(tmp_path) as index:
        long, _ = index.add(DocumentDraft("", MANY))
        index.add(DocumentDraft("", "The ferry leaves at noon."))
        every = texts(index)
        change = SqliteDatabase.change

        @contextmanager
        def slow(self: SqliteDatabase) -> Iterator[sqlite3.Connection]:
            with change(self) as db:
                yield db
                gate.stop()

        monkeypatch.setattr(SqliteDatabase, "change", slow)
        writer = in_thread(lambda: index.delete(long.id))
        gate.wait()
        assert unhindered(lambda: texts(index)) == every
        gate.open()
        writer.result(PATIENCE_SECONDS)
        ask_all_ways(index)


@pytest.mark.parametrize("slow", ["reading", "learning"])
def test_searches_go_on_while_the_vectors_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Gate, slow: str
) -> None:
    with opened(tmp_path, VectorRule("ivf", train_from=20)) as index:
        index.add(DocumentDraft("", MANY))
        every = texts(index)
        if slow == "reading":
            monkeypatch.setattr(Catalogue, "vectors", gate.through(Catalogue.vectors))
        else:
            monkeypatch.setattr(FaissIndex, "__init__", gate.through(FaissIndex.__init__))
        saving = in_thread(index.save_snapshot)
        gate.wait()
        assert unhindered(lambda: texts(index)) == every
        gate.open()
        saving.result(PATIENCE_SECONDS)
        assert index.vector_plan.kind == "ivf"
        assert texts(index) == every


def test_searches_go_on_while_the_snapshot_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    with opened(tmp_path) as index:
        index.add(DocumentDraft("", "The ferry leaves at noon."))
        monkeypatch.setattr(FaissIndex, "save", gate.through(FaissIndex.save))
        saving = in_thread(index.save_snapshot)
        gate.wait()
        unhindered(lambda: ask_all_ways(index))
        gate.open()
        saving.result(PATIENCE_SECONDS)


def test_searches_go_on_while_another_thread_reads_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    with opened(tmp_path) as index:
        index.add(DocumentDraft("", "The ferry leaves at noon."))
        monkeypatch.setattr(Catalogue, "_sound", gate.through(Catalogue._sound))
        writer = in_thread(lambda: index.add(DocumentDraft("", "Another ferry.")))
        gate.wait()
        assert unhindered(lambda: texts(index)) == {"The ferry leaves at noon."}
        gate.open()
        writer.result(PATIENCE_SECONDS)
        assert texts(index) == {"The ferry leaves at noon.", "Another ferry."}


def test_much_that_another_process_changed_is_followed_in_steps_and_in_the_end_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_step, "_ADDED_IN_STEP", 10)
    with opened(tmp_path) as index, opened(tmp_path) as other:
        index.add(DocumentDraft("", "The ferry leaves at noon. It says word and story."))
        long, _ = other.add(DocumentDraft("", MANY))
        assert len(index.search_dense(QUERY, ALL)) >= 10
        assert index.vector_keys().tolist() == index._catalogue.keys().tolist()
        check_index(index)
        other.delete(long.id)
        hits = index.search_dense(QUERY, ALL)
        assert len(hits) >= 1, "keys of what is gone are passed over when they are looked up"
        assert index.vector_keys().tolist() == index._catalogue.keys().tolist()


def test_who_changed_something_finds_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_step, "_ADDED_IN_STEP", 3)
    with opened(tmp_path) as index:
        long, _ = index.add(DocumentDraft("", MANY))
        assert len(check_index(index)) == 1
        index.replace(long.id, DocumentDraft("", MANY.replace("ferry", "train")))
        check_index(index)
        index.delete(long.id)
        assert not index.search_dense(QUERY, ALL)


def test_a_replaced_document_is_found_before_or_after_and_never_neither_nor_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_step, "_PATIENCE_SECONDS", PATIENCE_SECONDS)
    with opened(tmp_path) as index:
        document, _ = index.add(DocumentDraft("", "The ferry has number 0."))
        retriever = HybridRetriever(index, BagOfWordsEmbedder())
        seen: list[list[str]] = []
        stop = threading.Event()

        def search() -> None:
            while not stop.is_set():
                (found,) = retriever.retrieve([Query("ferry", 5, mode="dense")])
                seen.append([passage.passage.text for passage in found.passages])

        searchers = [in_thread(search) for _ in range(3)]
        for n in range(1, 40):
            index.replace(document.id, DocumentDraft("", f"The ferry has number {n}."))
            (found,) = retriever.retrieve([Query("ferry", 5)])
            assert [passage.passage.text for passage in found.passages] == [f"The ferry has number {n}."]
        stop.set()
        for searcher in searchers:
            searcher.result(PATIENCE_SECONDS)
        assert max(len(found) for found in seen) == 1


def test_what_a_question_computed_of_a_passage_is_kept_only_where_nobody_writes(tmp_path: Path) -> None:
    path = tmp_path / "states.sqlite3"
    states = {"a": states_in_8_bits(np.ones((2, 4), np.float32))}
    kept = StatesFile(path, model="m@1", width=4)
    with another_process_writes(path):
        unhindered(lambda: kept.keep(states))
        again = unhindered(lambda: StatesFile(path, model="m@1", width=4))
        assert not again.known(["a"])
    kept.keep(states)
    assert set(again.known(["a"])) == {"a"}

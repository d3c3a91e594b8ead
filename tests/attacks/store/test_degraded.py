"""Files that are damaged, gone, exchanged, or may not be written: what can be done is done, and the rest is refused."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.feedback import FEEDBACK_FILE, OK, Feedback, FeedbackStore, examine
from index.errors import CatalogueGone, CatalogueReadOnly, FeedbackUnavailable, QuotaExceeded
from index.passage_index import PassageIndex
from index.store.databases.sqlite import SqliteDatabase
from tests.api.helpers import assert_problem
from tests.conftest import Server
from tests.fakes import BagOfWordsEmbedder
from tests.index.test_durability import may_only_read, readable  # noqa: F401

VERDICT = {"question": "When?", "answer": None, "verdict": "wrong"}
UNSURE = Feedback("When?", "wrong", None, None, None, has_truth=False)
REPOSITORY = Path(__file__).parents[3]


def garbage(folder: Path) -> None:
    (folder / FEEDBACK_FILE).write_bytes(b"this is no database, however long one looks at it " * 200)


def torn(folder: Path) -> None:
    """A database whose second half was never written."""
    store = FeedbackStore(folder)
    for _ in range(200):
        store.add(UNSURE)
    store.close()
    whole = (folder / FEEDBACK_FILE).read_bytes()
    (folder / FEEDBACK_FILE).write_bytes(whole[: len(whole) // 2])


def a_folder(folder: Path) -> None:
    (folder / FEEDBACK_FILE).mkdir()


def of_another_program(folder: Path) -> None:
    with sqlite3.connect(folder / FEEDBACK_FILE) as db:
        db.execute("CREATE TABLE feedback (something INTEGER)")
    db.close()


@pytest.mark.parametrize("damage", [garbage, torn, a_folder, of_another_program])
def test_with_damaged_feedback_all_else_is_served_and_it_is_told(
    start_server: Callable[..., Server], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "server-0"
    folder.mkdir()
    damage(folder)
    server = start_server()
    document = server.add("Ferries", "The ferry leaves at noon.")
    assert httpx.post(f"{server.url}/v1/ask", json={"question": "«ferry leaves»?"}).status_code == 200
    if httpx.post(f"{server.url}/v1/feedback", json=VERDICT).status_code == 201:
        pytest.fail("a verdict was acknowledged that cannot be kept")
    assert_problem(httpx.post(f"{server.url}/v1/feedback", json=VERDICT), 503, "feedback is not available")
    assert_problem(httpx.get(f"{server.url}/v1/feedback/export"), 503, "feedback is not available")
    ready = httpx.get(f"{server.url}/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert ready.json()["feedback"] != OK
    assert "sourcespan_feedback_available 0.0" in httpx.get(f"{server.url}/metrics").text
    assert httpx.delete(f"{server.url}/v1/documents/{document}").status_code == 204
    assert examine(folder).severity == "fault"


def test_sound_feedback_is_told_too(server: Server) -> None:
    assert httpx.post(f"{server.url}/v1/feedback", json=VERDICT).status_code == 201
    assert httpx.get(f"{server.url}/readyz").json()["feedback"] == OK
    text = httpx.get(f"{server.url}/metrics").text
    assert "sourcespan_feedback_available 1.0" in text
    assert "sourcespan_feedback_entries 1.0" in text


@pytest.mark.parametrize("given_before", [False, True])
def test_in_a_folder_that_may_only_be_read_feedback_says_so(readable: Path, given_before: bool) -> None:  # noqa: F811
    if given_before:
        before = FeedbackStore(readable)
        before.add(UNSURE)
        before.close()
    with may_only_read(readable):
        store = FeedbackStore(readable)
        with PassageIndex(readable, BagOfWordsEmbedder()) as index:
            assert index.search_lexical("ferry", 1)
        assert "cannot be" in store.status
        with pytest.raises(FeedbackUnavailable):
            store.add(UNSURE)
        assert store.count() == given_before
        store.close()
        assert examine(readable).severity == ("warning" if given_before else "fine")


def test_feedback_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FEEDBACK_FILE) as db:
        db.execute(
            "CREATE TABLE feedback (id TEXT PRIMARY KEY, given_at TEXT NOT NULL, question TEXT NOT NULL, verdict TEXT "
            "NOT NULL, answer TEXT, document_id TEXT, sha256 TEXT, title TEXT, context TEXT, truth TEXT, "
            "truth_start INTEGER)"
        )
        row = ("a", "2026", "When?", "right", "noon", "d", "x", "Ferries", "at noon", "noon", 3)
        db.execute("INSERT INTO feedback VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.close()
    store = FeedbackStore(tmp_path)
    assert (store.status, len(list(store.paragraphs()))) == (OK, 1)
    store.erase("another")
    assert len(list(store.paragraphs())) == 1
    store.erase("d")
    assert (store.count(), list(store.paragraphs())) == (1, [])
    store.close()


# ---- files that go, or are exchanged, while they are in use


def removed(path: Path) -> None:
    path.unlink()


def with_its_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def with_its_folder_renamed(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


def restored(path: Path) -> None:
    """As a restore does it: another file under the same name."""
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.replace(path)


def without_its_log(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


@pytest.mark.parametrize("attack", [removed, with_its_folder, with_its_folder_renamed, restored, without_its_log])
def test_what_cannot_be_kept_is_refused_before_it_is_acknowledged(
    start_server: Callable[..., Server], tmp_path: Path, attack: Callable[[Path], None]
) -> None:
    server = start_server()
    document = server.add("Ferries", "The ferry leaves at noon.")
    path = tmp_path / "server-0" / "catalogue.sqlite3"
    attack(path)
    before = path.stat().st_ino if path.exists() else None
    body = {"title": "New", "text": "A train leaves."}
    for _ in range(8):  # in whichever thread it is
        assert_problem(httpx.post(f"{server.url}/v1/documents", json=body), 503, "moved, deleted or replaced")
    assert_problem(httpx.put(f"{server.url}/v1/documents/{document}", json=body), 503, "moved, deleted or replaced")
    assert_problem(httpx.delete(f"{server.url}/v1/documents/{document}"), 503, "moved, deleted or replaced")
    assert (path.stat().st_ino if path.exists() else None) == before, "no other file is made in its place"
    if attack in (with_its_folder, with_its_folder_renamed):
        assert_problem(httpx.post(f"{server.url}/v1/feedback", json=VERDICT), 503, "moved, deleted or replaced")
        assert "moved, deleted or replaced" in httpx.get(f"{server.url}/readyz").text


def test_what_goes_during_a_change_is_not_acknowledged(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "some.sqlite3")
    with database.change() as db:
        db.execute("CREATE TABLE t (x)")

    def lose_it() -> None:
        with database.change() as db:
            db.execute("INSERT INTO t VALUES (1)")
            (tmp_path / "some.sqlite3").unlink()

    with pytest.raises(CatalogueGone):
        lose_it()
    with database.reading() as db:
        assert db.execute("SELECT count(*) FROM t").fetchone() == (0,), "reading goes on"
    assert not (tmp_path / "some.sqlite3").exists()
    database.close()


# ---- disks without room


@contextmanager
def serving(folder: Path, *, room: int) -> Iterator[str]:
    """A server of its own process, none of whose files grows beyond ``room`` bytes; gives its address."""
    command = [sys.executable, "-m", "tests.attacks.serving", str(folder)]
    limit = (room, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    long = " ".join(f"Ferry number {n} leaves at {n} past noon." for n in range(6_000))
    with serving(tmp_path, room=400_000) as url:
        kept = httpx.post(f"{url}/v1/documents", json={"title": "short", "text": "The ferry leaves at noon."})
        assert kept.status_code == 201
        refused = httpx.post(f"{url}/v1/documents", json={"title": "long", "text": long}, timeout=60)
        assert_problem(refused, 507, "free some space")
        question = {"question": "«ferry leaves at noon»?"}
        assert httpx.post(f"{url}/v1/ask", json=question).json()["answers"][0]["text"] == "ferry leaves at noon"
        acknowledged = 0
        with httpx.Client(timeout=60) as client:
            while (given := client.post(f"{url}/v1/feedback", json=VERDICT)).status_code == 201:
                acknowledged += 1
        assert_problem(given, 507, "free some space")
        assert httpx.get(f"{url}/readyz").json()["feedback"] == OK, "there may be room again"
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        assert [document.id for document in index.documents(limit=9)] == [kept.json()["id"]]
    store = FeedbackStore(tmp_path)
    assert store.count() == acknowledged
    store.close()


def test_what_may_only_be_read_is_refused_in_its_own_words(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise CatalogueReadOnly

    monkeypatch.setattr(server.index._catalogue, "put", refuse)
    body = {"title": "New", "text": "A train leaves."}
    assert_problem(httpx.post(f"{server.url}/v1/documents", json=body), 503, "cannot be written to")


def test_feedback_has_a_quota(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path, most=2)
    for _ in range(2):
        store.add(UNSURE)
    with pytest.raises(QuotaExceeded, match="2 entries of feedback"):
        store.add(UNSURE)
    assert (store.count(), store.status) == (2, OK)
    store.close()


def test_an_export_of_damaged_entries_is_refused_in_words(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    store.add(UNSURE)
    with sqlite3.connect(tmp_path / FEEDBACK_FILE) as db:
        db.execute("UPDATE feedback SET context = x'ff00', title = 7")
    db.close()
    with pytest.raises(FeedbackUnavailable, match="damaged"):
        list(store.paragraphs())
    store.close()
    assert examine(tmp_path).severity == "fault"

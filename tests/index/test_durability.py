"""Kills, full disks, folders that may only be read, and several processes at once."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from index.documents import DocumentDraft
from index.errors import CatalogueFull, CatalogueReadOnly, CatalogueUnusable
from index.ingestion.build import add_many
from index.passage_index import PassageIndex
from tests.crash.folder import PROCESSES, Acknowledged, Lost, check_index, trials
from tests.fakes import BagOfWordsEmbedder
from tests.samples.hits import passages_of
from tests.samples.words_of import say_otherwise

QUERY = BagOfWordsEmbedder().embed_queries(["ferry"])[0]
NOBODY = 65_534


def opened(folder: Path) -> PassageIndex:
    return PassageIndex(folder, BagOfWordsEmbedder())


def found(index: PassageIndex) -> list[str]:
    dense = {passage.text for passage in passages_of(index, index.search_dense(QUERY, 1_000))}
    assert dense == {passage.text for passage in passages_of(index, index.search_lexical("ferry", 1_000))}
    return sorted(dense)


def test_processes_killed_at_random_points_lose_nothing(tmp_path: Path) -> None:
    outcomes = list(trials(12, tmp_path / "data", seed=1))
    assert len(outcomes) == 12
    assert sum(heard.finished for heard in outcomes) > 12


@pytest.mark.parametrize("table", ["documents", "passages", "words", "originals"])
def test_the_trials_would_notice_a_loss(tmp_path: Path, table: str) -> None:
    with opened(tmp_path) as index:
        with index.incoming() as incoming:
            drafts = [DocumentDraft("", f"The story {n} says word.", "a.txt") for n in range(3)]
            ids = [index.add(incoming.keep(draft, draft.text.encode()))[0].id for draft in drafts]
        expected = Acknowledged({document_id: f"The story {n} says word." for n, document_id in enumerate(ids)})
        expected.check(check_index(index))
    with sqlite3.connect(tmp_path / "catalogue.sqlite3") as db:
        if table == "documents":
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("DELETE FROM documents WHERE id = ?", ids[:1])
        elif table == "passages":
            db.execute("DROP TRIGGER passage_removed")
            db.execute("DELETE FROM passages WHERE document_id = ?", ids[:1])
        elif table == "originals":
            next((tmp_path / "originals").glob("??/*")).write_bytes(b"")
    db.close()
    if table == "words":
        say_otherwise(tmp_path, 1)
    for snapshot in tmp_path.glob("vectors-*"):
        snapshot.unlink()
    with opened(tmp_path) as index, pytest.raises(Lost):
        expected.check(check_index(index))


@pytest.mark.parametrize(
    ("heard", "there"),
    [
        (Acknowledged({"a": "text"}), {}),
        (Acknowledged({"a": "text"}), {"a": "other"}),
        (Acknowledged({}), {"a": "text"}),
        (Acknowledged({}, adding=["text"]), {"a": "text", "b": "text"}),
        (Acknowledged({"a": "text"}, deleting="b"), {}),
    ],
)
def test_what_may_not_be_after_a_kill(heard: Acknowledged, there: dict[str, str]) -> None:
    with pytest.raises(Lost):
        heard.check(there)


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file grows beyond ``room`` bytes, as on a disk without space."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_on_a_full_disk_changes_are_refused_and_what_was_there_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    long = " ".join(f"The ferry number {n} leaves." for n in range(2_000))
    index = opened(tmp_path)
    document, _ = index.add(DocumentDraft("", "The ferry leaves at noon."))
    index.save_snapshot()
    index.add(DocumentDraft("", "Another ferry."))
    before = found(index)
    with full_disk(room=max(file.stat().st_size for file in tmp_path.iterdir())):
        for change in (
            lambda: index.add(DocumentDraft("", long)),
            lambda: index.replace(document.id, DocumentDraft("", long)),
        ):
            with pytest.raises(CatalogueFull, match="free some space"):
                change()
            assert found(index) == before
    with full_disk(room=100):
        with pytest.raises(CatalogueFull):
            index.save_snapshot()
        assert found(index) == before
        index.close()
    assert "no snapshot was kept" in caplog.text
    assert not list(tmp_path.glob("*.unfinished"))
    with opened(tmp_path) as again:
        assert found(again) == before
        assert again.add(DocumentDraft("", long))[1], "with room again, everything works again"


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder with an index that may be read and not written, not even by root: it becomes nobody meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="sourcespan-readable-"))
    with opened(folder / "data") as index:
        index.add(DocumentDraft("", "The ferry leaves at noon."))
    yield folder / "data"
    shutil.rmtree(folder)


@contextmanager
def may_only_read(folder: Path) -> Iterator[None]:
    folder.parent.chmod(0o755)
    modes = {path: path.stat().st_mode for path in (folder, *folder.iterdir())}
    for path in modes:
        path.chmod(0o555 if path == folder else 0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.mark.parametrize("killed", [False, True])
def test_a_folder_that_may_only_be_read_is_searched_and_not_changed(readable: Path, killed: bool) -> None:
    texts = ["The ferry leaves at noon."]
    if killed:  # what it had acknowledged stands in SQLite's log alone
        writer = PROCESSES.Process(target=add_and_die, args=(readable,))
        writer.start()
        writer.join()
        texts.append("A ferry that came last.")
    with may_only_read(readable):
        names = sorted(path.name for path in readable.iterdir())
        with opened(readable) as index:
            assert found(index) == sorted(texts)
            document = index.documents(limit=1)[0]
            for change in (
                lambda: index.add(DocumentDraft("", "New.")),
                lambda: index.replace(document.id, DocumentDraft("", "New.")),
                lambda: index.delete(document.id),
                index.save_snapshot,
            ):
                with pytest.raises(CatalogueReadOnly, match="cannot be written"):
                    change()
            assert found(index) == sorted(texts)
        assert sorted(path.name for path in readable.iterdir()) == names
    with opened(readable) as index:
        assert index.add(DocumentDraft("", "Another ferry."))[1]
        assert len(found(index)) == len(texts) + 1


def add_and_die(folder: Path) -> None:
    opened(folder).add(DocumentDraft("", "A ferry that came last."))
    os.kill(os.getpid(), 9)


def test_a_folder_where_no_index_can_be_made_is_told(readable: Path) -> None:
    shutil.rmtree(readable)
    readable.mkdir()
    with may_only_read(readable), pytest.raises(CatalogueUnusable, match="cannot be made"):
        opened(readable)


def fill(folder: Path, name: str) -> None:
    """Puts in forty texts that every process has and forty of its own, and changes and deletes some of its own."""
    with opened(folder) as index:
        common = [DocumentDraft("", f"The ferry {n} of all.") for n in range(40)]
        own = [DocumentDraft("", f"The ferry {n} of {name}.") for n in range(40)]
        for _ in add_many(index, common):
            pass
        ids = [index.add(draft)[0].id for draft in own]
        for n, document_id in enumerate(ids[:10]):
            index.replace(document_id, DocumentDraft("", f"The changed ferry {n} of {name}."))
        for document_id in ids[10:20]:
            index.delete(document_id)
        # not `found`: between its two searches another process may change something
        assert len(index.search_dense(QUERY, 1_000)) >= 70


def test_several_processes_work_on_one_folder_at_once(tmp_path: Path) -> None:
    names = ["first", "second", "third"]
    processes = [PROCESSES.Process(target=fill, args=(tmp_path, name)) for name in names]
    for process in processes:
        process.start()
    expected = {f"The ferry {n} of all." for n in range(40)}
    for name in names:
        expected |= {f"The ferry {n} of {name}." for n in range(20, 40)}
        expected |= {f"The changed ferry {n} of {name}." for n in range(10)}
    with opened(tmp_path) as watching:
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0, 0]
        assert found(watching) == sorted(expected)
    with opened(tmp_path) as again:
        assert found(again) == sorted(expected)

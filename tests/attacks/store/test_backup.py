"""Backups that are made while others write, and restored: whole or not at all, and nothing that was there is lost."""

from __future__ import annotations

import random
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.feedback import FEEDBACK_FILE, Feedback, FeedbackStore
from index.documents import DocumentDraft
from index.errors import (
    BackupUnusable,
    CatalogueError,
    CatalogueInUse,
    CatalogueTooNew,
    CatalogueUnusable,
    WouldOverwrite,
)
from index.passage_index import PassageIndex
from index.store.catalogue.catalogue import CATALOGUE_FILE
from index.store.databases.schema import SCHEMA_VERSION
from index.upkeep.backup import back_up, restore
from index.upkeep.doctor import examine
from tests.api.helpers import assert_problem
from tests.attacks.processes import restore_and_die, write_until
from tests.conftest import Server
from tests.crash.folder import PROCESSES
from tests.fakes import BagOfWordsEmbedder
from tests.index.test_durability import full_disk, may_only_read, readable  # noqa: F401

UNSURE = Feedback("When?", "wrong", None, None, None, has_truth=False)


def fill(folder: Path, texts: list[str]) -> None:
    with PassageIndex(folder, BagOfWordsEmbedder()) as index:
        for text in texts:
            index.add(DocumentDraft("", text))


def texts_in(folder: Path) -> list[str]:
    with PassageIndex(folder, BagOfWordsEmbedder()) as index:
        documents = index.documents(limit=10_000)
        return sorted(index.with_text(document.id)[1] for document in documents)


def faults(folder: Path) -> list[str]:
    return [finding.says for finding in examine(folder, BagOfWordsEmbedder()) if finding.severity == "fault"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two documents and a verdict."""
    fill(tmp_path / "data", ["The ferry leaves at noon.", "The train leaves at two."])
    store = FeedbackStore(tmp_path / "data")
    store.add(UNSURE)
    store.close()
    return tmp_path / "data"


def test_what_is_restored_is_what_was_backed_up(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    contents = back_up(data, file, [FEEDBACK_FILE])
    assert (contents.documents, contents.passages, contents.schema) == (2, 2, SCHEMA_VERSION)
    assert set(contents.files) == {CATALOGUE_FILE, FEEDBACK_FILE}
    assert {path.name for path in tmp_path.iterdir()} == {"data", "backup"}, "nothing else is left"
    told, aside = restore(file, tmp_path / "restored" / "deep")
    assert (told, aside) == (contents, None)
    assert texts_in(tmp_path / "restored" / "deep") == texts_in(data)
    assert not faults(tmp_path / "restored" / "deep")
    store = FeedbackStore(tmp_path / "restored" / "deep")
    assert store.count() == 1
    store.close()


def test_the_commands_say_what_they_did(data: Path, tmp_path: Path) -> None:
    file, run = tmp_path / "backup", CliRunner().invoke
    made = run(app, ["backup", str(file), "--data", str(data)])
    assert (made.exit_code, "2 documents, 2 passages" in made.stdout, "MB" in made.stdout) == (0, True, True)
    again = run(app, ["backup", str(file), "--data", str(data)])
    assert isinstance(again.exception, WouldOverwrite)
    assert run(app, ["backup", str(file), "--data", str(data), "--force"]).exit_code == 0
    assert isinstance(run(app, ["restore", str(file), "--data", str(data)]).exception, WouldOverwrite)
    restored = run(app, ["restore", str(file), "--data", str(data), "--force"])
    assert (restored.exit_code, "before-restore-" in restored.stdout) == (0, True)
    (data / FEEDBACK_FILE).write_bytes(b"garbage" * 1_000)
    partly = run(app, ["backup", str(file), "--data", str(data), "--force"])
    assert (partly.exit_code, FEEDBACK_FILE in partly.output) == (1, True)


def test_backups_of_a_catalogue_that_others_write_to_are_each_of_one_moment(data: Path, tmp_path: Path) -> None:
    enough = PROCESSES.Event()
    writers = [PROCESSES.Process(target=write_until, args=(data, enough)) for _ in range(2)]
    for writer in writers:
        writer.start()
    before = 0
    try:
        for number in range(5):
            contents = back_up(data, tmp_path / f"{number}.backup", [FEEDBACK_FILE])
            assert contents.documents >= 2
            before = contents.documents
    finally:
        enough.set()
        for writer in writers:
            writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    restore(tmp_path / "4.backup", tmp_path / "restored")
    assert len(texts_in(tmp_path / "restored")) == before
    assert not faults(tmp_path / "restored")


def test_a_served_folder_is_backed_up_and_not_restored_over(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "server-0"
    document = server.add("Ferries", "The ferry leaves at noon.")
    back_up(folder, tmp_path / "backup", [FEEDBACK_FILE])
    server.add("Trains", "The train leaves at two.")
    with pytest.raises(CatalogueInUse, match="stop it first"):
        restore(tmp_path / "backup", folder, overwrite=True)
    assert httpx.get(f"{server.url}/v1/documents").json()["total"] == 2
    httpx.delete(f"{server.url}/v1/documents/{document}").raise_for_status()
    assert not list(folder.glob("before-restore-*"))


def test_a_file_that_takes_the_place_of_a_served_one_is_not_written_to(server: Server, tmp_path: Path) -> None:
    server.add("Ferries", "The ferry leaves at noon.")
    back_up(tmp_path / "server-0", tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / CATALOGUE_FILE).replace(tmp_path / "server-0" / CATALOGUE_FILE)
    refused = httpx.post(f"{server.url}/v1/documents", json={"title": "New", "text": "Anything else."})
    assert_problem(refused, 503, "moved, deleted or replaced")


def test_what_was_there_is_moved_aside(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "backup", [FEEDBACK_FILE])
    fill(data, ["A later one."])
    with pytest.raises(WouldOverwrite, match="force"):
        restore(tmp_path / "backup", data)
    assert len(texts_in(data)) == 3
    _, aside = restore(tmp_path / "backup", data, overwrite=True)
    assert aside is not None
    assert (len(texts_in(data)), len(texts_in(aside))) == (2, 3)
    assert not faults(data)


def test_a_damaged_catalogue_is_replaced_and_kept(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "backup", [FEEDBACK_FILE])
    (data / CATALOGUE_FILE).write_bytes(b"garbage" * 1_000)
    _, aside = restore(tmp_path / "backup", data, overwrite=True)
    assert aside is not None
    assert (aside / CATALOGUE_FILE).read_bytes() == b"garbage" * 1_000
    assert len(texts_in(data)) == 2


def test_an_empty_folder_or_file_is_no_index_and_a_place_to_restore_to(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "backup")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / CATALOGUE_FILE).touch()
    with pytest.raises(CatalogueUnusable):
        back_up(tmp_path / "new", tmp_path / "no")
    with pytest.raises(CatalogueUnusable, match="nothing is indexed"):
        back_up(tmp_path, tmp_path / "no")
    restore(tmp_path / "backup", tmp_path / "new")
    assert len(texts_in(tmp_path / "new")) == 2


def test_no_backup_is_made_of_a_damaged_catalogue(data: Path, tmp_path: Path) -> None:
    with sqlite3.connect(data / CATALOGUE_FILE) as db:
        db.execute("UPDATE documents SET text = text || 'x'")
    db.close()
    (tmp_path / "backup").write_bytes(b"the one before")
    with pytest.raises(CatalogueUnusable, match="doctor"):
        back_up(data, tmp_path / "backup", overwrite=True)
    assert (tmp_path / "backup").read_bytes() == b"the one before"


def flipped(file: Path, rng: random.Random) -> None:
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


def cut(file: Path, rng: random.Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: rng.randrange(len(content))])


@pytest.mark.parametrize("damage", [flipped, cut])
@pytest.mark.parametrize("seed", range(25))
def test_a_damaged_backup_is_refused_or_restored_right(
    data: Path, tmp_path: Path, damage: Callable[[Path, random.Random], None], seed: int
) -> None:
    file, before = tmp_path / "backup", texts_in(data)
    back_up(data, file, [FEEDBACK_FILE])
    damage(file, random.Random(seed))
    there = {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()}
    try:
        restore(file, data, overwrite=True)
    except (BackupUnusable, CatalogueTooNew):
        assert {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()} == there
        return
    # what was hit says nothing of the contents: the date, or the padding of the zip
    assert texts_in(data) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", "[]"),
        ("manifest.json", '{"format": 2}'),
        ("manifest.json", '{"format": 1, "files": {"../../evil.sqlite3": "x", "catalogue.sqlite3": "x"}}'),
        ("manifest.json", "{" * 200_000),
        ("other", "x"),
    ],
)
def test_what_is_no_backup_is_refused(tmp_path: Path, name: str, content: str) -> None:
    with zipfile.ZipFile(tmp_path / "file", "w") as archive:
        archive.writestr(name, content)
    with pytest.raises(BackupUnusable):
        restore(tmp_path / "file", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_files_of_later_versions_and_names_outside_are_refused(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "backup")
    with zipfile.ZipFile(tmp_path / "backup") as archive:
        manifest, catalogue = archive.read("manifest.json").decode(), archive.read(CATALOGUE_FILE)

    def changed(old: str, new: str) -> Path:
        assert old in manifest
        with zipfile.ZipFile(tmp_path / "changed", "w") as archive:
            archive.writestr("manifest.json", manifest.replace(old, new))
            archive.writestr(CATALOGUE_FILE, catalogue)
            archive.writestr("../evil.sqlite3", catalogue)
        return tmp_path / "changed"

    with pytest.raises(CatalogueTooNew):
        restore(changed(f'"schema": {SCHEMA_VERSION}', '"schema": 99'), tmp_path / "new")
    with pytest.raises(BackupUnusable, match="do not belong"):
        restore(changed(f'"{CATALOGUE_FILE}"', f'"../evil.sqlite3": "", "{CATALOGUE_FILE}"'), tmp_path / "new")
    with pytest.raises(BackupUnusable, match="instead of 7"):
        restore(changed('"documents": 2', '"documents": 7'), tmp_path / "new")
    assert not (tmp_path / "new" / CATALOGUE_FILE).exists()


def test_a_full_disk_is_told_and_leaves_nothing(data: Path, tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(b"the one before")
    with full_disk(room=20_000), pytest.raises(BackupUnusable, match="no room"):
        back_up(data, tmp_path / "backup", overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "backup"}
    assert (tmp_path / "backup").read_bytes() == b"the one before"
    back_up(data, tmp_path / "backup", overwrite=True)
    there = {path.name for path in data.iterdir() if not path.name.startswith("vectors-")}
    with full_disk(room=20_000), pytest.raises(CatalogueError, match="free some space"):
        restore(tmp_path / "backup", data, overwrite=True)
    assert {path.name for path in data.iterdir()} >= there
    assert len(texts_in(data)) == 2
    with pytest.raises(BackupUnusable, match="No such file"):
        back_up(data, tmp_path / "no" / "folder" / "backup")


def test_a_folder_that_may_only_be_read_can_be_backed_up(readable: Path) -> None:  # noqa: F811
    file = readable.parent / "out" / "backup"
    file.parent.mkdir(mode=0o777)
    file.parent.chmod(0o777)
    with may_only_read(readable):
        assert back_up(readable, file).documents == 1


def test_killed_while_it_restores_the_old_one_or_the_new_one_is_there(data: Path, tmp_path: Path) -> None:
    """At each step that changes a name, by turns: what a start finds then is one of the two, whole."""
    back_up(data, tmp_path / "backup", [FEEDBACK_FILE])
    fill(data, ["A later one."])
    for at in range(1, 12):
        folder = tmp_path / f"killed-{at}"
        shutil.copytree(data, folder)
        process = PROCESSES.Process(target=restore_and_die, args=(tmp_path / "backup", folder, at))
        process.start()
        process.join()
        assert len(texts_in(folder)) in (2, 3)
        assert not faults(folder)

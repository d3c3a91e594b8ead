"""Documents follow their files: whatever is done to a folder, a sync leaves exactly what is in it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import zipfile
from email.message import EmailMessage
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.ingestion.added import Added
from index.ingestion.build import ingest
from index.parsing import NamedFile
from index.parsing.isolated import Parser
from index.passage_index import PassageIndex
from index.store import files
from index.store.files import sha256_of
from tests.crash.folder import PROCESSES
from tests.fakes import BagOfWordsEmbedder

NAMES = ["a.txt", "b.md", "sub/a.txt", "sub/c.txt", "z.zip"]
TEXTS = ["The ferry.", "The mill.", "The boat story.", "The elm."]

steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(NAMES), st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2)),
        st.tuples(st.just("move"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
        st.tuples(st.just("swap"), st.sampled_from(NAMES[:4]), st.sampled_from(NAMES[:4])),
        st.tuples(st.just("delete"), st.sampled_from(NAMES), st.none()),
        st.tuples(st.just("sync"), st.booleans(), st.none()),
    ),
    max_size=12,
)


def write(path: Path, texts: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".zip":
        path.write_text(texts[0])
        return
    with zipfile.ZipFile(path, "w") as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number}.txt", text)


def do(folder: Path, step: str, one: str, other: object) -> None:
    path = folder / one
    if step == "write":
        assert isinstance(other, list)
        write(path, other)
    elif step == "delete":
        path.unlink(missing_ok=True)
    elif path.exists() and path.suffix == Path(str(other)).suffix:
        target = folder / str(other)
        target.parent.mkdir(exist_ok=True)
        if step == "swap" and target.exists():
            one_text, other_text = path.read_text(), target.read_text()
            path.write_text(other_text)
            target.write_text(one_text)
        elif step == "move":
            path.replace(target)


def content(folder: Path) -> dict[str, set[str]]:
    """Each text in the folder, with all places that it is at."""
    there: dict[str, set[str]] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for member in archive.namelist():
                    there.setdefault(archive.read(member).decode(), set()).add(f"{name}/{member}")
        elif path.is_file():
            there.setdefault(path.read_text(), set()).add(name)
    return there


def stored(index: PassageIndex) -> dict[str, set[str]]:
    documents = [(index.with_text(document.id)[1], document) for document in index.documents()]
    assert len(documents) == len({text for text, _ in documents})
    assert all(document.source in (*document.sources, "") for _, document in documents)
    return {text: set(document.sources) for text, document in documents}


def whole(index: PassageIndex) -> None:
    """Both searches hold the passages of the documents, no more and no less."""
    keys = index.keys_of([document.id for document in index.documents()]).tolist()
    assert index.word_keys().tolist() == index.vector_keys().tolist() == keys


def synced(index: PassageIndex, folder: Path, parser: Parser, *, sync: bool = True) -> list[Added]:
    return list(ingest(index, [folder], parser, sync=sync))


@settings(max_examples=25)
@given(steps)
def test_after_a_sync_the_index_holds_exactly_what_the_folder_does(
    tmp_path_factory: pytest.TempPathFactory, parser: Parser, done: list[tuple[str, str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    write(folder / "always.txt", ["The folder is not empty."])
    with PassageIndex(tmp_path_factory.mktemp("data"), BagOfWordsEmbedder()) as index:
        sent, _ = index.add(DocumentDraft("", "Sent, and no file."))
        for step, one, other in done:
            if step == "sync":
                synced(index, folder, parser, sync=bool(one))
            else:
                do(folder, step, one, other)
        synced(index, folder, parser)
        assert stored(index) == content(folder) | {"Sent, and no file.": set()}
        whole(index)
        again = synced(index, folder, parser)
        assert {outcome.state for outcome in again} <= {"known"}
        index.delete(sent.id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    for name, text in (("a.txt", "The ferry."), ("b.txt", "The mill.")):
        write(made / name, [text])
    return made


def states(outcomes: list[Added]) -> dict[str, str | None]:
    return {outcome.path.name: outcome.state for outcome in outcomes if outcome.path}


def test_what_became_of_each_file_is_told(index: PassageIndex, folder: Path, parser: Parser) -> None:
    assert states(synced(index, folder, parser)) == {"a.txt": "new", "b.txt": "new"}
    before = {document.source: document for document in index.documents()}
    index.shelves.change(before["a.txt"].id, collections=["c"], metadata={"year": 1})
    write(folder / "a.txt", ["The ferry is late."])
    (folder / "b.txt").rename(folder / "c.txt")
    assert states(synced(index, folder, parser)) == {"a.txt": "replaced", "c.txt": "known", "b.txt": "removed"}
    after = {document.source: document for document in index.documents()}
    assert {source: document.id for source, document in after.items()} == {
        "a.txt": before["a.txt"].id,
        "c.txt": before["b.txt"].id,
    }
    assert (after["a.txt"].collections, after["a.txt"].metadata) == (("c",), {"year": 1})
    assert after["a.txt"].changed_at is not None


def test_what_is_known_of_a_text_goes_along_with_it(index: PassageIndex, folder: Path, parser: Parser) -> None:
    synced(index, folder, parser)
    for document in index.documents():
        index.shelves.change(document.id, metadata={"was": document.source})
    do(folder, "swap", "a.txt", "b.txt")
    synced(index, folder, parser)
    assert {document.source: document.metadata for document in index.documents()} == {
        "a.txt": {"was": "b.txt"},
        "b.txt": {"was": "a.txt"},
    }


def test_a_file_is_hashed_again_only_when_it_changed(
    index: PassageIndex, folder: Path, parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    def hashing(path: Path) -> str:
        hashed.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(files, "sha256_of", hashing)
    monkeypatch.setattr(files, "SETTLED_NANOSECONDS", 0)
    for _ in range(2):
        synced(index, folder, parser)
    assert hashed == ["a.txt", "b.txt"]
    write(folder / "b.txt", ["The mint."])
    assert states(synced(index, folder, parser)) == {"a.txt": "known", "b.txt": "replaced"}
    assert hashed == ["a.txt", "b.txt", "b.txt"]
    monkeypatch.undo()
    for text in ("The fort.", "The hill.", "The moor."):
        write(folder / "b.txt", [text])
        synced(index, folder, parser)
        assert text in stored(index), "what has just changed may change again within the same tick of the clock"


def test_without_sync_nothing_is_removed(index: PassageIndex, folder: Path, parser: Parser) -> None:
    synced(index, folder, parser)
    (folder / "b.txt").unlink()
    assert states(synced(index, folder, parser, sync=False)) == {"a.txt": "known"}
    assert len(stored(index)) == 2


def test_other_folders_are_left_alone(index: PassageIndex, folder: Path, parser: Parser, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "files2")
    write(tmp_path / "files2" / "c.txt", ["The elm."])
    synced(index, folder, parser)
    synced(index, tmp_path / "files2", parser)
    shutil.rmtree(folder)
    write(folder / "d.txt", ["The boat."])
    assert states(synced(index, folder, parser)) == {"d.txt": "new", "a.txt": "removed", "b.txt": "removed"}
    there = {"The boat.", "The ferry.", "The mill.", "The elm."}
    assert stored(index).keys() == there, "the other folder has them too"


def test_a_file_that_cannot_be_read_any_more_keeps_what_it_was(
    index: PassageIndex, folder: Path, parser: Parser
) -> None:
    synced(index, folder, parser)
    (folder / "a.txt").write_bytes(b"\0\1\2\3" * 100)
    failed = [outcome for outcome in synced(index, folder, parser) if outcome.error is not None]
    assert [outcome.path for outcome in failed] == [folder / "a.txt"]
    assert "The ferry." in stored(index)


def test_what_a_group_sent_stays_when_a_file_of_the_same_name_goes(
    index: PassageIndex, folder: Path, parser: Parser
) -> None:
    sent, _ = index.add(DocumentDraft("", "The ferry.", "a.txt", collections=frozenset(["alpha"])))
    assert states(synced(index, folder, parser))["a.txt"] == "known"
    (folder / "a.txt").unlink()
    assert states(synced(index, folder, parser)) == {"b.txt": "known", "a.txt": "removed"}
    assert index.document(sent.id).sources == ("a.txt",)


def test_what_is_attached_to_a_mail_stays_with_it(index: PassageIndex, tmp_path: Path, parser: Parser) -> None:
    mail = EmailMessage()
    mail["Subject"] = "A letter"
    mail.set_content("It is short.")
    mail.add_attachment(b"The ferry.", "text", "plain", filename="a.txt")
    (tmp_path / "LETTER.EML").write_bytes(mail.as_bytes())
    for _ in range(2):
        outcomes = synced(index, tmp_path / "LETTER.EML", parser)
        assert [outcome.path.name for outcome in outcomes if outcome.path] == ["LETTER.EML", "a.txt"]
        assert "removed" not in states(outcomes).values()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_files_of_one_name_are_all_kept(index: PassageIndex, folder: Path, parser: Parser) -> None:
    mail = EmailMessage()
    mail["Subject"] = "A letter"
    mail.set_content("It is short.")
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        for text in ("The elm.", "The oak."):
            mail.add_attachment(text.encode(), "text", "plain", filename="x.txt")
            archive.writestr("x.txt", f"{text} Zipped.")
    (folder / "m.eml").write_bytes(mail.as_bytes())
    for state in ("new", "known"):
        assert {outcome.state for outcome in synced(index, folder, parser)} == {state}
        sources = {text: source for text, (source,) in stored(index).items()}
        assert sources["The elm."] == "m.eml/x.txt"
        assert sources["The oak."] == "m.eml/x (2).txt"
        assert sources["The elm. Zipped."] == "z.zip/x.txt"
        assert sources["The oak. Zipped."] == "z.zip/x (2).txt"


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_that_is_not_mounted_takes_nothing_away(
    index: PassageIndex, folder: Path, parser: Parser, tmp_path: Path, *, exists: bool
) -> None:
    synced(index, folder, parser)
    before = stored(index)
    folder.rename(tmp_path / "elsewhere")
    if exists:
        folder.mkdir()
    (outcome,) = synced(index, folder, parser)
    assert (outcome.path, outcome.state) == (folder, None)
    assert outcome.error is not None
    assert stored(index) == before
    (tmp_path / "elsewhere" / "a.txt").unlink()
    shutil.copytree(tmp_path / "elsewhere", folder, dirs_exist_ok=True)
    assert states(synced(index, folder, parser)) == {"b.txt": "known", "a.txt": "removed"}


def test_what_a_folder_does_not_list_but_holds_stays(
    index: PassageIndex, folder: Path, parser: Parser, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "linked.zip", ["The oak."])
    write(elsewhere / "linked.txt", ["The beech."])
    write(folder / ".hidden.txt", ["The elm."])
    (folder / "link").symlink_to(elsewhere)
    (folder / "file.txt").symlink_to(elsewhere / "linked.txt")
    list(ingest(index, [folder, folder / "link", folder / ".hidden.txt"], parser))
    before = stored(index)
    assert states(synced(index, folder, parser)) == {"a.txt": "known", "b.txt": "known", "file.txt": "known"}
    elsewhere.rename(tmp_path / "unmounted")
    assert states(synced(index, folder, parser)) == {"a.txt": "known", "b.txt": "known"}
    assert stored(index) == before
    (folder / "link").unlink()
    gone = {outcome.path for outcome in synced(index, folder, parser) if outcome.state == "removed"}
    assert gone == {folder / "link" / "linked.txt", folder / "link" / "linked.zip" / "0.txt"}


def test_what_is_in_a_folder_that_may_not_be_looked_into_stays(
    index: PassageIndex, folder: Path, parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "sub" / "c.txt", ["The oak."])
    synced(index, folder, parser)
    before, look = stored(index), Path.lstat

    def lstat(path: Path) -> os.stat_result:
        if path.name == "c.txt":
            raise PermissionError
        return look(path)

    listed = [NamedFile(folder / name, name) for name in ("a.txt", "b.txt")]
    monkeypatch.setattr("index.parsing.named_files", lambda _: listed)
    monkeypatch.setattr(Path, "lstat", lstat)
    assert "removed" not in states(synced(index, folder, parser)).values()
    assert stored(index) == before


def test_large_files_keep_no_small_one_waiting(index: PassageIndex, folder: Path, parser: Parser) -> None:
    write(folder / "0.txt", ["The long story. " * 100_000])
    told: list[tuple[int, int]] = []
    outcomes = ingest(index, [folder], parser, lambda *step: told.append(step))
    names = [outcome.path.name for outcome in outcomes if outcome.path]
    assert names == ["a.txt", "b.txt", "0.txt"]
    assert told[0] == (0, 1_600_019)
    assert told[-1] == (1_600_019, 1_600_019)


def dying(folder: Path, data: Path, calls: int) -> None:
    """A sync in a process that is killed at its ``calls``-th call."""
    with PassageIndex(data, BagOfWordsEmbedder()) as index, Parser() as parser:
        left = calls

        def count(frame: FrameType, event: str, argument: object) -> None:
            nonlocal left
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        list(ingest(index, [folder], parser, sync=True))
        sys.setprofile(None)


def test_a_killed_sync_leaves_each_text_whole_and_the_next_one_ends_it(tmp_path: Path, parser: Parser) -> None:
    draw = random.Random(7)
    folder, data = tmp_path / "files", tmp_path / "data"
    write(folder / "always.txt", ["The folder is not empty."])
    killed = 0
    ever: set[str] = set()
    for _ in range(12):
        for _ in range(4):
            name = draw.choice(NAMES[:4])
            text = f"The story {draw.randrange(6)}."
            do(
                folder,
                *draw.choice([("write", name, [text]), ("move", name, draw.choice(NAMES[:4])), ("delete", name, None)]),
            )
        ever |= content(folder).keys()
        process = PROCESSES.Process(target=dying, args=(folder, data, int(10 ** draw.uniform(2, 4.3))))
        process.start()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        assert process.exitcode in (0, -signal.SIGKILL)
        with PassageIndex(data, BagOfWordsEmbedder()) as index:
            whole(index)
            assert stored(index).keys() <= ever
            synced(index, folder, parser)
            assert stored(index) == content(folder)
    assert killed > 0

"""The files that documents were read from: kept with them, and gone with the last of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.errors import DuplicateDocument, OriginalNotKept, QuotaExceeded
from index.ingestion.build import ingest
from index.parsing.isolated import Parser
from index.passage_index import PassageIndex
from index.store.catalogue.quota import Quota
from index.store.originals.in_folder import Originals, media_type, remove_abandoned
from index.upkeep.backup import back_up, restore
from index.upkeep.doctor import examine, mend
from tests.fakes import BagOfWordsEmbedder
from tests.samples.files import zip_of


def kept(folder: Path) -> list[bytes]:
    """What lies in the folder, without what came in and is not stored."""
    return sorted(path.read_bytes() for path in (folder / "originals").rglob("*") if path.is_file())


def put_in(index: PassageIndex, text: str, data: bytes, name: str = "a.txt") -> str:
    with index.incoming() as incoming:
        return index.add(incoming.keep(DocumentDraft("", text, name), data))[0].id


def test_a_file_is_kept_as_it_was_put_in(index: PassageIndex) -> None:
    document = index.document(put_in(index, "The ferry.", b"The\xa0ferry.", "a.zip/notes/Fähre.docx"))
    original, path = index.original(document.id)
    assert document.original == original
    assert (original.name, original.size, path.read_bytes()) == ("Fähre.docx", 10, b"The\xa0ferry.")
    assert original.media_type == "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert kept(index.folder) == [b"The\xa0ferry."]
    assert not list(index.folder.glob("originals/incoming-*"))


def test_a_text_has_no_original(index: PassageIndex) -> None:
    document, _ = index.add(DocumentDraft("", "The ferry."))
    assert document.original is None
    with pytest.raises(OriginalNotKept):
        index.original(document.id)
    assert not (index.folder / "originals").exists()


def test_a_text_that_is_put_in_again_as_a_file_gets_it(index: PassageIndex) -> None:
    document, _ = index.add(DocumentDraft("", "The ferry."))
    assert put_in(index, "The ferry.", b"first") == document.id
    assert put_in(index, "The ferry.", b"second") == document.id
    assert index.original(document.id)[1].read_bytes() == b"first"
    assert kept(index.folder) == [b"first"]


@pytest.mark.parametrize(
    "change", [PassageIndex.delete, lambda index, of: index.replace(of, DocumentDraft("", "New."))]
)
def test_a_file_goes_with_its_last_document(index: PassageIndex, change: Callable[[PassageIndex, str], object]) -> None:
    first, second = put_in(index, "The ferry.", b"one file"), put_in(index, "The train.", b"one file")
    other = put_in(index, "The boat.", b"another")
    assert kept(index.folder) == [b"another", b"one file"]
    change(index, first)
    assert kept(index.folder) == [b"another", b"one file"]
    index.delete(second)
    assert kept(index.folder) == [b"another"]
    assert index.original(other)[1].read_bytes() == b"another"


def test_a_document_that_is_replaced_may_keep_its_file(index: PassageIndex) -> None:
    document = put_in(index, "The ferry.", b"file")
    index.replace(document, DocumentDraft("", "Read anew.", original=index.document(document).original))
    assert index.original(document)[1].read_bytes() == b"file"


def test_what_is_not_stored_is_not_kept(index: PassageIndex) -> None:
    first, second = put_in(index, "The ferry.", b"one"), put_in(index, "The train.", b"two")
    with index.incoming() as incoming, pytest.raises(DuplicateDocument):
        index.replace(second, incoming.keep(DocumentDraft("", "The ferry.", "a.txt"), b"three"))
    index._catalogue.quota = Quota(documents=2)
    with pytest.raises(QuotaExceeded):
        put_in(index, "The boat.", b"four")
    with index.incoming() as incoming:
        incoming.keep(DocumentDraft("", "Nobody stores it.", "a.txt"), b"five")
    assert kept(index.folder) == [b"one", b"two"]
    assert index.original(first)[1].read_bytes() == b"one"


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_keeps_is_not(index: PassageIndex) -> None:
    dead = index.folder / "originals" / "incoming-dead"
    dead.mkdir(parents=True)
    with index.incoming() as incoming:
        draft = incoming.keep(DocumentDraft("", "The ferry.", "a.txt"), b"file")
        assert draft.incoming is not None
        for folder in (dead, draft.incoming.parent):
            os.utime(folder, (0, 0))
        remove_abandoned(index.folder / "originals")
        assert not dead.exists()
        index.add(draft)
    assert kept(index.folder) == [b"file"]


def test_a_deletion_that_broke_off_is_finished_by_the_next_change(
    index: PassageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = put_in(index, "The ferry.", b"file")
    monkeypatch.setattr(index._catalogue, "_erase", lambda: None)
    index.delete(document)
    assert kept(index.folder) == [b"file"]
    with PassageIndex(index.folder, BagOfWordsEmbedder()) as again:
        again.add(DocumentDraft("", "Another."))
    assert kept(index.folder) == []


def findings(folder: Path) -> dict[str, tuple[str, str]]:
    return {f.check: (f.severity, f.says) for f in examine(folder, BagOfWordsEmbedder())}


def test_the_doctor_names_what_is_missing_and_removes_what_is_of_no_use(index: PassageIndex) -> None:
    put_in(index, "The ferry.", b"file")
    whole = put_in(index, "The train.", b"whole")
    assert findings(index.folder)["originals"] == ("fine", "all 2 kept files are as they were put in")
    stray = index.folder / "originals" / "ab" / ("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"stray")
    assert findings(index.folder)["originals"] == (
        "warning",
        "1 files belong to no document, as after a process was killed",
    )
    index.original(whole)[1].write_bytes(b"damaged")
    assert findings(index.folder)["originals"][0] == "fault"
    assert "1 files that no document refers to were removed" in mend(index.folder, None)
    assert kept(index.folder) == [b"damaged", b"file"]


def test_backups_hold_the_files_and_restoring_moves_those_that_were_there_aside(
    index: PassageIndex, tmp_path: Path
) -> None:
    first = put_in(index, "The ferry.", b"file")
    backup = tmp_path / "backup"
    assert back_up(index.folder, backup).originals == 1
    put_in(index, "The train.", b"later")
    index.close()
    _, aside = restore(backup, index.folder, overwrite=True)
    assert aside is not None
    assert (kept(index.folder), kept(aside)) == ([b"file"], [b"file", b"later"])
    with PassageIndex(index.folder, BagOfWordsEmbedder()) as restored:
        assert restored.original(first)[1].read_bytes() == b"file"
    assert findings(index.folder)["originals"][0] == "fine"


def test_a_backup_says_what_it_could_not_hold(index: PassageIndex, tmp_path: Path) -> None:
    index.original(put_in(index, "The ferry.", b"file"))[1].unlink()
    contents = back_up(index.folder, tmp_path / "backup")
    assert (contents.originals, contents.left_out) == (0, {"originals": "1 files are missing or damaged"})


def test_files_of_folders_and_archives_are_kept_up_to_the_limit(index: PassageIndex, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("The ferry.")
    (tmp_path / "in" / "b.zip").write_bytes(zip_of({"deep/c.md": b"# Train", "d.txt": b"The boat." * 100}))
    with Parser(max_original=100) as parser:
        added = list(ingest(index, [tmp_path / "in"], parser))
    originals = [one.document and one.document.original for one in added]
    assert [original and original.name for original in originals] == ["a.txt", "c.md", None]
    assert added[2].notes == ("the file itself was not kept: it has 900 bytes, and the limit is 100",)
    assert kept(index.folder) == [b"# Train", b"The ferry."]


def test_nothing_is_kept_where_the_limit_is_0(index: PassageIndex, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The ferry.")
    with Parser(max_original=0) as parser:
        (added,) = ingest(index, [tmp_path / "a.txt"], parser)
    assert added.document is not None
    assert (added.document.original, added.notes) == (None, ())
    assert not (index.folder / "originals").exists()


@given(st.text(max_size=20))
def test_every_name_has_a_media_type(name: str) -> None:
    assert "/" in media_type(name)


def test_media_types_do_not_depend_on_the_machine() -> None:
    assert [media_type(name) for name in ("a.PDF", "a.md", "a", "a.qmd")] == [
        "application/pdf",
        "text/markdown",
        "application/octet-stream",
        "application/octet-stream",
    ]
    assert Originals(Path("data")).path("abcd") == Path("data/originals/ab/abcd")

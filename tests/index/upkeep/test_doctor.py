from __future__ import annotations

import shutil
import sqlite3
from collections import namedtuple
from pathlib import Path

import pytest

from index.documents import DocumentDraft
from index.errors import CatalogueUnusable
from index.passage_index import PassageIndex
from index.upkeep.doctor import examine, mend
from index.upkeep.finding import Finding
from index.vectors.vector_rule import VectorRule
from tests.fakes import BagOfWordsEmbedder
from tests.samples.words_of import say_otherwise

TEXT = " ".join(f"Sentence number {n} of this story." for n in range(30))


class OtherEmbedder(BagOfWordsEmbedder):
    fingerprint = "other@1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of two documents, with a snapshot."""
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        index.add(DocumentDraft("a", TEXT))
        index.add(DocumentDraft("b", "The ferry leaves at noon."))
    return tmp_path


def faults(folder: Path) -> dict[str, str]:
    return {f.check: f.says for f in examine(folder, BagOfWordsEmbedder()) if f.severity == "fault"}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def change(folder: Path, *statements: str) -> None:
    db = sqlite3.connect(folder / "catalogue.sqlite3", isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


@pytest.mark.parametrize("rule", [VectorRule(), VectorRule("ivf-sq8", train_from=4)])
def test_an_index_in_order_is_found_in_order_and_left_as_it_was(folder: Path, rule: VectorRule) -> None:
    before = contents(folder)
    findings = list(examine(folder, BagOfWordsEmbedder(), rule))
    assert {finding.severity for finding in findings} == {"fine"}, findings
    assert [f.check for f in findings] == [
        *("disk", "catalogue", "schema", "documents", "originals", "words", "snapshot", "vectors"),
    ]
    assert not any(finding.mend for finding in findings)
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("statements", "check", "says"),
    [
        (["UPDATE documents SET text = text || 'x'"], "documents", "2 of 2 are not whole"),
        (["UPDATE documents SET text = ''"], "documents", "no text in it"),
        (["UPDATE documents SET passages = 99 WHERE title = 'a'"], "documents", "instead of 99"),
        (["UPDATE passages SET start = start + 1, end = end + 1 WHERE key = 1"], "documents", "is not that range"),
        (
            ["UPDATE passages SET start = start + 9, text = substr(text, 10) WHERE key = 1"],
            "documents",
            "no passage holds its characters 0-9",
        ),
        (["UPDATE passages SET text = 'other' WHERE key = 1"], "words", "not that of the passages"),
        (["UPDATE passages SET vector = zeroblob(8) WHERE key = 2"], "vectors", "1 stored vectors are damaged"),
        (
            ["DROP TRIGGER passage_removed", "DELETE FROM passages WHERE key = 2"],
            "words",
            "not that of the passages",
        ),
        (
            ["DROP TRIGGER passage_removed", "DELETE FROM passages WHERE key = 2"],
            "vectors",
            "the catalogue",
        ),
        (
            ["UPDATE passages SET vector = (SELECT vector FROM passages WHERE key = 1) WHERE key > 2"],
            "vectors",
            "are not those of their texts",
        ),
    ],
)
def test_what_is_wrong_in_the_catalogue_is_named(folder: Path, statements: list[str], check: str, says: str) -> None:
    change(folder, *statements)
    assert says in faults(folder)[check]


def test_a_damaged_file_is_named_and_nothing_else_is_guessed(folder: Path) -> None:
    path = folder / "catalogue.sqlite3"
    data = bytearray(path.read_bytes())
    data[3 * 4096 : 9 * 4096] = b"\xff" * (6 * 4096)
    path.write_bytes(data)
    assert "catalogue" in faults(folder)
    path.write_bytes(b"not a database, and long enough to be looked at " * 50)
    assert list(faults(folder)) == ["catalogue"]


def test_a_snapshot_that_is_not_the_one_that_was_written_is_named_and_mended(folder: Path) -> None:
    (snapshot,) = folder.glob("*.faiss")
    snapshot.write_bytes(snapshot.read_bytes()[:-1] + b"x")
    assert "is not the file" in faults(folder)["snapshot"]
    (folder / "vectors-x-1.7.unfinished").touch()
    say_otherwise(folder, 1)
    assert set(faults(folder)) == {"snapshot", "words"}
    assert len(mend(folder, BagOfWordsEmbedder())) == 2
    assert not faults(folder)
    assert not list(folder.glob("vectors-*"))


def test_what_a_broken_off_snapshot_left_is_a_warning(folder: Path) -> None:
    (folder / "vectors-x-1.7.unfinished").touch()
    warnings = [finding for finding in examine(folder, BagOfWordsEmbedder()) if finding.severity == "warning"]
    assert [(finding.check, finding.mend) for finding in warnings] == [("snapshot", "run `sourcespan doctor --mend`")]


def test_another_embedder_and_a_missing_one_are_told(folder: Path) -> None:
    *_, other = examine(folder, OtherEmbedder())
    assert (other.severity, "bag-of-words@1, not other@1" in other.says) == ("fault", True)
    *_, missing = examine(folder, None)
    assert (missing.severity, "bag-of-words@1" in missing.says) == ("warning", True)


def test_a_later_schema_is_left_alone(folder: Path) -> None:
    change(folder, "PRAGMA user_version = 99")
    *_, last = examine(folder, BagOfWordsEmbedder())
    assert (last.check, last.severity, last.mend) == ("schema", "fault", "use a newer Sourcespan")


def test_an_empty_folder_is_no_fault_and_nothing_is_made_in_it(tmp_path: Path) -> None:
    (finding,) = examine(tmp_path, BagOfWordsEmbedder())
    assert finding == Finding("catalogue", "warning", f"nothing is indexed in {tmp_path} yet", finding.mend)
    with pytest.raises(CatalogueUnusable, match="nothing is indexed"):
        mend(tmp_path, None)
    assert not list(tmp_path.iterdir())


def test_too_little_free_space_is_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12, 10**6))
    disk = next(examine(folder, BagOfWordsEmbedder()))
    assert (disk.check, disk.severity) == ("disk", "warning")

"""What the word index does when its files, its catalogue or other processes are not as it left them."""

from __future__ import annotations

import fcntl
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.documents import Document, DocumentDraft
from index.errors import WordIndexUnusable
from index.passage_index import PassageIndex
from index.store.catalogue.history import Position
from index.words import committed, in_step
from index.words.word_index import WordIndex
from tests.fakes import BagOfWordsEmbedder
from tests.samples.hits import passages_of
from tests.samples.older import make_older

TEXTS = [f"The ferry number {n} leaves at noon." for n in range(12)]


def opened(folder: Path) -> PassageIndex:
    return PassageIndex(folder, BagOfWordsEmbedder())


def add(index: PassageIndex, *texts: str) -> list[Document]:
    return [index.add(DocumentDraft("", text))[0] for text in texts]


def found(index: PassageIndex, question: str = "ferry") -> list[str]:
    return sorted(passage.text for passage in passages_of(index, index.search_lexical(question, 100)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of some documents, of which one is gone again."""
    with opened(tmp_path / "data") as index:
        for text in TEXTS[:6]:
            add(index, text)
            assert len(found(index)) == index.count()[0]
        gone = add(index, "The ferry that sank.")[0]
        index.delete(gone.id)
        add(index, *TEXTS[6:])
    return tmp_path / "data"


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted((folder / "words").iterdir()) if path.is_file() and path.stat().st_size)


def test_it_goes_on_from_what_lies_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> WordIndex:
        raise AssertionError("something was written")

    monkeypatch.setattr(WordIndex, "changed", never)
    with opened(folder) as index:
        assert found(index) == sorted(TEXTS)


def test_a_position_is_written_once_for_each_commit_and_before_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def write(folder: Path, number: int, position: Position) -> None:
        written.append(number)
        assert number > committed.commit_number(folder)
        committed.write_position(folder, number, position)

    monkeypatch.setattr("index.words.word_index.write_position", write)
    with opened(folder) as index:
        for n in range(3):  # adding, and making anew
            (document,) = add(index, f"Another ferry {n}.")
            assert f"Another ferry {n}." in found(index)
            index.delete(document.id)
    assert len(written) == 6
    assert written[-1] == committed.commit_number(folder / "words")
    assert [path.name for path in (folder / "words").glob("position-*")] == [f"position-{written[-1]}.json"]


@pytest.mark.parametrize("kind", ["flipped", "cut"])
def test_damaged_files_are_made_anew(folder: Path, tmp_path: Path, kind: str) -> None:
    draw = random.Random(kind)
    for number, name in enumerate([path.name for path in files(folder)]):
        copy = shutil.copytree(folder, tmp_path / f"copy-{number}")
        path = copy / "words" / name
        content = bytearray(path.read_bytes())
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(content if kind == "flipped" else content[: len(content) // 2])
        with opened(copy) as index:
            assert found(index) == sorted(TEXTS), name
            assert found(index, "number 7"), name


@pytest.mark.parametrize("pattern", ["*", "meta.json", "position-*", "*.term", "*.del", ".managed.json", "*.lock"])
def test_missing_files_are_made_anew(folder: Path, pattern: str) -> None:
    for path in (folder / "words").glob(pattern):
        path.unlink()
    with opened(folder) as index:
        assert found(index) == sorted(TEXTS)


def test_of_another_format_it_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committed, "_FORMAT", 99)
    with opened(folder) as index:
        assert found(index) == sorted(TEXTS)
    (path,) = (folder / "words").glob("position-*")
    assert json.loads(path.read_text())["format"] == 99


def test_a_catalogue_that_held_the_words_itself_is_taken_along(folder: Path) -> None:
    in_step.remove_word_index(folder)
    make_older(folder, 6)
    with opened(folder) as index:
        assert found(index) == sorted(TEXTS)
        assert index.word_keys().tolist() == index._catalogue.keys().tolist()


def test_what_another_process_changed_is_found(folder: Path) -> None:
    with opened(folder) as index, opened(folder) as other:
        (document,) = add(other, "A ferry of others.")
        assert "A ferry of others." in found(index)
        other.replace(document.id, DocumentDraft("", "No longer one."))
        assert found(index) == sorted(TEXTS)
        assert found(other) == sorted(TEXTS)
        assert found(index, "longer") == ["No longer one."]


def test_while_another_process_is_at_it_what_was_there_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_step, "_PATIENCE_SECONDS", 0)
    with opened(folder) as index:
        with (folder / "words" / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            add(index, "A ferry that waits.")
            assert found(index) == sorted(TEXTS)
        assert found(index) == sorted([*TEXTS, "A ferry that waits."])


def test_damage_that_a_search_meets_is_made_good(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    search, times = WordIndex.search, []

    def broken(self: WordIndex, *arguments: object) -> object:
        times.append(1)
        if len(times) == 1:
            raise WordIndexUnusable("a block of it cannot be read")
        return search(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(WordIndex, "search", broken)
    with opened(folder) as index:
        assert found(index) == sorted(TEXTS)
    assert "made anew" in caplog.text


def test_many_passages_at_once_are_followed_before_a_search(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_step, "_MOST_WAITING", 3)
    with opened(folder) as index:
        add(index, *(f"Later ferry {n}." for n in range(4)))
        position = WordIndex.open(folder / "words").position
        assert position is not None
        assert index._catalogue.keys().tolist()[-2] == position.added

"""The one door, with everything real but the models."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.documents import DocumentDraft
from index.errors import (
    DocumentNotFound,
    DuplicateDocument,
    EmptyDocument,
    InvalidQuestion,
    MalformedFile,
    ModelNotFound,
    UnsupportedFormat,
)
from index.passage_index import PassageIndex
from rag.config import ModelConfig
from rag.engine import Sourcespan
from rag.models.loading import NoReader
from rag.questions import Question
from tests.conftest import fake_library
from tests.fakes import BagOfWordsEmbedder

FERRY = "The ferry to Oban leaves at noon."


@pytest.fixture
def library(index: PassageIndex) -> Iterator[Sourcespan]:
    with fake_library(index) as opened:
        yield opened


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a text, a file that is no text, and an archive."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.txt").write_text(FERRY)
    (folder / "b.txt").write_bytes(b"\x00\x01\x02")
    with zipfile.ZipFile(folder / "c.zip", "w") as archive:
        archive.writestr("in/d.md", "# Bus\n\nThe bus leaves at nine.")
    return folder


def test_a_text_is_put_in_asked_and_removed(library: Sourcespan) -> None:
    (added,) = library.add(text=FERRY, title="Timetable", source="harbour", metadata={"page": 1})
    document = added.document_or_error()
    assert (added.is_new, added.path, document.title, document.source) == (True, None, "Timetable", "harbour")
    assert document.metadata == {"page": 1}
    assert library.documents() == [document] == [library.document(document.id)]
    result = library.ask("When? «noon»", min_confidence=0)
    (answer,) = result.answers
    text = library.text(document.id)
    assert (answer.text, answer.document, text[answer.span.start : answer.span.end]) == ("noon", document, "noon")
    assert library.search("ferry", mode="lexical").passages[0].passage.text == FERRY
    assert [one.is_new for one in library.add(text=FERRY)] == [False]
    library.remove(document.id)
    assert library.documents() == []
    assert library.ask("When? «noon»").abstained
    with pytest.raises(DocumentNotFound):
        library.text(document.id)


def test_of_several_files_each_has_its_outcome(library: Sourcespan, files: Path) -> None:
    seen: list[tuple[int, int]] = []
    ferry, broken, bus = library.add(str(files), progress=lambda *step: seen.append(step))
    assert [one.path for one in (ferry, broken, bus)] == [files / "a.txt", files / "b.txt", files / "c.zip/in/d.md"]
    assert ferry.document_or_error().source == "a.txt"
    assert bus.document_or_error().title == "Bus"
    assert broken.document is None
    with pytest.raises(MalformedFile):
        broken.document_or_error()
    size = sum(path.stat().st_size for path in files.iterdir())
    assert {total for _, total in seen} == {size}
    assert [one.document for one in library.add_files([files / "a.txt", files / "c.zip"])] == library.documents()


@pytest.mark.parametrize("name", ["b.txt", "missing.txt", "n" * 3_000 + ".txt"])
def test_the_only_file_that_cannot_be_read_is_raised(library: Sourcespan, files: Path, name: str) -> None:
    with pytest.raises(MalformedFile):
        library.add(files / name)


def test_blank_text_and_kinds_that_are_not_read_are_raised(library: Sourcespan, files: Path) -> None:
    with pytest.raises(EmptyDocument):
        library.add(text=" \n")
    (files / "e.exe").write_bytes(b"MZ")
    with pytest.raises(UnsupportedFormat):
        library.add(files / "e.exe")


def test_many_texts_are_put_in_at_once(library: Sourcespan) -> None:
    seen: list[tuple[int, int]] = []
    drafts = [DocumentDraft(f"t{n}", f"The ferry f{n % 3} leaves.") for n in range(4)]
    added = list(library.add_many(drafts, lambda *step: seen.append(step)))
    assert [one.is_new for one in added] == [True, True, True, False]
    assert added[3].document == added[0].document
    assert seen[-1] == (4, 4)


def test_another_text_takes_a_documents_place(library: Sourcespan, files: Path) -> None:
    one, other = (library.add(text=text)[0].document_or_error() for text in (FERRY, "Bread is baked."))
    replaced = library.replace(one.id, text="The ferry sank.", title="News")
    assert (replaced.id, replaced.title, library.text(one.id)) == (one.id, "News", "The ferry sank.")
    library.replace(one.id, files / "a.txt")
    assert library.text(one.id) == FERRY
    with pytest.raises(DuplicateDocument):
        library.replace(one.id, text=library.text(other.id))
    with pytest.raises(DocumentNotFound):
        library.replace("nobody", text="New.")
    for several in (files, files / "c.zip"):
        with pytest.raises(UnsupportedFormat):
            library.replace(one.id, several)


def test_what_does_not_fit_together_is_refused(library: Sourcespan, files: Path) -> None:
    with pytest.raises(TypeError, match="either a document or text="):
        library.add()
    with pytest.raises(TypeError, match="either a document or text="):
        library.add(files, text=FERRY)
    with pytest.raises(TypeError, match="go with text="):
        library.add(files, title="Mine")


def test_what_is_wrong_with_one_question_harms_no_other(library: Sourcespan) -> None:
    library.add(text=FERRY)
    right, wrong, few = library.ask_many(["«noon»?", " ", Question("«Oban»?", n_best=1, min_confidence=0)])
    assert isinstance(wrong, InvalidQuestion)
    assert not isinstance(right, Exception)
    assert not isinstance(few, Exception)
    assert (right.question, [answer.text for answer in few.answers]) == ("«noon»?", ["Oban"])


def test_without_a_reader_documents_are_found_and_no_question_is_answered(index: PassageIndex) -> None:
    with Sourcespan(index, BagOfWordsEmbedder(), NoReader()) as library:
        library.add(text=FERRY)
        assert len(library.search("ferry").passages) == 1
        with pytest.raises(ModelNotFound, match="without loading it"):
            library.ask("When?")


def test_the_self_test_knows_a_reader_that_reads(index: PassageIndex) -> None:
    assert fake_library(index).self_test()
    assert not fake_library(index, self_test_question="What colour is the door?").self_test()


def test_a_model_that_is_not_there_is_known_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="nobody/nothing"):
        Sourcespan.open(tmp_path / "library", ModelConfig(reader="nobody/nothing"))
    assert not (tmp_path / "library").exists()

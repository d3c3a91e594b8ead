"""Documents that an older version read, read anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from index.documents import Document, DocumentDraft, Heading, Outline
from index.errors import DuplicateDocument
from index.ingestion.build import ingest
from index.parsing.isolated import Parser
from index.passage_index import PassageIndex
from index.upkeep import reindex as module
from index.upkeep.doctor import examine
from index.upkeep.reindex import ReadAnew, reindex
from tests.fakes import BagOfWordsEmbedder
from tests.samples.older import make_older


@pytest.fixture
def keeping() -> Iterator[Parser]:
    with Parser(max_original=1_000_000) as parser:
        yield parser


def put_in(index: PassageIndex, parser: Parser, file: Path, content: str) -> Document:
    file.write_text(content, encoding="utf-8")
    (added,) = ingest(index, [file], parser)
    return added.document_or_error()


def age(index: PassageIndex, statement: str = "UPDATE documents SET parsed_by = 0") -> None:
    with closing(sqlite3.connect(index.folder / "catalogue.sqlite3", isolation_level=None)) as db:
        db.execute(statement)


def as_read_before(index: PassageIndex, document: Document, text: str) -> None:
    """Makes the document one of which an older version read this text."""
    index.replace(document.id, DocumentDraft("Old", text, document.source, {"kept": 1}, original=document.original))


def test_documents_are_read_from_their_files_and_keep_what_is_theirs(
    index: PassageIndex, keeping: Parser, tmp_path: Path
) -> None:
    document = put_in(index, keeping, tmp_path / "a.md", "# Ferry\n\nIt leaves at noon.")
    as_read_before(index, document, "It leves at non.")
    age(index)
    assert index.of_older_readings() == [document.id]
    before = index.document(document.id)
    (one,) = reindex(index, keeping)
    after = index.document(document.id)
    assert one == ReadAnew(after, is_changed=True)
    assert index.with_text(document.id)[1] == "Ferry\n\nIt leaves at noon."
    assert (after.title, after.metadata, after.original) == ("Ferry", {"kept": 1}, document.original)
    assert (after.id, after.created_at, after.source) == (before.id, before.created_at, before.source)
    assert index.original(document.id)[1].read_text(encoding="utf-8") == "# Ferry\n\nIt leaves at noon."
    assert list(reindex(index, keeping)) == [], "what is done is not done again"


def test_texts_are_split_anew_and_files_that_are_not_kept_are_named(index: PassageIndex, keeping: Parser) -> None:
    sent, _ = index.add(DocumentDraft("a", "A text that was sent."))
    read, _ = index.add(DocumentDraft("b", "Noon.", "b.pdf", outline=Outline((0,), (Heading(0, 1, "Noon."),))))
    age(index)
    told: list[tuple[int, int]] = []
    outcomes = list(reindex(index, keeping, lambda done, total: told.append((done, total))))
    assert [(one.document.id, one.is_changed, one.is_to_be_put_in) for one in outcomes] == [
        (sent.id, False, False),
        (read.id, False, True),
    ]
    assert told == [(1, 2), (2, 2)]
    assert index.document(sent.id).notes == ()
    assert index.document(read.id).notes == (module._NOT_KEPT,)
    assert index.outline(read.id) == Outline((0,), (Heading(0, 1, "Noon."),))
    age(index)
    list(reindex(index, keeping))
    assert index.document(read.id).notes == (module._NOT_KEPT,), "it is said once"
    assert index.of_older_readings() == []


def test_stopped_it_keeps_what_is_done_and_goes_on(index: PassageIndex, keeping: Parser) -> None:
    ids = [index.add(DocumentDraft("", f"The story {n} says word."))[0].id for n in range(4)]
    age(index)
    work = reindex(index, keeping)
    assert [next(work).document.id for _ in range(2)] == ids[:2]
    work.close()  # type: ignore[attr-defined]
    assert index.of_older_readings() == ids[2:]
    assert [one.document.id for one in reindex(index, keeping)] == ids[2:]


def test_what_cannot_be_read_any_more_stays_as_it_was(index: PassageIndex, keeping: Parser, tmp_path: Path) -> None:
    first = put_in(index, keeping, tmp_path / "a.txt", "One text.")
    second = put_in(index, keeping, tmp_path / "b.txt", "Another text.")
    third = put_in(index, keeping, tmp_path / "c.txt", "A third text.")
    as_read_before(index, second, "Read otherwise.")
    age(index)
    index.original(third.id)[1].unlink()
    index.add(DocumentDraft("", "Another text."))
    outcomes = {one.document.id: one.error for one in reindex(index, keeping)}
    assert outcomes[first.id] is None
    assert isinstance(outcomes[second.id], DuplicateDocument)
    assert "no original file is kept" in str(outcomes[third.id])
    assert index.with_text(second.id)[1] == "Read otherwise."
    assert set(index.of_older_readings()) == {second.id, third.id}


def test_the_text_that_another_group_has_is_read_anew_too(index: PassageIndex, keeping: Parser, tmp_path: Path) -> None:
    first = put_in(index, keeping, tmp_path / "a.txt", "One text.")
    as_read_before(index, first, "Read otherwise.")
    second = put_in(index, keeping, tmp_path / "b.txt", "One text.")
    for document, collection in ((first, "alpha"), (second, "beta")):
        index.shelves.change(document.id, collections=[collection])
    age(index)
    assert [(one.document.id, one.error) for one in reindex(index, keeping)] == [(first.id, None), (second.id, None)]
    assert [index.with_text(document.id)[1] for document in (first, second)] == ["One text."] * 2


def test_a_document_that_is_removed_meanwhile_is_passed_over(index: PassageIndex, keeping: Parser) -> None:
    first, _ = index.add(DocumentDraft("", "One."))
    second, _ = index.add(DocumentDraft("", "Two."))
    age(index)
    work = reindex(index, keeping)
    assert next(work).document.id == first.id
    index.delete(second.id)
    assert list(work) == []


def test_the_doctor_tells_of_older_readings(index: PassageIndex) -> None:
    index.add(DocumentDraft("", "One."))
    index.close()
    make_older(index.folder, 5)
    with PassageIndex(index.folder, BagOfWordsEmbedder()) as opened:
        assert len(opened.of_older_readings()) == 1
    (finding,) = [one for one in examine(index.folder, BagOfWordsEmbedder()) if one.check == "reading"]
    assert (finding.severity, finding.mend) == ("warning", "run `sourcespan reindex`")


@pytest.mark.model
def test_the_command_reads_anew_and_says_so(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "a.md"
    file.write_text("# Ferry\n\nIt leaves at noon.", encoding="utf-8")
    run = CliRunner().invoke
    assert run(app, ["index", str(file), "--data", str(data)]).exit_code == 0
    with closing(sqlite3.connect(data / "catalogue.sqlite3", isolation_level=None)) as db:
        db.execute("UPDATE documents SET parsed_by = 0, original_sha256 = NULL")
    told = run(app, ["index", str(file), "--data", str(data)])
    assert "1 documents are as an older version read them: run `sourcespan reindex`" in told.stderr
    with closing(sqlite3.connect(data / "catalogue.sqlite3", isolation_level=None)) as db:
        db.execute("UPDATE documents SET original_sha256 = NULL")
    done = run(app, ["reindex", "--data", str(data)])
    assert done.exit_code == 0
    assert "1 read anew, 0 failed" in done.stderr
    assert "put in again: a.md" in done.stderr
    assert "older version" not in run(app, ["index", str(file), "--data", str(data)]).stderr

"""Questions of one's own, and what is said of what cannot be measured with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.errors import AnswerNotThere, NotASuite
from eval.suites.beir import RetrievalSuite
from eval.suites.choosing import Choice, open_suite
from eval.suites.datasets import Suite, read_questions
from index.errors import MalformedFile


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.md"
    path.write_text("# Ferries\n\nProf. O’Brien says the red ferry leaves at noon.\n")
    return path


def test_csv_and_json_lines_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text(
        '﻿id,question,answers,kind\r\nx,"When does it\nleave?",noon | at noon,when\r\ny,Who knows?,,who\r\n',
        encoding="utf-8",
    )
    rows = [
        {"id": "x", "question": "When does it\nleave?", "answers": ["noon", "at noon"], "kind": "when"},
        {"id": "y", "question": "Who knows?", "answers": [], "kind": "who"},
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert read_questions(tmp_path / "q.csv") == read_questions(tmp_path / "q.jsonl")


def test_questions_without_ids_are_numbered_by_their_lines(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('\n{"question": "a", "answers": []}\n{"question": "b", "answers": ["c"]}\n')
    assert [q.id for q in read_questions(tmp_path / "q.jsonl")] == ["2", "3"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("q.csv", "frage,antwort\na,b\n", "names no columns question and answers"),
        ("q.jsonl", '{"question": " ", "answers": []}', "line 1.*1 to 1,000 characters"),
        ("q.jsonl", '{"question": "a", "answers": "b"}', "line 1.*answers is a list"),
        ("q.jsonl", "{", "line 1"),
        ("q.jsonl", "[1]", "line 1"),
        ("q.jsonl", "\n", "no question in it"),
        ("q.jsonl", '{"id": 1, "question": "a", "answers": []}\n' * 2, "same id"),
        ("q.csv", b"question,answers\n\xff,\n", "utf-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, name: str, content: str | bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(MalformedFile, match=reason):
        read_questions(tmp_path / name)


def test_questions_of_ones_own_accept_answers_as_the_documents_write_them(tmp_path: Path, note: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"question": "Who?", "answers": ["o\'brien"]}\n{"question": "b", "answers": []}')
    suite = open_suite(str(tmp_path / "q.jsonl"), Choice(documents=(note.parent,)), served=False)
    assert isinstance(suite, Suite)
    assert suite.questions[0].accepted == ("o'brien", "O’Brien")
    assert [draft.source for draft in suite.documents.values()] == ["note.md"]


def test_an_answer_that_no_document_holds_is_named(tmp_path: Path, note: Path) -> None:
    (tmp_path / "q.csv").write_text("id,question,answers\nx,When?,dusk\ny,Who?,nobody\n")
    with pytest.raises(AnswerNotThere, match=r"to x: When\? \(nor to 1 more: y\)"):
        open_suite(str(tmp_path / "q.csv"), Choice(documents=(note,)), served=False)


def test_a_limit_draws_the_same_questions_each_time() -> None:
    suites = [open_suite("article", Choice(limit=7, seed=1), served=False) for _ in range(2)]
    assert suites[0] == suites[1]
    assert isinstance(suites[0], Suite)
    ids = [q.id for q in suites[0].questions]
    assert len(ids) == 7
    assert ids == sorted(ids)


@pytest.mark.parametrize("target", ["nonsense", "q.xml", "folder", "q.jsonl"])
def test_what_cannot_be_measured_with_is_refused(tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("q.xml").write_text("<q/>")
    Path("q.jsonl").write_text('{"question": "a", "answers": []}')
    with pytest.raises(NotASuite, match=target):
        open_suite(target, Choice(), served=False)


def test_exported_feedback_is_a_suite(tmp_path: Path) -> None:
    qas = [{"id": "1", "question": "When?", "is_impossible": False, "answers": [{"text": "noon", "answer_start": 3}]}]
    exported = {"version": "v2.0", "data": [{"title": "t", "paragraphs": [{"context": "At noon.", "qas": qas}]}]}
    (tmp_path / "feedback.json").write_text(json.dumps(exported))
    suite = open_suite(str(tmp_path / "feedback.json"), Choice(), served=False)
    assert isinstance(suite, Suite)
    assert (suite.questions[0].accepted, suite.own_document_only) == (("noon",), True)
    searched = open_suite(str(tmp_path / "feedback.json"), Choice(retrieval=True), served=False)
    assert isinstance(searched, RetrievalSuite)


def test_paragraphs_of_other_squad_files_lie_beside(tmp_path: Path) -> None:
    for name in ("asked", "other"):
        answers = [{"text": name, "answer_start": 0}]
        paragraph = {"context": f"{name} it was.", "qas": [{"id": name, "question": "What?", "answers": answers}]}
        (tmp_path / f"{name}.json").write_text(json.dumps({"data": [{"title": "t", "paragraphs": [paragraph]}]}))
    suite = open_suite(str(tmp_path / "asked.json"), Choice((tmp_path / "other.json",), whole=True), served=False)
    assert isinstance(suite, Suite)
    assert [question.id for question in suite.questions] == ["asked"]
    searched = open_suite(
        str(tmp_path / "asked.json"), Choice((tmp_path / "other.json",), retrieval=True), served=False
    )
    assert len(searched.documents) == 2
    assert {draft.text for draft in suite.documents.values()} == {"asked it was.", "other it was."}

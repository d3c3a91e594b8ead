"""Searching, and what users say of the answers."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.feedback import FEEDBACK_FILE, OK, Feedback, FeedbackStore
from index.errors import CatalogueUnreachable, FeedbackUnavailable
from index.store.databases.sqlite import SqliteDatabase
from rag.squad import read_squad
from tests.api.helpers import assert_problem, text_of
from tests.conftest import Server

FERRY = "Timetable.\n\nThe ferry 👩‍👧 leaves Pier 9 at noon. It takes an hour.\n\nNo dogs."


def quoted(document_id: str, text: str, within: str = FERRY) -> dict[str, Any]:
    start = within.index(text)
    return {"document_id": document_id, "span": {"start": start, "end": start + len(text)}, "text": text}


def give(server: Server, **body: object) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/feedback", json={"question": "When?", "answer": None, **body})


def exported(server: Server, folder: Path) -> list[tuple[str, str, list[str]]]:
    """(paragraph, question, accepted answers), as the project's own reader reads the export."""
    file = folder / "export.json"
    file.write_bytes(httpx.get(f"{server.url}/v1/feedback/export").raise_for_status().content)
    return [(p.text, q.question, [a.text for a in q.answers]) for p in read_squad(file) for q in p.questions]


@pytest.mark.parametrize(
    ("mode", "scored_by"), [("hybrid", {"cosine", "bm25"}), ("dense", {"cosine"}), ("lexical", {"bm25"})]
)
def test_search_ranks_exact_passages(server: Server, mode: str, scored_by: set[str]) -> None:
    ferry, other = server.add("Ferries", FERRY), server.add("Trains", "The train leaves at two.")
    body = httpx.post(f"{server.url}/v1/search", json={"query": "ferry pier", "mode": mode, "top_k": 1}).json()
    (passage,) = body["passages"]
    assert (body["query"], body["mode"], passage["document_id"]) == ("ferry pier", mode, ferry)
    assert text_of(server, ferry)[passage["start"] : passage["end"]] == passage["text"]
    assert (passage["context"], passage["also_at"]) == ("Ferries", [])
    assert {name for name in ("cosine", "bm25") if passage[name] is not None} == scored_by
    elsewhere = {"query": "ferry leaves", "document_ids": [other]}
    assert [p["document_id"] for p in httpx.post(f"{server.url}/v1/search", json=elsewhere).json()["passages"]] == [
        other
    ]


@pytest.mark.parametrize("wrong", [{"query": " "}, {"query": "x", "mode": "psychic"}, {"query": "x", "top_k": 0}])
def test_a_wrong_search_is_refused(server: Server, wrong: dict[str, object]) -> None:
    assert_problem(httpx.post(f"{server.url}/v1/search", json=wrong), 422)


def test_what_users_know_becomes_squad_questions(server: Server, tmp_path: Path) -> None:
    ferry = server.add("Ferries", FERRY)
    assert (
        give(server, question="When does it leave?", answer=quoted(ferry, "noon"), verdict="right").status_code == 201
    )
    give(server, question="Where?", answer=quoted(ferry, "noon"), verdict="wrong", corrected=quoted(ferry, "Pier 9"))
    give(server, question="How long?", verdict="missing", corrected=quoted(ferry, "an hour"))
    give(server, question="Is it the ferry to Rome?", verdict="right")
    give(server, question="Unclear", answer=quoted(ferry, "noon"), verdict="wrong")
    paragraph = "The ferry 👩‍👧 leaves Pier 9 at noon. It takes an hour."
    expected = [
        (paragraph, "When does it leave?", ["noon"]),
        (paragraph, "Where?", ["Pier 9"]),
        (paragraph, "How long?", ["an hour"]),
        (FERRY, "Is it the ferry to Rome?", []),
    ]
    assert sorted(exported(server, tmp_path)) == sorted(expected)
    httpx.delete(f"{server.url}/v1/documents/{ferry}").raise_for_status()
    assert exported(server, tmp_path) == [], "what was quoted goes with the document"


def test_a_span_that_is_not_in_the_stored_text_is_refused(server: Server, tmp_path: Path) -> None:
    ferry = server.add("Ferries", FERRY)
    moved = quoted(ferry, "noon")
    moved["span"] = {"start": 0, "end": 4}
    assert_problem(give(server, verdict="missing", corrected=moved), 409, "0 to 4")
    beyond = {"document_id": ferry, "span": {"start": len(FERRY) - 1, "end": len(FERRY) + 1}}
    assert_problem(give(server, verdict="missing", corrected=beyond), 409)
    blank = {"document_id": ferry, "span": {"start": FERRY.index("\n"), "end": FERRY.index("\n") + 2}}
    assert_problem(give(server, verdict="missing", corrected=blank), 409)
    assert_problem(give(server, verdict="right", answer=quoted("nothing", "noon")), 404)
    assert_problem(give(server, verdict="right", corrected=quoted(ferry, "noon")), 422, "corrected")
    assert_problem(give(server, verdict="fine"), 422, "verdict")
    backwards = {"document_id": ferry, "span": {"start": 4, "end": 4}}
    assert_problem(give(server, verdict="missing", corrected=backwards), 422, "corrected.span")
    assert exported(server, tmp_path) == []


def test_a_verdict_can_be_withdrawn(server: Server, tmp_path: Path) -> None:
    ferry = server.add("Ferries", FERRY)
    given = [give(server, answer=quoted(ferry, words), verdict="right").json()["id"] for words in ("noon", "Pier 9")]
    for _ in range(2):
        assert httpx.delete(f"{server.url}/v1/feedback", params={"id": given[0]}).status_code == 204
    assert [answers for _, _, answers in exported(server, tmp_path)] == [["Pier 9"]]


def test_feedback_is_there_after_a_restart(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    kept = store.add(Feedback("When?", "right", None, None, None, has_truth=False))
    # no close: what was acknowledged is on disk
    again = FeedbackStore(tmp_path)
    with sqlite3.connect(tmp_path / FEEDBACK_FILE) as db:
        assert db.execute("SELECT id, question FROM feedback").fetchall() == [(kept, "When?")]
    db.close()
    assert again.count() == 1
    store.close()
    again.close()


def test_where_a_database_is_that_is_gone_is_told_to_nobody(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path, database="postgresql://me@127.0.0.1:9/none")
    assert store.status == "the database cannot be reached"
    with pytest.raises(FeedbackUnavailable) as refused:
        store.add(Feedback("When?", "right", None, None, None, has_truth=False))
    assert "127.0.0.1" not in str(refused.value)


def test_a_database_that_did_not_answer_once_is_no_lasting_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: SqliteDatabase) -> None:
        raise CatalogueUnreachable("at 10.0.0.1 nobody answers")

    store = FeedbackStore(tmp_path)
    with monkeypatch.context() as breaking:
        breaking.setattr(SqliteDatabase, "reading", unreachable)
        with pytest.raises(FeedbackUnavailable, match="the database cannot be reached"):
            list(store.paragraphs())
    assert store.status == OK
    store.close()


def test_the_paragraph_of_an_endless_text_is_cut(server: Server, tmp_path: Path) -> None:
    text = "word " * 2_000 + "needle " + "word " * 2_000
    document = server.add("long", text)
    give(server, question="Where?", verdict="missing", corrected=quoted(document, "needle", text))
    ((context, _, accepted),) = exported(server, tmp_path)
    assert accepted == ["needle"]
    assert len(context) < 5_000

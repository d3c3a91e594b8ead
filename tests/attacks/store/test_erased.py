"""What was deleted or replaced is in no file any more: neither free pages, word index, log, feedback nor states."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import numpy as np
import pytest

from index.documents import DocumentDraft
from index.errors import CatalogueFull
from index.passage_index import PassageIndex
from index.store.catalogue.catalogue import CATALOGUE_FILE
from index.store.databases.sqlite import SqliteDatabase
from index.store.reader_states import STATES_FILE, StatesFile, states_in_8_bits
from index.upkeep.doctor import mend
from index.words import in_step
from index.words.word_index import WordIndex
from tests.conftest import Server
from tests.fakes import BagOfWordsEmbedder

WORD = "zanzibarquux"
SECRET = f"Nobody may know that {WORD} is the password of the harbour."
OTHERS = [f"The ferry number {n} leaves pier {n * 7} at noon for island {n * 13}." for n in range(60)]


def traces(folder: Path, word: str = WORD) -> list[str]:
    """The files that hold the word, or any of its longer beginnings, as an index may keep it."""
    parts = [word.encode(), word[:9].encode(), word.encode("utf-16-le")]
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = [path.name for path in files for part in parts if part in path.read_bytes().lower()]
    return found + in_word_index(folder / in_step.WORDS_FOLDER, word)


def in_word_index(words: Path, word: str) -> list[str]:
    """Files that Tantivy no longer knows of, and whether those that it knows hold the word, which they compress."""
    if not (words / "meta.json").exists():
        return []
    known = {each["segment_id"].replace("-", "") for each in json.loads((words / "meta.json").read_text())["segments"]}
    left = [
        path.name for path in words.iterdir() if re.match("[0-9a-f]{32}", path.name) and path.name[:32] not in known
    ]
    # counts passages that are marked as deleted too
    return left + ["words"] * WordIndex.open(words).searcher.doc_freq("text", word)


def remove(server: Server, document: str) -> None:
    httpx.delete(f"{server.url}/v1/documents/{document}").raise_for_status()


def replace(server: Server, document: str) -> None:
    body = {"title": "Harmless", "text": "The harbour is closed on Sundays."}
    httpx.put(f"{server.url}/v1/documents/{document}", json=body).raise_for_status()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "server-0"


@pytest.mark.parametrize("erase", [remove, replace])
@pytest.mark.parametrize("times", [1, 40])
def test_a_deleted_text_is_in_no_file(
    server: Server, folder: Path, erase: Callable[[Server, str], None], times: int
) -> None:
    for other in OTHERS[:20]:
        server.add("Other", other)
    text = "\n\n".join(f"{SECRET} {n} {WORD}{n}" for n in range(times))
    body = {"title": f"About {WORD}", "text": text, "source": f"{WORD}.txt", "metadata": {"of": WORD}}
    document = httpx.post(f"{server.url}/v1/documents", json=body).raise_for_status().json()["id"]
    for other in OTHERS[20:]:
        server.add("Other", other)
    httpx.post(f"{server.url}/v1/ask", json={"question": f"«{WORD}»?"}).raise_for_status()
    assert traces(folder)
    erase(server, document)
    assert not traces(folder)
    server.begin_stop()
    server.join()
    assert not traces(folder)


@pytest.mark.parametrize("erase", [remove, replace])
def test_what_feedback_quotes_goes_with_the_document_and_the_verdicts_stay(
    server: Server, folder: Path, erase: Callable[[Server, str], None]
) -> None:
    document, other = server.add(f"About {WORD}", SECRET), server.add("Ferries", OTHERS[0])

    def quoted(document_id: str, text: str, quote: str) -> dict[str, object]:
        start = text.index(quote)
        return {"document_id": document_id, "span": {"start": start, "end": start + len(quote)}}

    secret, ferry = quoted(document, SECRET, WORD), quoted(other, OTHERS[0], "noon")
    given: list[dict[str, object]] = [
        {"answer": secret, "verdict": "right"},
        {"answer": secret, "verdict": "wrong"},
        {"answer": secret, "verdict": "wrong", "corrected": ferry},
        {"answer": ferry, "verdict": "wrong", "corrected": secret},
        {"answer": None, "verdict": "missing", "corrected": secret},
        {"answer": None, "verdict": "right"},
        {"answer": ferry, "verdict": "right"},
    ]
    for number, body in enumerate(given):
        answer = httpx.post(f"{server.url}/v1/feedback", json={"question": f"Password {number}?", **body})
        assert answer.status_code == 201, answer.text
    erase(server, document)
    assert not traces(folder)
    export = httpx.get(f"{server.url}/v1/feedback/export").json()["data"]
    questions = [q["question"] for article in export for p in article["paragraphs"] for q in p["qas"]]
    assert {"Password 2?", "Password 6?"} <= set(questions), "what is quoted of other documents stays"
    with closing(sqlite3.connect(folder / "feedback.sqlite3")) as db:
        assert db.execute("SELECT count(question), count(verdict) FROM feedback").fetchone() == (7, 7)


def test_a_second_delete_erases_what_a_crash_left_in_feedback(server: Server, folder: Path) -> None:
    document = server.add("Secret", SECRET)
    start = SECRET.index(WORD)
    answer = {"document_id": document, "span": {"start": start, "end": start + len(WORD)}}
    body = {"question": "Password?", "answer": answer, "verdict": "right"}
    httpx.post(f"{server.url}/v1/feedback", json=body).raise_for_status()
    server.index.delete(document)  # as if the service had been killed between the two
    assert traces(folder) == ["feedback.sqlite3-wal"] * 2 or traces(folder)
    assert httpx.delete(f"{server.url}/v1/documents/{document}").status_code == 404
    assert not traces(folder)


def test_a_reader_in_the_way_delays_it_and_the_next_change_sees_to_it(tmp_path: Path) -> None:
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        document, _ = index.add(DocumentDraft("", SECRET))
        with closing(sqlite3.connect(tmp_path / CATALOGUE_FILE, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM documents").fetchone()
            index.delete(document.id)
            assert traces(tmp_path), "this reader may still look at it"
            reader.execute("ROLLBACK")
        index.add(DocumentDraft("", OTHERS[0]))
        assert not traces(tmp_path)


def test_mending_erases_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_step, "_MOST_ERASED_AT_ONCE", -1)
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        document, _ = index.add(DocumentDraft("", SECRET))
        index.add(DocumentDraft("", OTHERS[0]))
        assert index.search_lexical(WORD, 1)
        index.delete(document.id)
        assert not index.search_lexical(WORD, 1)
    assert traces(tmp_path) == ["words"]
    mend(tmp_path, BagOfWordsEmbedder())
    assert not traces(tmp_path)


def test_what_goes_wrong_with_erasing_does_not_undo_the_deletion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: object) -> bool:
        raise CatalogueFull

    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        document, _ = index.add(DocumentDraft("", SECRET))
        with monkeypatch.context() as patched:
            patched.setattr(SqliteDatabase, "erase", full)
            index.delete(document.id)
        assert "are left" in caplog.text
        assert index.count() == (0, 0)
        index.add(DocumentDraft("", OTHERS[0]))
        assert not traces(tmp_path)


@pytest.fixture
def states(tmp_path: Path) -> Iterator[StatesFile]:
    file = StatesFile(tmp_path / STATES_FILE, model="m", width=8)
    file.keep({"key": states_in_8_bits(np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32))})
    yield file
    file.close()


def test_states_that_nobody_can_tell_apart_any_more_all_go(tmp_path: Path, states: StatesFile) -> None:
    kept = states.known(["key"])["key"].levels.tobytes()
    with PassageIndex(tmp_path, BagOfWordsEmbedder()) as index:
        document, _ = index.add(DocumentDraft("", SECRET))
        assert states.count() == 1
        index.delete(document.id)
    assert states.count() == 0
    assert not [path.name for path in tmp_path.iterdir() if path.is_file() and kept in path.read_bytes()]


def test_states_that_are_removed_are_in_no_file(tmp_path: Path, states: StatesFile) -> None:
    kept = states.known(["key"])["key"].levels.tobytes()
    states.remove(["key"])
    assert not [path.name for path in tmp_path.iterdir() if path.is_file() and kept in path.read_bytes()]

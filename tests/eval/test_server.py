"""A running server is measured by the HTTP contract, and is left as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from eval import askers
from eval.askers import InProcess
from eval.errors import ServerUnusable
from eval.reports.results import read_result
from eval.run import run
from eval.session import Session, asked
from eval.suites.datasets import EvalQuestion, Suite
from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from rag.config import ModelConfig
from tests.conftest import Server, fake_library

DRAFTS = [
    DocumentDraft("Ferry", "Timetable. 👩‍👩‍👧‍👦 The red ferry leaves at noon. Nobody waits.", "ferry.md"),
    DocumentDraft("Bakery", "Marta Quill founded it. The red ferry brings flour.", "bakery.md"),
]
QUESTIONS = (
    EvalQuestion("1", "«at noon»?", ("at noon",)),
    EvalQuestion("2", "guess the weather", ()),
    EvalQuestion("3", "«red ferry»?", ("Red Ferry",)),
)
SUITE = Suite("s", {draft.sha256: draft for draft in DRAFTS}, QUESTIONS)


def test_a_server_says_the_same_as_the_pipeline_in_this_process(server: Server, index: PassageIndex) -> None:
    before = server.add("Own", "The server's own document.")
    here = asked(SUITE, InProcess(fake_library(index)), Session(ModelConfig()), {"by": "fakes"})
    with askers.Server(server.url) as asker:
        there = asked(SUITE, asker, Session(ModelConfig(), url=server.url), {"by": server.url})
    for mine, theirs in zip(here.outcomes, there.outcomes, strict=True):
        assert (mine.answer, mine.verdict, mine.rank, mine.start) == (
            theirs.answer,
            theirs.verdict,
            theirs.rank,
            theirs.start,
        )
        assert (mine.source, mine.sentence, mine.abstained) == (theirs.source, theirs.sentence, theirs.abstained)
        assert mine.confidence == pytest.approx(theirs.confidence, abs=1e-4)
        assert theirs.verbatim
    left = httpx.get(f"{server.url}/v1/documents").json()["documents"]
    assert [document["id"] for document in left] == [before]


def test_what_was_there_before_stays_and_is_not_asked(server: Server) -> None:
    kept = server.add(DRAFTS[0].title, DRAFTS[0].text)
    server.add("Decoy", "The red ferry, the red ferry.")
    with askers.Server(server.url) as asker:
        session = Session(ModelConfig(), url=server.url)
        result = asked(Suite("s", {DRAFTS[0].sha256: DRAFTS[0]}, QUESTIONS[2:]), asker, session, {"by": ""})
    assert result.outcomes[0].source == "note.txt"
    assert httpx.get(f"{server.url}/v1/documents/{kept}").status_code == 200


def test_what_a_server_holds_already_can_be_asked(server: Server) -> None:
    server.add("Ferry", DRAFTS[0].text)
    with askers.Server(server.url) as asker:
        result = asked(Suite("s", {}, QUESTIONS[:1]), asker, Session(ModelConfig(), url=server.url), {"by": ""})
    assert result.outcomes[0].verdict == "right"


def test_the_command_measures_a_server_and_writes_everything(server: Server, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    for draft in DRAFTS:
        (tmp_path / "notes" / draft.source).write_text(draft.text)
    (tmp_path / "q.csv").write_text("question,answers,kind\n«at noon»?,at noon,when\nguess the weather,,what\n")
    arguments = ["--document", "notes", "--url", server.url, "--json", "out.json", "--html", "out.html"]
    command = [str(Path(sys.executable).parent / "sourcespan"), "eval", "q.csv", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "1 right, 1 rightly abstained" in " ".join(done.stdout.split())
    saved = read_result(tmp_path / "out.json")
    assert (saved["by"], saved["lost"]["right"], saved["measures"]["verbatim"]["value"]) == (server.url, 1, 1)
    assert "<mark>at noon</mark>" in (tmp_path / "out.html").read_text()
    assert not list(tmp_path.glob("*.answers.jsonl"))  # they stand in the output now
    compared = subprocess.run(
        [*command[:2], "compare", "out.json", "out.json"], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert "No difference can be told with 2 questions" in compared.stdout


def test_a_server_that_is_not_there_is_named() -> None:
    with (
        askers.Server("http://127.0.0.1:9", timeout=5) as asker,
        pytest.raises(ServerUnusable, match=r"127\.0\.0\.1:9"),
    ):
        list(asker.add(DRAFTS[:1]))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: httpx.Response(503, text="busy"), "gave 503: busy"),
        (lambda _: httpx.Response(200, json={"abstained": True}), "not as the contract says"),
        (lambda _: httpx.Response(200, text="<html>"), "not as the contract says"),
    ],
)
def test_a_server_that_breaks_the_contract_is_refused(
    answer: Callable[[httpx.Request], httpx.Response], reason: str
) -> None:
    with (
        askers.Server("http://sourcespan.test", transport=httpx.MockTransport(answer)) as asker,
        pytest.raises(ServerUnusable, match=reason),
    ):
        asker.ask("Who?", top_k=5, document_ids=None)


def test_a_quote_that_does_not_stand_where_it_says_is_noticed(index: PassageIndex) -> None:
    asker = InProcess(fake_library(index))
    list(asker.add(DRAFTS[:1]))
    asker.text = lambda _: " " + DRAFTS[0].text  # type: ignore[assignment]
    (outcome,) = run(asker, QUESTIONS[:1], top_k=5)
    assert (outcome.right, outcome.verbatim) == (True, False)

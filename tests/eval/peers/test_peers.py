"""The harness that other programs are measured by, with programs that we know the answers of."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from eval.benchmarks.facts import Facts
from eval.peers import bench
from eval.peers.bench import PeerFailed, make_workload, markdown, run_peer, score
from eval.peers.contract import Question, Reply, Workload
from eval.peers.worker import PEERS, work
from rag.config import ModelConfig
from rag.squad import AcceptedAnswer, SquadParagraph, SquadQuestion

PASSAGES = ["Marta Quill founded the bakery in 1987.", "The red ferry leaves Pier 9 at noon.", "Nobody lives on Elba."]
WORKLOAD = Workload(
    passages=PASSAGES,
    questions=[
        Question("Who founded the bakery?", ["Marta Quill"], 0),
        Question("When does the ferry leave?", ["noon", "at noon"], 1),
        Question("Who lives on Elba?", ["Nobody"], 2),
    ],
    embedder="e",
    reader="r",
)


class Scripted:
    """Right, then wrong about where it stands, then broken."""

    def index(self, passages: Sequence[str]) -> None:
        self.passages = passages

    def ask(self, question: str) -> Reply:
        if "Elba" in question:
            raise RuntimeError("Already borrowed")
        if "ferry" in question:
            return Reply("at noon", 1, 0, 7, [2, 1])
        return Reply("Marta Quill", 0, 0, 11, [1, 2])


def test_what_a_peer_gives_is_scored_and_what_breaks_is_counted() -> None:
    result = work(Scripted, WORKLOAD, time.time())
    assert [row["text"] for row in result["rows"]] == ["Marta Quill", "at noon", ""]
    assert result["rows"][2]["error"] == "RuntimeError: Already borrowed"
    assert result["failed_at_once"] == 1
    scored = score("x", WORKLOAD, json.loads(json.dumps(result)))
    assert scored.exact_match == pytest.approx(2 / 3)
    assert scored.f1 == pytest.approx(2 / 3)
    assert scored.hit == pytest.approx(1 / 3)
    assert scored.valid_offsets == pytest.approx(1 / 2)
    assert scored.failed == 2
    assert scored.peak_memory_mb > 1
    assert "| F1 (95% interval) | 66.7 (" in markdown([scored])


def test_a_peer_that_does_not_say_where_has_no_valid_offsets() -> None:
    result = work(Scripted, WORKLOAD, time.time())
    for row in result["rows"]:
        row["passage"] = None
    assert score("x", WORKLOAD, result).valid_offsets is None
    assert "gives none" in markdown([score("x", WORKLOAD, result)])


def test_a_workload_survives_its_file(tmp_path: Path) -> None:
    WORKLOAD.save(tmp_path / "w.json")
    assert Workload.load(tmp_path / "w.json") == WORKLOAD


def squad(folder: Path) -> Path:
    qas = [{"id": q.question, "question": q.question, "answers": [{"text": "1987", "answer_start": 34}]} for q in
           WORKLOAD.questions[:1]]  # fmt: skip
    paragraphs = [{"context": text, "qas": qas if number == 0 else []} for number, text in enumerate(PASSAGES)]
    path = folder / "s.json"
    path.write_text(json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]}))
    return path


def test_questions_are_those_of_the_passages_that_are_there() -> None:
    paragraphs = [
        SquadParagraph("t", f"Passage {n} says f{n}.", (SquadQuestion(f"{n}", f"{n}?", (AcceptedAnswer(f"f{n}", 0),)),))
        for n in range(40)
    ]
    made = make_workload(paragraphs, passages=15, questions=8, seed=1, models=ModelConfig())
    assert (len(made.passages), len(made.questions)) == (15, 8)
    assert all(question.accepted[0] in made.passages[question.home] for question in made.questions)
    assert made == make_workload(paragraphs, passages=15, questions=8, seed=1, models=ModelConfig())
    assert Path(made.reader, "model.safetensors").exists()


def test_a_peer_that_was_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, str]] = []

    def stand_in(name: str, python: Path, workload: Path, out: Path) -> dict[str, Any]:
        if name == "txtai" and len(ran) < len(PEERS):
            ran.append((name, "stopped"))
            raise KeyboardInterrupt
        ran.append((name, str(python)))
        result = work(Scripted, Workload.load(workload), time.time())
        out.write_text(json.dumps(result))
        return result

    monkeypatch.setattr(bench, "run_peer", stand_in)
    app = typer.Typer()
    app.command()(bench.main)
    command = [str(squad(tmp_path)), "--environments", str(tmp_path / "envs")]
    CliRunner().invoke(app, command)
    assert [name for name, _ in ran] == list(PEERS)
    done = CliRunner().invoke(app, command)
    assert [name for name, _ in ran] == [*PEERS, "txtai"]
    haystack = str(tmp_path / "envs" / "haystack" / "bin" / "python")
    assert [python for name, python in ran if name.startswith("Haystack")] == [haystack] * 2
    assert "questions that ended in an error" in done.stdout
    facts = replace(Facts.here(), commit="another")
    monkeypatch.setattr(Facts, "here", lambda: facts)
    CliRunner().invoke(app, command)
    assert [name for name, _ in ran] == [*PEERS, "txtai", *PEERS], "of another commit every peer is"


def test_a_peer_that_cannot_start_says_why(tmp_path: Path) -> None:
    WORKLOAD.save(tmp_path / "w.json")
    with pytest.raises(PeerFailed, match="no such peer"):
        run_peer("no such peer", Path(sys.executable), tmp_path / "w.json", tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


@pytest.mark.model
@pytest.mark.parametrize("name", ["sourcespan", "plain loop"])
def test_we_and_the_plain_loop_answer_in_processes_of_our_own(tmp_path: Path, name: str) -> None:
    made = make_workload([], passages=0, questions=0, seed=0, models=ModelConfig())
    asked = [WORKLOAD.questions[0], Question("When was the bakery founded?", ["1987", "in 1987"], 0)]
    workload = Workload(PASSAGES, asked, made.embedder, made.reader)
    workload.save(tmp_path / "w.json")
    scored = score(name, workload, run_peer(name, Path(sys.executable), tmp_path / "w.json", tmp_path / "out.json"))
    assert (scored.exact_match, scored.hit, scored.valid_offsets, scored.failed) == (1, 1, 1, 0)


def test_the_harness_needs_nothing_that_a_peer_may_lack() -> None:
    code = "import sys, eval.peers.worker; print(sorted({m.split('.')[0] for m in sys.modules} & set(sys.argv[1:])))"
    heavy = ["numpy", "torch", "pydantic", "typer", "rich", "index", "rag"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

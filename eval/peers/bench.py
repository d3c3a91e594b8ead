"""``python -m eval.peers.bench FILE``: the same passages, questions and models through us and through our peers.

Each peer runs alone, in a process of its own and the environment that `make bench-peers` made for it. What is measured
is kept, so that a run that was stopped goes on with the peers that are left; another commit is measured anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.table import Table
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from eval.benchmarks.facts import Facts
from eval.errors import EvaluationError
from eval.measures.bootstrap import figure, mean
from eval.peers.contract import Question, Workload
from eval.peers.worker import PEERS
from index import READ_WHEN_LOADED
from index.upkeep.terminal import Console
from rag.confidence.answer_match import exact_match, token_f1
from rag.config import ModelConfig
from rag.models.loading import embedder_folder, reader_folder
from rag.squad import SquadParagraph, read_squad

_ROOT = Path(__file__).parents[2]
_ENVIRONMENTS = {"Haystack": "haystack", "Haystack, mended": "haystack", "txtai": "txtai"}


class PeerFailed(EvaluationError):
    """A peer's process ended without a result."""

    def __init__(self, name: str, output: str) -> None:
        super().__init__(f"{name} ended without a result: {output[-2000:]}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Score:
    """A peer's figures: shares, milliseconds, seconds, megabytes."""

    name: str
    exact_match: float
    f1: float
    f1_interval: tuple[float, float]
    hit: float
    """The passage that was asked about is among those read."""
    valid_offsets: float | None
    """The passage really says the answer where the peer says it does; None for a peer that does not say where."""
    p50_ms: float
    p95_ms: float
    questions_per_s: float
    failed: int
    """Questions that ended in an error, one by one or with several clients."""
    passages_per_s: float
    peak_memory_mb: float
    start_up_s: float


def make_workload(
    paragraphs: Sequence[SquadParagraph], *, passages: int, questions: int, seed: int, models: ModelConfig
) -> Workload:
    """``questions`` that have an answer, drawn at random, over up to ``passages`` paragraphs, theirs among them."""
    draw = random.Random(seed)
    by_text: dict[str, list[Question]] = {}
    for paragraph in paragraphs:
        by_text.setdefault(paragraph.text, []).extend(
            Question(q.question, [a.text for a in q.answers], 0) for q in paragraph.questions if q.answers
        )
    texts = draw.sample(sorted(by_text), min(passages, len(by_text)))
    asked = [
        Question(question.question, list(dict.fromkeys(question.accepted)), number)
        for number, text in enumerate(texts)
        for question in by_text[text]
    ]
    return Workload(
        passages=texts,
        questions=draw.sample(asked, min(questions, len(asked))),
        embedder=str(embedder_folder(models)),
        reader=str(reader_folder(models.reader, allow_hub=models.allow_hub)),
    )


def in_float32(reader: Path, folder: Path) -> Path:
    """A copy of the reader for our peers: ours comes as 16-bit floats, which PyTorch computes several times slower."""
    copy = folder / "reader-float32"
    if not copy.exists():
        unfinished = folder / "reader-float32-unfinished"
        AutoModelForQuestionAnswering.from_pretrained(reader, dtype=torch.float32).save_pretrained(unfinished)
        AutoTokenizer.from_pretrained(reader).save_pretrained(unfinished)
        unfinished.rename(copy)
    return copy


def score(name: str, workload: Workload, result: dict[str, Any]) -> Score:
    """What the peer's answers are worth."""
    rows, questions = result["rows"], workload.questions
    f1 = np.array([token_f1(r["text"], q.accepted) for r, q in zip(rows, questions, strict=True)])
    interval = figure(mean(f1))
    placed = [_is_there(workload.passages, row) for row in rows if row["passage"] is not None]
    times = [row["ms"] for row in rows]
    return Score(
        name=name,
        exact_match=float(np.mean([exact_match(r["text"], q.accepted) for r, q in zip(rows, questions, strict=True)])),
        f1=float(f1.mean()),
        f1_interval=(interval.low, interval.high),
        hit=float(np.mean([q.home in r["retrieved"] for r, q in zip(rows, questions, strict=True)])),
        valid_offsets=float(np.mean(placed)) if placed else None,
        p50_ms=float(np.percentile(times, 50)),
        p95_ms=float(np.percentile(times, 95)),
        questions_per_s=result["questions_per_s_at_once"],
        failed=sum(bool(row["error"]) for row in rows) + result["failed_at_once"],
        passages_per_s=result["passages_per_s"],
        peak_memory_mb=result["peak_memory_mb"],
        start_up_s=result["start_up_s"],
    )


def run_peer(name: str, python: Path, workload: Path, out: Path) -> dict[str, Any]:
    """Runs one peer in its environment. Raises PeerFailed."""
    environment = {
        # what we tell our libraries is not what a peer tells its
        **{variable: value for variable, value in os.environ.items() if variable not in READ_WHEN_LOADED},
        "PYTHONPATH": str(_ROOT),
        "HF_HUB_OFFLINE": "1",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "TOKENIZERS_PARALLELISM": "false",
    }
    command = [str(python), "-m", "eval.peers.worker", name, str(workload), str(out), repr(time.time())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 (ours)
    if done.returncode != 0:
        raise PeerFailed(name, done.stderr)
    return dict(json.loads(out.read_text(encoding="utf-8")))


def table(scores: Sequence[Score], workload: Workload) -> Table:
    """The figures of all peers as a table for the terminal."""
    title = f"{len(workload.passages)} passages, {len(workload.questions)} questions, {workload.top_k} passages read"
    shown = Table("", *(s.name for s in scores), title=title, title_justify="left")
    for label, cells in _lines(scores):
        shown.add_row(label, *cells)
    return shown


def markdown(scores: Sequence[Score]) -> str:
    """The figures of all peers as a Markdown table."""
    lines = [["", *(s.name for s in scores)], ["---"] * (len(scores) + 1)]
    lines += [[label, *cells] for label, cells in _lines(scores)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(
    file: Annotated[Path, typer.Argument(help="SQuAD JSON, plain or .gz.", exists=True, dir_okay=False)],
    peer: Annotated[list[str] | None, typer.Option(help="Only these.", show_default="all")] = None,
    passages: Annotated[int, typer.Option(min=1, help="Passages to index.")] = 2_000,
    questions: Annotated[int, typer.Option(min=1, help="Questions to ask.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    embedder: Annotated[str, typer.Option(help="Folder or name.")] = ModelConfig().embedder,
    reader: Annotated[str, typer.Option(help="Folder or name.")] = ModelConfig().reader,
    environments: Annotated[Path, typer.Option(help="Where the peers' environments are.")] = _ROOT / ".venv-peers",
) -> None:
    """Measure us beside our peers, one after the other."""
    console = Console()
    workload = make_workload(
        list(read_squad(file)),
        passages=passages,
        questions=questions,
        seed=seed,
        models=ModelConfig(embedder, reader),
    )
    # figures of another commit, of other libraries or of another machine are not compared with these
    facts = Facts.here()
    folder = environments / "results" / hashlib.sha256(repr((workload, facts)).encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    workload.save(folder / "ours.json")
    replace(workload, reader=str(in_float32(Path(workload.reader), folder))).save(folder / "peers.json")
    scores = []
    for name in peer or PEERS:
        out = folder / f"{name}.json"
        if not out.exists():
            console.print(f"{name} …")
            own = environments / _ENVIRONMENTS[name] / "bin" / "python" if name in _ENVIRONMENTS else None
            given = folder / ("ours.json" if name.startswith("sourcespan") else "peers.json")
            run_peer(name, own or Path(sys.executable), given, out)
        scores.append(score(name, workload, json.loads(out.read_text(encoding="utf-8"))))
    console.print(str(facts))
    console.print(table(scores, workload))
    console.print(markdown(scores), soft_wrap=True)


def _is_there(passages: Sequence[str], row: dict[str, Any]) -> bool:
    return bool(passages[row["passage"]][row["start"] : row["end"]] == row["text"])


def _lines(scores: Sequence[Score]) -> list[tuple[str, list[str]]]:
    return [
        ("exact match", [f"{100 * s.exact_match:.1f}" for s in scores]),
        (
            "F1 (95% interval)",
            [f"{100 * s.f1:.1f} ({100 * s.f1_interval[0]:.1f}–{100 * s.f1_interval[1]:.1f})" for s in scores],
        ),
        ("hit@5", [f"{100 * s.hit:.1f}" for s in scores]),
        (
            "valid offsets",
            ["gives none" if s.valid_offsets is None else f"{100 * s.valid_offsets:.1f}" for s in scores],
        ),
        ("latency p50 / p95, ms", [f"{s.p50_ms:.0f} / {s.p95_ms:.0f}" for s in scores]),
        ("questions/s, 8 clients; ours over HTTP", [f"{s.questions_per_s:.1f}" for s in scores]),
        ("questions that ended in an error", [str(s.failed) for s in scores]),
        ("index, passages/s", [f"{s.passages_per_s:.0f}" for s in scores]),
        ("peak memory, MB", [f"{s.peak_memory_mb:.0f}" for s in scores]),
        ("start-up, s", [f"{s.start_up_s:.1f}" for s in scores]),
    ]


if __name__ == "__main__":
    typer.run(main)

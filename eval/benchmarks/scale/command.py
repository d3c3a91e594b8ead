"""``sourcespan eval scale``."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from eval.benchmarks.facts import Facts
from index.upkeep.terminal import Console

if TYPE_CHECKING:
    from eval.benchmarks.scale.vectors import Scaled
    from index.interfaces import Progress as Tell

_STDOUT = Path("-")
_GROWING = {
    "cpu_p95_ms": "p95, CPU",
    "build_cpu_seconds": "build, CPU",
    "index_bytes": "bytes",
    "resident_mb": "resident",
}


def scale(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="SQuAD JSON.", show_default="our article", exists=True, dir_okay=False),
    ] = None,
    passages: Annotated[
        list[int] | None, typer.Option(min=100, help="A size; several times.", show_default="10,000 and 100,000")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="flat, ivf, ivf-sq8 or words; several times.", show_default="all")
    ] = None,
    real: Annotated[int, typer.Option(min=10, help="At most so many real passages are embedded.")] = 5_000,
    questions: Annotated[int, typer.Option(min=10, help="At most so many questions are asked.")] = 500,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write everything there; - is the terminal.", dir_okay=False)
    ] = None,
) -> None:
    """Measure search at sizes up to millions: recall against exact search, time, memory, and how they grow.

    The vectors are real embeddings, multiplied with noise up to each size, the words those of real sentences in new
    passages. With --json FILE a run that was stopped goes on.
    """
    from eval.benchmarks.scale.vectors import VECTOR_KINDS, Scaled, embedded, measure, texts_and_questions
    from eval.benchmarks.scale.words import WORDS, measure_words
    from eval.journal import Journal
    from rag.config import ModelConfig
    from rag.models.loading import load_embedder

    every = (*VECTOR_KINDS, WORDS)
    kinds = [known for known in every if known in (kind or every)]
    if unknown := set(kind or []) - set(kinds):
        raise typer.BadParameter(f"no such kind: {', '.join(sorted(unknown))}")
    sizes = sorted(set(passages or [10_000, 100_000]))
    texts, asked = texts_and_questions(files or [], real, questions)
    facts = _facts(texts, asked)
    vectors = None
    if set(kinds) - {WORDS}:
        with _bar(f"Embedding {len(texts):,} passages") as progress:
            vectors = embedded(load_embedder(ModelConfig()), texts, asked, progress)
    with tempfile.TemporaryDirectory(prefix="sourcespan-scale-") as folder:
        kept = Path(folder) / "kept" if json_file is None or json_file == _STDOUT else json_file
        with Journal(kept.with_suffix(".measured.jsonl"), facts, Scaled) as journal:
            for size in sizes:
                known = {row.kind for row in journal.rows if row.passages == size}
                left = [name for name in kinds if name not in known]
                if vectors is not None:
                    for row in measure(*vectors, size, [name for name in VECTOR_KINDS if name in left], _bar):
                        journal.keep(row)
                if WORDS in left:
                    journal.keep(measure_words(texts, asked, size, _bar))
        measured = {(row.passages, row.kind): row for row in journal.rows}
        rows = [measured[size, name] for size in sizes for name in kinds]
        _say(rows, facts, json_file)
        kept.with_suffix(".measured.jsonl").unlink()


def _facts(texts: Sequence[str], questions: Sequence[str]) -> dict[str, Any]:
    """What the figures are of: the machine, the program, the texts."""
    return {
        **asdict(Facts.here()),
        "real": len(texts),
        "questions": len(questions),
        "texts_sha256": hashlib.sha256(repr((texts, questions)).encode()).hexdigest()[:16],
    }


@contextmanager
def _bar(what: str) -> Iterator[Tell]:
    """Progress on stderr while the block runs."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _say(rows: Sequence[Scaled], facts: Mapping[str, Any], json_file: Path | None) -> None:
    from eval.benchmarks.scale.vectors import growth

    exponents = growth(rows)
    if json_file is not None:
        content = {**facts, "measured": [asdict(row) for row in rows], "growth": exponents}
        written = json.dumps(content, indent=2, ensure_ascii=False)
        if json_file == _STDOUT:
            print(written)
            return
        json_file.write_text(written + "\n", encoding="utf-8")
    console = Console()
    console.print(f"{facts['machine']}, FAISS {facts['versions']['faiss-cpu']}, commit {facts['commit'][:12]}")
    made_up = "the others with noise, or of their sentences"
    console.print(f"{facts['real']:,} real passages, {made_up}; {facts['questions']:,} real questions")
    for table in (_searching(rows), _building(rows)):
        console.print(table)
        console.print()
    if exponents:
        console.print("Grows as the number of passages to the … (1: in proportion; 0.5: as its root)")
        console.print(_growing(exponents))


def _searching(rows: Sequence[Scaled]) -> Table:
    table = _table("passages", "kind", "", numbers=("recall@10", "p50 ms", "p95 ms", "p95 CPU ms"))
    for m in rows:
        times = (m.p50_ms, m.p95_ms, m.cpu_p95_ms)
        table.add_row(f"{m.passages:,}", m.kind, m.how, f"{m.recall:.3f}", *map(_short, times))
    return table


def _building(rows: Sequence[Scaled]) -> Table:
    table = _table("passages", "kind", numbers=("build s", "CPU s", "bytes each", "resident MB", "peak MB"))
    for m in rows:
        sizes = (m.bytes_per_passage, m.resident_mb, m.peak_mb)
        times = (m.build_seconds, m.build_cpu_seconds)
        table.add_row(f"{m.passages:,}", m.kind, *map(_short, times), *(f"{size:,.0f}" for size in sizes))
    return table


def _growing(exponents: Mapping[str, Mapping[str, float]]) -> Table:
    table = _table("kind", numbers=tuple(_GROWING.values()))
    for kind, exponent in exponents.items():
        table.add_row(kind, *(f"{exponent[name]:.2f}" for name in _GROWING))
    return table


def _table(*columns: str, numbers: Sequence[str]) -> Table:
    table = Table(*columns, box=None, pad_edge=False)
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"

"""``sourcespan eval scale``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from index.vector_rule import Choice

KINDS: tuple[Choice, ...] = ("flat", "ivf", "ivf-sq8")


def scale(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="SQuAD JSON.", show_default="our article", exists=True, dir_okay=False),
    ] = None,
    passages: Annotated[list[int] | None, typer.Option(min=100, help="A size; several times.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="flat, ivf or ivf-sq8; several times.", show_default="all")
    ] = None,
    real: Annotated[int, typer.Option(min=10, help="At most so many real passages are embedded.")] = 5_000,
    questions: Annotated[int, typer.Option(min=10, help="At most so many questions are asked.")] = 500,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure search at sizes up to millions: recall against exact search, time, memory.

    The vectors are real embeddings, multiplied with noise up to each size.
    """
    from eval.scale import embedded, measure, texts_and_questions
    from rag.loading import ModelConfig, load_embedder

    kinds = [known for known in KINDS if known in (kind or KINDS)]
    if unknown := set(kind or []) - set(kinds):
        raise typer.BadParameter(f"no such kind: {', '.join(sorted(unknown))}")
    texts, asked = texts_and_questions(files or [], real, questions)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Embedding {len(texts):,} passages", total=len(texts))
        vectors, queries = embedded(
            load_embedder(ModelConfig()), texts, asked, lambda done, total: bar.update(task, completed=done)
        )
    console = Console()
    title = f"{len(vectors):,} real passages, the others with noise; {len(queries):,} real questions"
    columns = ("passages", "kind", "lists", "probes", "recall@10", "p50 ms", "p95 ms", "p95 CPU ms", "build s")
    table = Table(*columns, "bytes/passage", "resident MB", "peak MB", title=title)
    for count in passages or [10_000, 100_000]:
        for m in measure(vectors, queries, count, kinds):
            if as_json:
                print(json.dumps({**asdict(m), "real": len(vectors), "questions": len(queries)}), flush=True)
            table.add_row(
                *(f"{count:,}", m.plan.kind, str(m.plan.lists), str(m.plan.probes), f"{m.recall:.3f}"),
                *(f"{value:.2f}" for value in (m.p50_ms, m.p95_ms, m.cpu_p95_ms, m.build_seconds)),
                *(f"{value:,.0f}" for value in (m.bytes_per_passage, m.resident_mb, m.peak_mb)),
            )
    if not as_json:
        console.print(table)

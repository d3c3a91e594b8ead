"""``sourcespan eval``: measure, and say what is lost where."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from eval.datasets import ARTICLE, ARTICLE_QUESTIONS, in_words_of, locate, read_questions
from eval.report import as_dict, show

app = typer.Typer(help="Measure how well questions are answered.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps ``article`` a command of its own while it is the only one."""


@app.command()
def article(
    document: Annotated[
        Path, typer.Option(help="The text that is asked.", show_default="our retelling", exists=True, dir_okay=False)
    ] = ARTICLE,
    questions: Annotated[
        Path, typer.Option(help="JSON lines of questions.", show_default="ours", exists=True, dir_okay=False)
    ] = ARTICLE_QUESTIONS,
    top_k: Annotated[int, typer.Option(help="Passages to read.")] = 5,
    per_question: Annotated[bool, typer.Option(help="The table of all questions, not only of misses.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every question.")] = False,
) -> None:
    """Ask hand-written questions of one document, from retrieval to abstention."""
    from eval.metrics import measure
    from eval.run import run
    from index.parsing import parse_file
    from rag.loading import load

    asked = read_questions(questions)
    draft = parse_file(document)
    asked = [in_words_of(draft.text, question) for question in asked]
    for question in asked:
        if question.accepted and not locate(draft.text, question.accepted):
            raise typer.BadParameter(f"{document} holds no accepted answer to {question.id}: {question.question}")
    with tempfile.TemporaryDirectory(prefix="sourcespan-eval-") as folder:
        parts = load(Path(folder))
        with parts.index:
            parts.index.add(draft)
            parts.answerer.ask(asked[0].question)  # the first question of a process pays for its warming up
            ask = lambda question: parts.answerer.ask(question, top_k=top_k)  # noqa: E731
            outcomes = list(
                track(run(ask, asked), "Asking", total=len(asked), console=Console(stderr=True), transient=True)
            )
            models = {"embedder": parts.embedder.fingerprint, "reader": parts.reader.fingerprint}
    measures = measure(outcomes)
    if as_json:
        report = {"document": document.name, **models, "measures": asdict(measures)}
        print(json.dumps({**report, "questions": [as_dict(o) for o in outcomes]}, indent=2, ensure_ascii=False))
    else:
        show(outcomes, measures, title=f"{document.name}, {models['reader']}", per_question=per_question)

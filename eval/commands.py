"""``sourcespan eval``: measure, and say what is lost where."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import track

from eval.datasets import (
    ARTICLE,
    ARTICLE_QUESTIONS,
    EvalQuestion,
    in_words_of,
    locate,
    read_questions,
    squad_questions,
)
from eval.report import as_dict, show
from eval.scale_command import scale

if TYPE_CHECKING:
    from rag.loading import Parts

T = TypeVar("T")

app = typer.Typer(help="Measure how well questions are answered.", no_args_is_help=True)
app.command()(scale)

TopK = Annotated[int, typer.Option(min=1, max=50, help="Passages to read.")]
PerQuestion = Annotated[bool, typer.Option(help="The table of all questions, not only of misses.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with every question.")]


@app.command()
def article(
    document: Annotated[
        Path, typer.Option(help="The text that is asked.", show_default="our retelling", exists=True, dir_okay=False)
    ] = ARTICLE,
    questions: Annotated[
        Path, typer.Option(help="JSON lines of questions.", show_default="ours", exists=True, dir_okay=False)
    ] = ARTICLE_QUESTIONS,
    top_k: TopK = 5,
    per_question: PerQuestion = False,
    as_json: AsJson = False,
) -> None:
    """Ask hand-written questions of one document, from retrieval to abstention."""
    from index.parsing import parse_file

    draft = parse_file(document)
    asked = [in_words_of(draft.text, question) for question in read_questions(questions)]
    for question in asked:
        if question.accepted and not locate(draft.text, question.accepted):
            raise typer.BadParameter(f"{document} holds no accepted answer to {question.id}: {question.question}")
    with _loaded() as parts:
        parts.index.add(draft)
        _measure(parts, asked, document.name, top_k=top_k, per_question=per_question, as_json=as_json)


@app.command()
def squad(
    file: Annotated[Path, typer.Argument(help="SQuAD 1.1 or 2.0 JSON, plain or .gz.", exists=True, dir_okay=False)],
    whole: Annotated[
        bool, typer.Option("--open/--gold", help="Ask all paragraphs together, or each question its own paragraph.")
    ] = False,
    absent: Annotated[
        float,
        typer.Option(min=0, max=0.9, help="With --open: share of paragraphs that are left out."),
    ] = 0.0,
    limit: Annotated[int, typer.Option(min=1, help="Questions, drawn at random.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    top_k: TopK = 5,
    as_json: AsJson = False,
) -> None:
    """Ask questions in SQuAD's format, of all their paragraphs in one index or of the paragraph each belongs to."""
    from index.build import add_many
    from index.documents import DocumentDraft
    from rag.squad import read_squad

    texts, asked = squad_questions(list(read_squad(file)), absent=absent if whole else 0.0, limit=limit, seed=seed)
    if not whole:
        wanted = {question.passage for question in asked}
        texts = [text for text in texts if text in wanted]
    with _loaded() as parts:
        stored = add_many(parts.index, [DocumentDraft("", text) for text in texts])
        added = zip(texts, _tracked(stored, "Indexing", len(texts)), strict=True)
        ids = {text: document.id for text, (document, _) in added}
        if not whole:
            asked = [replace(question, document_id=ids[question.passage]) for question in asked]
        _measure(parts, asked, file.name, top_k=top_k, per_question=False, as_json=as_json)


@contextmanager
def _loaded() -> Iterator[Parts]:
    """The default models over an empty index that is thrown away."""
    from rag.loading import load

    with tempfile.TemporaryDirectory(prefix="sourcespan-eval-") as folder:
        parts = load(Path(folder))
        with parts.index:
            yield parts


def _measure(
    parts: Parts, asked: Sequence[EvalQuestion], name: str, *, top_k: int, per_question: bool, as_json: bool
) -> None:
    from eval.metrics import measure
    from eval.run import run

    parts.answerer.ask(asked[0].question)  # the first question of a process pays for its warming up
    outcomes = list(_tracked(run(parts.answerer, asked, top_k=top_k), "Asking", len(asked)))
    measures = measure(outcomes)
    models = {"embedder": parts.embedder.fingerprint, "reader": parts.reader.fingerprint}
    if as_json:
        report = {"name": name, **models, "top_k": top_k, "measures": asdict(measures)}
        print(json.dumps({**report, "questions": [as_dict(o) for o in outcomes]}, indent=2, ensure_ascii=False))
    else:
        show(outcomes, measures, title=f"{name}, {models['reader']}", per_question=per_question)


def _tracked(work: Iterable[T], what: str, total: int) -> Iterable[T]:
    return track(work, what, total=total, console=Console(stderr=True), transient=True)

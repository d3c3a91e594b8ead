"""``sourcespan eval``: measure, and say what is lost where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from eval.benchmarks.decoding.command import decoding
from eval.benchmarks.load.command import load
from eval.benchmarks.scale.command import scale
from eval.model_options import DEFAULTS, Chosen, with_model_options
from index.upkeep.terminal import Console

if TYPE_CHECKING:
    from eval.reports.results import Result

_STDOUT = Path("-")


class _RunsByDefault(TyperGroup):
    """``eval X`` is ``eval run X``, where X is no command."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunsByDefault,
    help="Measure how well questions are answered. `eval NAME|FILE|FOLDER` is `eval run NAME|FILE|FOLDER`.",
    no_args_is_help=True,
)
app.command()(decoding)
app.command()(scale)
app.command()(load)


@app.command("run")
@with_model_options
def run_suite(
    target: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE|FOLDER",
            help="`article`; SQuAD 1.1 or 2.0 JSON, plain or .gz, such as exported feedback; questions of your own as "
            ".jsonl or .csv; a folder in BEIR's layout.",
        ),
    ],
    document: Annotated[
        list[Path] | None,
        typer.Option(
            help="Files and folders that are asked, for the article or your own questions; with --open, SQuAD whose "
            "paragraphs lie beside."
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--open/--gold", help="SQuAD: ask all paragraphs together, or each question its own.")
    ] = False,
    absent: Annotated[float, typer.Option(min=0, max=0.9, help="With --open: share of paragraphs left out.")] = 0.0,
    retrieval: Annotated[bool, typer.Option(help="SQuAD: only whether the paragraph is found, among all.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Questions, drawn at random.", show_default="all")] = None,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    top_k: Annotated[int, typer.Option(min=1, max=50, help="Passages to read.")] = 5,
    url: Annotated[str, typer.Option(help="A running server to ask, instead of the models here.")] = "",
    database: Annotated[
        str, typer.Option(help="An empty PostgreSQL, postgresql://…, to keep the documents in (docs/postgres.md).")
    ] = "",
    chosen: Chosen = DEFAULTS,
    per_question: Annotated[bool, typer.Option(help="The table of all questions, not only of misses.")] = False,
    quiet: Annotated[bool, typer.Option(help="Print no tables.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write everything there; - is the terminal.", dir_okay=False)
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report to look at there.", dir_okay=False)] = None,
) -> None:
    """Ask a set of questions, from retrieval to abstention, and say how well they were answered.

    With --json or --html, answers are kept beside the output as they are given: a run that was stopped goes on.
    """
    from eval.reports.report import save_page
    from eval.reports.terminal import show
    from eval.session import Session, measured
    from eval.suites.choosing import Choice, open_suite

    choice = Choice(tuple(document or ()), whole, absent, retrieval, limit, seed)
    suite = open_suite(target, choice, served=bool(url))
    output = next((path for path in (json_file, html) if path not in (None, _STDOUT)), None)
    session = Session(chosen.models, url, top_k, chosen.retriever, output, database)
    result = measured(suite, session)
    if html is not None:
        save_page(result, html)
    if json_file == _STDOUT:
        print(json.dumps(result.as_json(), indent=2, ensure_ascii=False))
    else:
        _save(result, json_file)
        if not quiet:
            show(result, per_question=per_question)
    for path in (html, json_file):
        if not quiet and path not in (None, _STDOUT):
            Console(stderr=True).print(f"Written to {path}")
    if session.kept is not None:
        session.kept.unlink()


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="A result of --json.", exists=True, dir_okay=False)],
    after: Annotated[Path, typer.Argument(help="Another one, of the same questions.", exists=True, dir_okay=False)],
    per_question: Annotated[bool, typer.Option(help="The questions won and lost.")] = True,
) -> None:
    """Say whether the second run is better than the first, question by question."""
    from eval.reports.compare import compare_results, show_comparison
    from eval.reports.results import read_result

    show_comparison(compare_results(read_result(before), read_result(after)), before.name, after.name, per_question)


@app.command()
@with_model_options
def dialogues(
    chosen: Chosen = DEFAULTS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask 60 dialogues of our own, and say how many follow-ups are read as they are meant."""
    from eval.session import Session, opened
    from eval.suites.dialogues import read_dialogues, read_follow_ups

    suite = read_dialogues()
    with opened(Session(chosen.models, retriever=chosen.retriever)) as library:
        ids = [added.document_or_error().id for added in library.add_many(suite.documents)]
        asked = list(read_follow_ups(suite, library, ids))
    right = sum(each.is_right for each in asked)
    if as_json:
        print(json.dumps({"follow_ups": len(asked), "right": right}))
        return
    console = Console()
    for each in (each for each in asked if not each.is_right):
        meant = " or ".join(text or "as it stands" for text in each.turn.read_as)
        console.print(
            f"{each.turn.question} → {each.read_as or 'as it stands'}, not {meant}", markup=False, soft_wrap=True
        )
    share = f"{100 * right / len(asked):.1f}%"
    console.print(
        f"{right} of {len(asked)} follow-ups, in {len(suite.dialogues)} dialogues, are read as meant: {share}"
    )


@app.command()
@with_model_options
def check(
    expectations: Annotated[
        Path | None, typer.Option(help="JSON of expectations.", show_default="ours", exists=True, dir_okay=False)
    ] = None,
    data: Annotated[
        Path, typer.Option(help="Folder of the files that the commands name.", exists=True, file_okay=False)
    ] = Path(),
    quick: Annotated[bool, typer.Option(help="Only those that need no files and little time.")] = False,
    update: Annotated[bool, typer.Option(help="Write what was measured in the place of what was expected.")] = False,
    chosen: Chosen = DEFAULTS,
) -> None:
    """Measure the published figures again. Exit code 1 where one is out of its tolerance."""
    from eval.expectations import EXPECTATIONS, check_all, read_expectations, write_expectations
    from eval.session import Session

    path = expectations or EXPECTATIONS
    session = Session(chosen.models, retriever=chosen.retriever)
    checked, fine = check_all(read_expectations(path), data, session, quick=quick, console=Console())
    if update:
        write_expectations(path, checked)
    if not fine and not update:
        raise typer.Exit(1)


def _save(result: Result, path: Path | None) -> None:
    if path is not None:
        result.save(path)

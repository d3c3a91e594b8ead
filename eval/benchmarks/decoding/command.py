"""``sourcespan eval decoding``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from index.upkeep.terminal import Console

if TYPE_CHECKING:
    from eval.benchmarks.decoding.choices import Row
    from eval.run import Outcome
    from index.passages.splitting import PassageSize
    from rag.engine import Sourcespan


def decoding(
    file: Annotated[Path, typer.Argument(help="SQuAD JSON, plain or .gz: held out.", exists=True, dir_okay=False)],
    absent: Annotated[float, typer.Option(min=0, max=0.9, help="Share of paragraphs left out.")] = 0.2,
    limit: Annotated[int, typer.Option(min=1, help="Questions, drawn at random.")] = 500,
    seed: Annotated[int, typer.Option(help="Of both draws.")] = 0,
    choice: Annotated[list[str] | None, typer.Option(help="Only these choices.", show_default="all")] = None,
    reader: Annotated[
        str, typer.Option(envvar="SOURCESPAN_READER", help="Folder or name.", show_default="the bundled one")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Vary one choice of decoding at a time, over all paragraphs of FILE in one index: quality and time."""
    from rich.progress import track

    from eval.benchmarks.decoding.choices import measure
    from eval.suites.datasets import squad_suite
    from rag.config import DEFAULT_READER, ModelConfig
    from rag.engine import Sourcespan
    from rag.squad import read_squad

    def wrap(outcomes: Iterable[Outcome], what: str, total: int) -> Iterable[Outcome]:
        return track(outcomes, what, total=total, console=Console(stderr=True), transient=True)

    suite = squad_suite(file.name, list(read_squad(file)), whole=True, absent=absent, limit=limit, seed=seed)
    models = ModelConfig(reader=reader or DEFAULT_READER)

    @contextmanager
    def indexed(size: PassageSize) -> Iterator[Sourcespan]:
        with (
            tempfile.TemporaryDirectory(prefix="sourcespan-decoding-") as folder,
            Sourcespan.open(folder, models, size=size) as library,
        ):
            for _ in library.add_many(list(suite.documents.values())):
                pass
            yield library

    rows = list(measure(indexed, models, suite.questions, wrap, choice or ()))
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _show(rows, len(suite.questions), file.name)


def _show(rows: Sequence[Row], questions: int, name: str) -> None:
    """Prints the table; each row differs from the first in one thing."""
    table = Table(title=f"{name}, {questions} questions", title_justify="left", box=None, pad_edge=True)
    table.add_column("choice")
    table.add_column("value")
    for heading in ("EM", "F1", "F1 all", "p50 ms"):
        table.add_column(heading, justify="right")
    for row in rows:
        figures = (f"{100 * row.exact:.1f}", f"{100 * row.f1:.1f}", f"{100 * row.f1_all:.1f}")
        table.add_row(row.choice, row.value, *figures, f"{row.milliseconds:.0f}")
    Console().print(table)

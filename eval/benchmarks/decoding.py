"""The choices of decoding, one varied at a time: from how passages are found to how their spans are ranked."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.table import Table

from eval.suites.datasets import EvalQuestion, squad_suite
from index.splitting import PassageSize
from index.terminal import Console
from rag.confidence.calibration import RANKING, UNFITTED, worth
from rag.confidence.probability_measures import best_threshold
from rag.config import AskConfig, ReaderConfig, RetrieverConfig

if TYPE_CHECKING:
    from eval.askers import Asker
    from eval.run import Outcome
    from rag.engine import Sourcespan
    from rag.loading import ModelConfig

Wrap = Callable[[Iterable["Outcome"], str, int], Iterable["Outcome"]]
Indexed = Callable[[PassageSize], AbstractContextManager["Sourcespan"]]
"""The documents in passages of this size, with what answers questions from them."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """One way to read. ``fitted`` ranks by the calibration's weighted evidence, else by the reader's score alone."""

    top_k: int = 5
    passage: PassageSize = field(default_factory=PassageSize)
    dense_weight: float = RetrieverConfig().dense_weight
    reader: ReaderConfig = field(default_factory=ReaderConfig)
    fitted: bool = False
    sure: float = 1.0
    """The confidence at which reading stops, where confidence is fitted."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one way to read gives."""

    choice: str
    value: str
    is_default: bool
    exact: float
    f1: float
    """Of the questions that have an answer."""
    f1_all: float
    """Of all, abstaining below the score that is best for these very questions."""
    milliseconds: float
    """Median time of a question."""


def variants() -> Iterator[tuple[str, str, Decoding]]:
    """(choice, value, the decoding): the default first, then each choice's other values."""
    default, reader = Decoding(), ReaderConfig()
    yield "default", "", default
    for top_k in (1, 2, 3, 8, 12):
        yield "passages read", str(top_k), replace(default, top_k=top_k)
    for weight in (0.6, 0.7, 0.9, 1.0):
        yield "weight of meaning", f"{weight:g}", replace(default, dense_weight=weight)
    for window, stride in ((256, 128), (384, 64), (512, 128)):
        config = replace(reader, max_window_tokens=window, stride=stride)
        yield "window, stride", f"{window}, {stride}", replace(default, reader=config)
    for longest in (10, 20, 45):
        config = replace(reader, max_answer_tokens=longest)
        yield "longest span, tokens", str(longest), replace(default, reader=config)
    for weight in (0.0, 0.5):
        yield "weight of the null", f"{weight:g}", replace(default, reader=replace(reader, null_weight=weight))
    yield "ranking", f"{', '.join(RANKING)} (fitted)", replace(default, fitted=True)
    for sure in (0.6, 0.7, 0.8):
        yield "fitted, and reading stops at", f"{sure:g}", replace(default, fitted=True, sure=sure)
    for tokens, overlap in ((70, 15), (100, 25), (150, 35), (200, 45)):
        size = PassageSize(tokens, overlap)
        yield "passage, overlap, tokens", f"{tokens}, {overlap}", replace(default, passage=size)


def measure(
    indexed: Indexed, models: ModelConfig, asked: Sequence[EvalQuestion], wrap: Wrap, chosen: Sequence[str] = ()
) -> Iterator[Row]:
    """Asks all questions in every way, yielding a row at a time."""
    from eval.run import run

    wanted = [variant for variant in variants() if not chosen or variant[0] in chosen]
    for size, of_size in groupby(wanted, key=lambda variant: variant[2].passage):
        with indexed(size) as library:
            for choice, value, decoding in of_size:
                asker = _asker(library, models, decoding)
                outcomes = wrap(run(asker, asked, top_k=decoding.top_k), f"{choice} {value}", len(asked))
                yield _row(choice, value, list(outcomes), is_default=choice == "default")


def _asker(library: Sourcespan, models: ModelConfig, decoding: Decoding) -> Asker:
    from eval.askers import InProcess
    from rag.engine import Sourcespan
    from rag.loading import load_reader

    config = replace(decoding.reader, precision=models.precision)
    reader, calibration = load_reader(models, library.embedder.fingerprint, config)
    varied = Sourcespan(
        library.index,
        library.embedder,
        reader,
        calibration if decoding.fitted else UNFITTED,
        retriever=RetrieverConfig(dense_weight=decoding.dense_weight),
        ask=AskConfig(sure=decoding.sure),
    )
    return InProcess(varied)


def _row(choice: str, value: str, outcomes: Sequence[Outcome], *, is_default: bool) -> Row:
    answerable = np.array([bool(o.question.accepted) for o in outcomes])
    exact, f1 = (np.array([getattr(o, name) for o in outcomes]) * answerable for name in ("exact", "f1"))
    told = (np.array([getattr(o, name) for o in outcomes]) for name in ("confidence", "answerable"))
    return Row(
        choice=choice,
        value=value,
        is_default=is_default,
        exact=float(exact[answerable].mean()),
        f1=float(f1[answerable].mean()),
        f1_all=best_threshold(worth(*told), f1, (~answerable).astype(np.float64))[1],
        milliseconds=float(np.median([o.timings.total for o in outcomes])),
    )


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

    from rag.engine import Sourcespan
    from rag.loading import DEFAULT_READER, ModelConfig
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
        show(rows, len(suite.questions), file.name)


def show(rows: Sequence[Row], questions: int, name: str) -> None:
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

"""How search in a PostgreSQL grows with the number of passages, and an estimate for more than can be tried here.

    python -m eval.benchmarks.scale.shared postgresql://… squad11_dev.json.gz --passages 100000 --json shared.json

The database is to be an empty one on this machine. It is filled further from size to size with the vectors and texts of
`sourcespan eval scale`, in documents of 1,000 passages, and stays; the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import monotonic

import numpy as np

from eval.benchmarks.facts import Facts
from eval.benchmarks.postgres_cost import PostgresCost
from eval.benchmarks.scale.vectors import Asked, Stopwatch, embedded, exact, expanded, texts_and_questions
from eval.benchmarks.scale.words import as_document, made_up
from eval.journal import Journal
from index.documents import DocumentDraft
from index.interfaces import Keys, Vectors
from index.store.catalogue.arrivals import Putting
from index.store.catalogue.catalogue import Catalogue
from index.store.catalogue.stored import NewDocument
from index.store.opening import at, opened
from index.vectors.shared import GRAPH, SharedVectors
from rag.config import ModelConfig
from rag.models.loading import load_embedder

_OF_A_DOCUMENT = 1_000
_ALLOWED = 10
"""A filter allows one document in so many."""
_MODELLED = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
_SECONDS_BETWEEN_NEWS = 20.0


@dataclass(frozen=True, slots=True)
class SharedScaled:
    """What was measured at one size. Times are of a machine that does other things too, but for processor time."""

    passages: int
    load_ms: float
    """For each passage that was put in last, with what Python does for it."""
    load_cpu_ms: float
    """Of that, processor time of PostgreSQL."""
    graph_seconds: float
    graph_cpu_seconds: float
    bytes: int
    graph_bytes: int
    recall: float
    """Of the ten best of exact search, by the graph."""
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    """Of PostgreSQL for a search, in the mean; so below."""
    filtered_recall: float
    filtered_p50_ms: float
    filtered_p95_ms: float
    filtered_cpu_ms: float


GROWING = ("load_cpu_ms", "graph_cpu_seconds", "bytes", "graph_bytes", "cpu_ms", "filtered_cpu_ms")
"""The figures of which `exponents` tells."""


class Filled:
    """A database with so many of the passages as it was filled with."""

    def __init__(self, url: str, folder: Path, real: Vectors, texts: Sequence[str]) -> None:
        self.database = at(url)
        self.catalogue = Catalogue(*opened(folder, url), embedder="scale", dimension=real.shape[1])
        self._real = real
        self._texts = texts

    def close(self) -> None:
        """Lets go of it."""
        self.catalogue.close()
        self.database.close()

    def fill(self, count: int, tell: Callable[[str], None]) -> tuple[int, Stopwatch]:
        """Puts in what is missing; gives how many passages these were, and how long it took."""
        there = self.catalogue.count()[1]
        watch = Stopwatch()
        texts = islice(made_up(self._texts, count), there, None)
        for keys, vectors in expanded(self._real, count):
            if keys[-1] <= there:
                continue
            with watch.running():
                self.catalogue.put(list(_documents(keys, vectors, list(islice(texts, len(keys))))), Putting())
            tell(f"{keys[-1]:,} of {count:,} passages are in")
        return max(0, count - there), watch

    def aside(self, statement: str) -> None:
        """Runs a statement that stands outside of transactions."""
        with self.database.aside() as db:
            db.execute(statement)


def _documents(keys: Keys, vectors: Vectors, texts: Sequence[str]) -> Iterator[tuple[DocumentDraft, NewDocument]]:
    for start in range(0, len(keys), _OF_A_DOCUMENT):
        end = start + _OF_A_DOCUMENT
        yield as_document(texts[start:end], vectors[start:end], _id((int(keys[start]) - 1) // _OF_A_DOCUMENT))


def _id(number: int) -> str:
    return f"{number:08}"


def measure(filled: Filled, real: Vectors, questions: Vectors, count: int, tell: Callable[[str], None]) -> SharedScaled:
    """Fills the database up to ``count`` passages, makes the graph, and asks."""
    cost = PostgresCost(filled.database)
    filled.aside(f"DROP INDEX IF EXISTS {GRAPH}")
    began = cost.cpu_seconds()
    added, loading = filled.fill(count, tell)
    load_cpu = cost.cpu_seconds() - began
    filled.aside("VACUUM (ANALYZE) passages")
    filled.aside("CHECKPOINT")
    tell("the graph is being made")
    # always by the graph: this is what grows
    dense = SharedVectors(filled.database, filled.catalogue, real.shape[1], exact_up_to=0)
    began, making = cost.cpu_seconds(), Stopwatch()
    with making.running():
        dense.save_snapshot()
    graph_cpu = cost.cpu_seconds() - began
    filtered = SharedVectors(filled.database, filled.catalogue, real.shape[1])
    allowed = [_id(number) for number in range(0, count // _OF_A_DOCUMENT, _ALLOWED)]
    keys = filled.catalogue.keys()

    def asked(search: SharedVectors, nearest: Keys, documents: Sequence[str] | None) -> tuple[float, ...]:
        def ask(question: Vectors) -> list[tuple[int, float]]:
            return search.search(question, nearest.shape[1], documents)

        for question in questions[:50]:
            ask(question)  # what is looked at first comes from the disk
        began = cost.cpu_seconds()
        found = Asked.of(ask, list(questions), lambda *_: None)
        cpu_ms = (cost.cpu_seconds() - began) * 1e3 / len(questions)
        # the keys are in the order of the vectors, but a change that was rolled back used some up
        places = [set((np.searchsorted(keys, row) + 1).tolist()) for row in found.keys]
        both = sum(len(row & set(right.tolist())) for row, right in zip(places, nearest, strict=True))
        return both / nearest.size, *(float(np.percentile(found.ms, share)) for share in (50, 95)), cpu_ms

    tell("asking")
    of_all = asked(dense, exact(real, count, questions, lambda *_: None), None)
    right = exact(
        real, count, questions, lambda *_: None, kept=lambda keys: (keys - 1) // _OF_A_DOCUMENT % _ALLOWED == 0
    )
    of_some = asked(filtered, right, allowed)
    dense.close()
    filtered.close()
    return SharedScaled(
        count,
        loading.seconds * 1e3 / max(1, added),
        load_cpu * 1e3 / max(1, added),
        making.seconds,
        graph_cpu,
        cost.bytes_of(),
        cost.bytes_of(GRAPH),
        *of_all,
        *of_some,
    )


def exponents(rows: Sequence[SharedScaled]) -> dict[str, float]:
    """x, where a figure grows as the number of passages to the x: the line through the logarithms, by least squares."""
    sizes = np.log([row.passages for row in rows])
    return {name: float(np.polyfit(sizes, np.log([getattr(row, name) for row in rows]), 1)[0]) for name in GROWING}


def modelled(rows: Sequence[SharedScaled], sizes: Sequence[int] = _MODELLED) -> list[dict[str, float]]:
    """What the figures would be at other sizes, if they grew on from the largest measured one as they did up to it."""
    largest, grows = max(rows, key=lambda row: row.passages), exponents(rows)
    return [
        {"passages": size}
        | {name: getattr(largest, name) * (size / largest.passages) ** grows[name] for name in GROWING}
        for size in sizes
    ]


def tables(rows: Sequence[SharedScaled]) -> str:
    """What was measured and what is modelled, as Markdown."""
    measured = [
        "| passages | put in, a passage | graph | CPU of it | on disk | of that the graph | recall@10 | p50, p95, CPU "
        "| filtered: recall@10 | p50, p95, CPU |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for m in rows:
        times = [
            f"{p50:.1f}, {p95:.1f}, {cpu:.1f} ms"
            for p50, p95, cpu in (
                (m.p50_ms, m.p95_ms, m.cpu_ms),
                (m.filtered_p50_ms, m.filtered_p95_ms, m.filtered_cpu_ms),
            )
        ]
        measured.append(
            f"| {m.passages:,} | {m.load_ms:.2f} ms | {m.graph_seconds:,.0f} s | {m.graph_cpu_seconds:,.0f} s "
            f"| {m.bytes / 1e9:,.2f} GB | {m.graph_bytes / 1e9:,.2f} GB | {m.recall:.3f} | {times[0]} "
            f"| {m.filtered_recall:.3f} | {times[1]} |"
        )
    if len(rows) < 2:
        return "\n".join(measured)
    model = [
        "| passages | to put in, CPU | graph, CPU | on disk | of that the graph | a search, CPU |",
        "|---|---|---|---|---|---|",
    ]
    for row in modelled(rows):
        load = row["load_cpu_ms"] * row["passages"] / 1e3
        model.append(
            f"| {row['passages']:,} | {load / 3_600:,.2f} h | {row['graph_cpu_seconds'] / 3_600:,.1f} h "
            f"| {row['bytes'] / 1e9:,.0f} GB | {row['graph_bytes'] / 1e9:,.0f} GB | {row['cpu_ms']:,.1f} ms |"
        )
    grows = ", ".join(f"{name} {exponent:.2f}" for name, exponent in exponents(rows).items())
    return "\n".join(
        [*measured, "", f"With the number of passages each figure grows by this exponent: {grows}", "", *model]
    )


def main() -> None:
    """Measures each size, and prints tables; --json writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database")
    parser.add_argument("files", nargs="*", type=Path, help="SQuAD JSON; by default our article")
    parser.add_argument("--passages", type=int, action="append", help="a multiple of 10,000; several times")
    parser.add_argument("--real", type=int, default=5_000)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--json", type=Path, required=True, help="where the figures are kept")
    arguments = parser.parse_args()
    texts, asked = texts_and_questions(arguments.files, arguments.real, arguments.questions)
    facts = asdict(Facts.here()) | {"texts": hashlib.sha256(repr((texts, asked)).encode()).hexdigest()[:16]}
    tell = _News().tell
    tell(f"embedding {len(texts):,} passages")
    real, questions = embedded(load_embedder(ModelConfig()), texts, asked, lambda *_: None)
    with (
        tempfile.TemporaryDirectory(prefix="sourcespan-scale-") as folder,
        Journal(arguments.json.with_suffix(".measured.jsonl"), facts, SharedScaled) as journal,
    ):
        filled = Filled(arguments.database, Path(folder), real, texts)
        for size in sorted(arguments.passages or [10_000, 100_000]):
            if size not in {row.passages for row in journal.rows}:
                journal.keep(measure(filled, real, questions, size, tell))
        filled.close()
        rows = sorted(journal.rows, key=lambda row: row.passages)
    grows = exponents(rows) if len(rows) > 1 else {}
    written = facts | {"measured": [asdict(row) for row in rows], "growth": grows}
    arguments.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    print(tables(rows))


class _News:
    """Lines on stderr, not too many of them."""

    def __init__(self) -> None:
        self._last = -_SECONDS_BETWEEN_NEWS

    def tell(self, news: str) -> None:
        if monotonic() - self._last >= _SECONDS_BETWEEN_NEWS:
            self._last = monotonic()
            print(f"{datetime.now(UTC):%H:%M:%S} {news}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

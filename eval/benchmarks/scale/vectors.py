"""How the search for vectors grows with the number of passages: each kind of index against exact search.

The questions are real, and so are the first vectors. The others are real ones moved by the difference of two further
real ones, made half as long: noise, but in the directions in which texts differ. So the figures tell how an index
behaves among that many near passages, not how good the answers of a corpus of that size would be.
"""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import TYPE_CHECKING, Self, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from eval.benchmarks.memory import memory_mb
from index.interfaces import Keys, Progress, Vectors
from index.vectors.faiss_index import TRAINING_VECTORS_PER_LIST, FaissIndex
from index.vectors.vector_rule import Kind, VectorPlan, VectorRule

if TYPE_CHECKING:
    from index.interfaces import Embedder

VECTOR_KINDS: tuple[Kind, ...] = get_args(Kind)
AMONG_BEST = 10
Q = TypeVar("Q")
_NOISE = 0.5
_BLOCK = 10_000
_EMBED_AT_ONCE = 64

Bar = Callable[[str], AbstractContextManager[Progress]]
"""Shows progress on what it is given. A function of a module: other processes call it too."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """What was measured of one kind of search at one size."""

    kind: str
    how: str
    """Its numbers."""
    passages: int
    recall: float
    """Of the ten best of exact search, or of words where every passage is scored, the share that is found."""
    p50_ms: float
    p95_ms: float
    cpu_p95_ms: float
    """Of processor time: what a busy machine does not blur."""
    build_seconds: float
    build_cpu_seconds: float
    bytes_per_passage: float
    """Of the saved index."""
    resident_mb: float
    """Of the process that holds it, libraries and all, ready to be asked."""
    peak_mb: float


FIGURES = ("cpu_p95_ms", "build_cpu_seconds", "index_bytes", "resident_mb")
"""Those of which `growth` tells."""


@dataclass(slots=True)
class Stopwatch:
    """The seconds that passed while it ran, and those of processor time."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Adds the seconds that the block takes."""
        began, cpu_began = perf_counter(), process_time()
        yield
        self.seconds += perf_counter() - began
        self.cpu_seconds += process_time() - cpu_began


@dataclass(frozen=True, slots=True)
class Asked:
    """What each question found, by key, best first, and how long it took; in milliseconds, and of processor time."""

    keys: Sequence[Sequence[int]]
    ms: Sequence[float]
    cpu_ms: Sequence[float]

    @classmethod
    def of(cls, search: Callable[[Q], Sequence[tuple[int, float]]], questions: Sequence[Q], progress: Progress) -> Self:
        """Searches for one question after the other; ``progress`` is called with (done, total) questions."""
        keys, took, cpu_took = [], [], []
        for question in questions:
            wall, cpu = perf_counter(), thread_time()
            hits = search(question)
            took.append((perf_counter() - wall) * 1e3)
            cpu_took.append((thread_time() - cpu) * 1e3)
            keys.append([key for key, _ in hits])
            progress(len(keys), len(questions))
        return cls(keys, took, cpu_took)


def embedded(
    embedder: Embedder, texts: Sequence[str], questions: Sequence[str], progress: Progress
) -> tuple[Vectors, Vectors]:
    """The vectors of passages and of questions."""
    longest_first = sorted(texts, key=len, reverse=True)
    blocks = []
    for start in range(0, len(texts), _EMBED_AT_ONCE):
        blocks.append(embedder.embed_passages(longest_first[start : start + _EMBED_AT_ONCE]))
        progress(min(start + _EMBED_AT_ONCE, len(texts)), len(texts))
    return np.concatenate(blocks), embedder.embed_queries(questions)


def expanded(real: Vectors, count: int) -> Iterator[tuple[Keys, Vectors]]:
    """``count`` unit vectors in blocks, with their keys from 1: the real ones, then real ones with noise."""
    draw = np.random.default_rng(0)
    for start in range(0, count, _BLOCK):
        size = min(_BLOCK, count - start)
        base, left = (draw.integers(0, len(real), size) for _ in range(2))
        right = (left + draw.integers(1, len(real), size)) % len(real)  # another one, or there would be copies
        apart = real[left] - real[right]
        apart /= np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-6)
        vectors = real[base] + _NOISE * apart
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        as_they_are = real[start : start + size]
        vectors[: len(as_they_are)] = as_they_are
        yield np.arange(start + 1, start + size + 1), vectors


def exact(
    real: Vectors,
    count: int,
    questions: Vectors,
    progress: Progress,
    best: int = AMONG_BEST,
    kept: Callable[[Keys], NDArray[np.bool_]] = lambda keys: np.ones(len(keys), np.bool_),
) -> Keys:
    """(questions, best): the keys of the nearest vectors, by looking at every one whose key is ``kept``."""
    keys = np.empty((len(questions), 0), np.int64)
    scores: NDArray[np.float32] = np.empty((len(questions), 0), np.float32)
    for every_key, vectors in expanded(real, count):
        allowed = kept(every_key)
        block_keys, vectors = every_key[allowed], vectors[allowed]
        of_block = questions @ vectors.T
        first = np.argpartition(-of_block, min(best, len(block_keys)) - 1, axis=1)[:, :best]
        keys = np.concatenate([keys, block_keys[first]], axis=1)
        scores = np.concatenate([scores, np.take_along_axis(of_block, first, 1)], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :best]
        keys, scores = np.take_along_axis(keys, order, 1), np.take_along_axis(scores, order, 1)
        progress(int(every_key[-1]), count)
    return keys


def measure(real: Vectors, questions: Vectors, count: int, kinds: Sequence[Kind], bar: Bar) -> Iterator[Scaled]:
    """Each kind in a process of its own, so that the memory of one is not counted for the next."""
    if not kinds:
        return
    with tempfile.TemporaryDirectory(prefix="sourcespan-scale-") as folder:
        path = Path(folder) / "vectors.npz"
        with bar(f"{count:,} passages: exact search") as progress:
            nearest = exact(real, count, questions, progress)
        np.savez(path, real=real, questions=questions, nearest=nearest)
        for kind in kinds:
            yield in_its_own_process(measure_here, path, count, kind, bar)


def in_its_own_process(measure: Callable[..., Scaled], *arguments: object) -> Scaled:
    """What ``measure`` makes of the arguments, both of which another process can be given."""
    # the interrupt of a terminal reaches every process; this one ends the others
    leave_to_us = (signal.SIGINT, signal.SIG_IGN)
    with multiprocessing.get_context("spawn").Pool(1, signal.signal, leave_to_us) as pool:
        return pool.apply(measure, arguments)


def measure_here(path: Path, count: int, kind: Kind, bar: Bar) -> Scaled:
    """Builds and asks one index in this process."""
    with np.load(path) as saved:
        real, questions, nearest = saved["real"], saved["questions"], saved["nearest"]
    with bar(f"{count:,} passages, {kind}: building") as progress:
        index, how, building = _built(real, count, kind, progress)
    resident = memory_mb("VmRSS")
    for question in questions[:10]:
        index.search(question, AMONG_BEST)  # the first searches of a process pay for its warming up
    with bar(f"{count:,} passages, {kind}: asking") as progress:
        asked = Asked.of(lambda question: index.search(question, AMONG_BEST), questions, progress)
    both = sum(len(set(keys) & set(right.tolist())) for keys, right in zip(asked.keys, nearest, strict=True))
    saved_to = path.with_name("index.faiss")
    index.save(saved_to)
    return Scaled(
        kind=kind,
        how=how,
        passages=count,
        recall=both / nearest.size,
        p50_ms=float(np.percentile(asked.ms, 50)),
        p95_ms=float(np.percentile(asked.ms, 95)),
        cpu_p95_ms=float(np.percentile(asked.cpu_ms, 95)),
        build_seconds=building.seconds,
        build_cpu_seconds=building.cpu_seconds,
        bytes_per_passage=saved_to.stat().st_size / count,
        resident_mb=resident,
        peak_mb=memory_mb("VmHWM"),
    )


def growth(measured: Sequence[Scaled]) -> dict[str, dict[str, float]]:
    """For each kind that was measured at several sizes: x, where a figure grows as the number of passages to the x.

    The slope of the line through the logarithms, by least squares.
    """
    exponents = {}
    for kind, of_kind in groupby(sorted(measured, key=lambda m: m.kind), key=lambda m: m.kind):
        rows = list(of_kind)
        if len({row.passages for row in rows}) < 2:
            continue
        sizes = np.log([row.passages for row in rows])
        values = [(m.cpu_p95_ms, m.build_cpu_seconds, m.bytes_per_passage * m.passages, m.resident_mb) for m in rows]
        slopes = np.polyfit(sizes, np.log(values), 1)[0]
        exponents[kind] = {name: float(slope) for name, slope in zip(FIGURES, slopes, strict=True)}
    return exponents


def _built(real: Vectors, count: int, kind: Kind, progress: Progress) -> tuple[FaissIndex, str, Stopwatch]:
    """The index, its numbers, and how long learning and adding took."""
    building = Stopwatch()
    plan = VectorRule(kind).plan(count)
    sample = _sample(real, count, plan)
    with building.running():
        index = FaissIndex(real.shape[1], plan, sample)
    how = "" if kind == "flat" else f"{plan.probes} of {plan.lists:,} lists"
    for keys, vectors in expanded(real, count):
        with building.running():
            index.add(keys, vectors)
        progress(int(keys[-1]), count)
    return index, how, building


def _sample(real: Vectors, count: int, plan: VectorPlan) -> Vectors | None:
    """As many vectors as the product would learn centres from, spread over all of them."""
    if plan.kind == "flat":
        return None
    share = min(1.0, plan.lists * TRAINING_VECTORS_PER_LIST / count)
    draw = np.random.default_rng(1)
    return np.concatenate([vectors[draw.random(len(vectors)) < share] for _, vectors in expanded(real, count)])


def texts_and_questions(files: Sequence[Path], limit: int, asked: int) -> tuple[list[str], list[str]]:
    """Up to ``limit`` passages and ``asked`` questions of SQuAD files; without any, those of the bundled article."""
    from eval.suites.datasets import ARTICLE, ARTICLE_QUESTIONS, read_questions
    from index.parsing import parse_file
    from index.passages.sentences import sentences
    from rag.squad import read_squad

    if not files:
        text = parse_file(ARTICLE).text
        questions = [question.question for question in read_questions(ARTICLE_QUESTIONS)]
        return [text[start:end] for start, end in sentences(text)][:limit], questions[:asked]
    paragraphs = [paragraph for file in files for paragraph in read_squad(file)]
    texts = list(islice(dict.fromkeys(paragraph.text for paragraph in paragraphs), limit))
    every = [question.question for paragraph in paragraphs for question in paragraph.questions]
    step = max(1, len(every) // asked)
    return texts, every[::step][:asked]

"""How search grows with the number of passages: each kind of vector index against exact search.

The questions are real, and so are the first vectors. The others are real ones moved by the difference of two further
real ones, made half as long: noise, but in the directions in which texts differ. So the figures tell how an index
behaves among that many near passages, not how good the answers of a corpus of that size would be.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.faiss_index import TRAINING_VECTORS_PER_LIST, FaissIndex
from index.interfaces import Keys, Progress, Vectors
from index.vector_rule import Choice, VectorPlan, VectorRule

if TYPE_CHECKING:
    from index.interfaces import Embedder

AMONG_BEST = 10
_NOISE = 0.5
_BLOCK = 10_000
_EMBED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Scaled:
    """What was measured of one kind of index at one size."""

    plan: VectorPlan
    passages: int
    recall: float
    """Of the ten best of exact search, the share that is found."""
    p50_ms: float
    p95_ms: float
    cpu_p95_ms: float
    """Of processor time: what a busy machine does not blur."""
    build_seconds: float
    bytes_per_passage: float
    """Of the saved index; the catalogue's text, words and vectors on disk come on top."""
    resident_mb: float
    """Of the process that holds it, libraries and all, after it was built."""
    peak_mb: float


def embedded(
    embedder: Embedder, texts: Sequence[str], questions: Sequence[str], progress: Progress
) -> tuple[Vectors, Vectors]:
    """The vectors of passages and of questions."""
    longest_first = sorted(texts, key=len, reverse=True)
    blocks = []
    for at in range(0, len(texts), _EMBED_AT_ONCE):
        blocks.append(embedder.embed_passages(longest_first[at : at + _EMBED_AT_ONCE]))
        progress(min(at + _EMBED_AT_ONCE, len(texts)), len(texts))
    return np.concatenate(blocks), np.stack([embedder.embed_query(question) for question in questions])


def expanded(real: Vectors, count: int, seed: int = 0) -> Iterator[tuple[Keys, Vectors]]:
    """``count`` unit vectors in blocks, with their keys from 1: the real ones, then real ones with noise."""
    draw = np.random.default_rng(seed)
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


def exact(real: Vectors, count: int, questions: Vectors, best: int = AMONG_BEST) -> Keys:
    """(questions, best): the keys of the nearest vectors, by looking at every one."""
    keys = np.empty((len(questions), 0), np.int64)
    scores: NDArray[np.float32] = np.empty((len(questions), 0), np.float32)
    for block_keys, vectors in expanded(real, count):
        keys = np.concatenate([keys, np.broadcast_to(block_keys, (len(questions), len(block_keys)))], axis=1)
        scores = np.concatenate([scores, questions @ vectors.T], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :best]
        keys, scores = np.take_along_axis(keys, order, 1), np.take_along_axis(scores, order, 1)
    return keys


def measure(real: Vectors, questions: Vectors, count: int, kinds: Sequence[Choice]) -> Iterator[Scaled]:
    """Each kind in a process of its own, so that the memory of one is not counted for the next."""
    with tempfile.TemporaryDirectory(prefix="sourcespan-scale-") as folder:
        path = Path(folder) / "vectors.npz"
        np.savez(path, real=real, questions=questions, nearest=exact(real, count, questions))
        for kind in kinds:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                yield pool.apply(measure_here, (path, count, kind))


def measure_here(path: Path, count: int, kind: Choice) -> Scaled:
    """Builds and asks one index in this process."""
    with np.load(path) as saved:
        real, questions, nearest = saved["real"], saved["questions"], saved["nearest"]
    plan = VectorRule(kind).plan(count)
    sample = _sample(real, count, plan)
    began = perf_counter()
    index = FaissIndex(real.shape[1], plan, sample)
    built = perf_counter() - began
    for keys, vectors in expanded(real, count):
        began = perf_counter()
        index.add(keys, vectors)
        built += perf_counter() - began
    del sample
    resident = _resident_mb()
    for question in questions[:10]:
        index.search(question, AMONG_BEST)  # the first searches of a process pay for its warming up
    found, took, computed = 0, [], []
    for question, right in zip(questions, nearest, strict=True):
        wall, cpu = perf_counter(), thread_time()
        hits = index.search(question, AMONG_BEST)
        took.append((perf_counter() - wall) * 1e3)
        computed.append((thread_time() - cpu) * 1e3)
        found += len({key for key, _ in hits} & set(right.tolist()))
    saved_to = path.with_name("index.faiss")
    index.save(saved_to)
    return Scaled(
        plan=plan,
        passages=count,
        recall=found / nearest.size,
        p50_ms=float(np.percentile(took, 50)),
        p95_ms=float(np.percentile(took, 95)),
        cpu_p95_ms=float(np.percentile(computed, 95)),
        build_seconds=built,
        bytes_per_passage=saved_to.stat().st_size / count,
        resident_mb=resident,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _sample(real: Vectors, count: int, plan: VectorPlan) -> Vectors | None:
    """As many vectors as the product would learn centres from, spread over all of them."""
    if plan.kind == "flat":
        return None
    share = min(1.0, plan.lists * TRAINING_VECTORS_PER_LIST / count)
    draw = np.random.default_rng(1)
    return np.concatenate([vectors[draw.random(len(vectors)) < share] for _, vectors in expanded(real, count)])


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def texts_and_questions(files: Sequence[Path], limit: int, asked: int) -> tuple[list[str], list[str]]:
    """Up to ``limit`` passages and ``asked`` questions of SQuAD files; without any, those of the bundled article."""
    from eval.datasets import ARTICLE, ARTICLE_QUESTIONS, read_questions
    from index.parsing import parse_file
    from index.splitting import sentences
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

"""How the search for words grows with the number of passages: in a catalogue of that many, against FTS5 by itself.

The questions are real, and so are the first passages. The others are put together from sentences of the real ones, so
that a word is in as large a share of them.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from eval.benchmarks.memory import memory_mb
from eval.benchmarks.scale import AMONG_BEST, Asked, Bar, Scaled, Stopwatch, in_its_own_process
from index.documents import Document, DocumentDraft
from index.interfaces import Progress
from index.reading_text import NO_CONTEXT
from index.sentences import sentences
from index.store.catalogue import Catalogue
from index.store.stored import NewDocument, NewPassage
from index.store.word_search import words_of
from rag.config import RetrieverConfig

WORDS = "words"
_OF_A_DOCUMENT = 1_000
# the plain way takes seconds among a million passages
_COMPARED = 30
_PLAIN = "SELECT rowid FROM passage_words WHERE passage_words MATCH ? ORDER BY rank, rowid LIMIT ?"


def measure_words(texts: Sequence[str], questions: Sequence[str], count: int, bar: Bar) -> Scaled:
    """Measures the search for words in a process of its own, so that nothing else's memory is counted."""
    with tempfile.TemporaryDirectory(prefix="sourcespan-scale-") as folder:
        return in_its_own_process(measure_words_here, Path(folder) / "catalogue.sqlite3", texts, questions, count, bar)


def measure_words_here(path: Path, texts: Sequence[str], questions: Sequence[str], count: int, bar: Bar) -> Scaled:
    """Builds and asks one catalogue in this process."""
    catalogue = Catalogue(path, embedder="", dimension=1)
    building = Stopwatch()
    with bar(f"{count:,} passages, {WORDS}: building") as progress:
        done = 0
        passages = made_up(texts, count)
        while together := list(islice(passages, _OF_A_DOCUMENT)):
            with building.running():
                catalogue.insert([_document(together)])
            progress(done := done + len(together), count)
    depth = RetrieverConfig().depth
    with bar(f"{count:,} passages, {WORDS}: asking") as progress:
        asked = Asked.of(lambda question: catalogue.search_words(question, depth), questions, progress)
    resident, peak = memory_mb("VmRSS"), memory_mb("VmHWM")
    catalogue.close()
    with bar(f"{count:,} passages, {WORDS}: the plain way") as progress:
        shares = list(_shares(path, questions[:_COMPARED], asked.keys, progress))
    return Scaled(
        kind=WORDS,
        how=f"the first question {asked.ms[0]:,.0f} ms",
        passages=count,
        recall=float(np.mean(shares)),
        p50_ms=float(np.percentile(asked.ms, 50)),
        p95_ms=float(np.percentile(asked.ms, 95)),
        cpu_p95_ms=float(np.percentile(asked.cpu_ms, 95)),
        build_seconds=building.seconds,
        build_cpu_seconds=building.cpu_seconds,
        bytes_per_passage=path.stat().st_size / count,
        resident_mb=resident,
        peak_mb=peak,
    )


def made_up(texts: Sequence[str], count: int, seed: int = 0) -> Iterator[str]:
    """``count`` passages: ``texts``, then as many sentences of theirs, drawn at random, as one of them has."""
    yield from texts[:count]
    draw = random.Random(seed)
    split = [[text[start:end] for start, end in sentences(text)] for text in texts]
    every = [sentence for of_text in split for sentence in of_text]
    for _ in range(count - len(texts)):
        yield " ".join(draw.choices(every, k=len(draw.choice(split))))


def _document(passages: Sequence[str]) -> NewDocument:
    text, ends = "\n".join(passages), np.cumsum([len(passage) + 1 for passage in passages]) - 1
    draft = DocumentDraft("", text)
    ranges = [(int(end) - len(passage), int(end)) for passage, end in zip(passages, ends, strict=True)]
    nowhere = np.zeros(1, np.float32)
    document = Document(draft.sha256, "", "", draft.sha256, len(text), len(passages), datetime.now(UTC), {})
    return NewDocument(document, draft, [NewPassage(start, end, NO_CONTEXT, nowhere) for start, end in ranges])


def _shares(
    path: Path, questions: Sequence[str], rankings: Sequence[Sequence[int]], progress: Progress
) -> Iterator[float]:
    """Of the best that FTS5 finds for all words of a question at once, how many are among the best found."""
    with closing(sqlite3.connect(path)) as db:
        for done, (question, keys) in enumerate(zip(questions, rankings, strict=False), start=1):
            query = " OR ".join(f'"{word}"' for word in words_of(question))
            best = {key for (key,) in db.execute(_PLAIN, (query, AMONG_BEST))}
            if best:
                yield len(best & set(keys[:AMONG_BEST])) / len(best)
            progress(done, len(questions))

"""How the search for words grows with the number of passages: in a catalogue of that many.

The questions are real, and so are the first passages. The others are put together from sentences of the real ones, so
that a word is in as large a share of them.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from eval.benchmarks.memory import memory_mb
from eval.benchmarks.scale.vectors import AMONG_BEST, Asked, Bar, Scaled, Stopwatch, in_its_own_process
from index.documents import Document, DocumentDraft
from index.interfaces import Vectors
from index.passages.reading_text import NO_CONTEXT
from index.passages.sentences import sentences
from index.store.catalogue.arrivals import Putting
from index.store.catalogue.catalogue import Catalogue
from index.store.catalogue.stored import NewDocument, NewPassage
from index.store.opening import opened
from index.words.in_step import WORDS_FOLDER, WordsInStep
from rag.config import RetrieverConfig

WORDS = "words"
_OF_A_DOCUMENT = 1_000
# to score every passage takes seconds among a million
_COMPARED = 30
_ROUNDING = 1e-6


def measure_words(texts: Sequence[str], questions: Sequence[str], count: int, bar: Bar) -> Scaled:
    """Measures the search for words in a process of its own, so that nothing else's memory is counted."""
    with tempfile.TemporaryDirectory(prefix="sourcespan-scale-") as folder:
        return in_its_own_process(measure_words_here, Path(folder) / "catalogue.sqlite3", texts, questions, count, bar)


def measure_words_here(path: Path, texts: Sequence[str], questions: Sequence[str], count: int, bar: Bar) -> Scaled:
    """Builds and asks one catalogue and its word index in this process."""
    catalogue = Catalogue(*opened(path.parent), embedder="", dimension=1)
    with bar(f"{count:,} passages, {WORDS}: storing") as progress:
        done = 0
        passages = made_up(texts, count)
        while together := list(islice(passages, _OF_A_DOCUMENT)):
            _put(catalogue, together)
            progress(done := done + len(together), count)
    building = Stopwatch()
    with bar(f"{count:,} passages, {WORDS}: building"), building.running():
        words = WordsInStep(catalogue, path.parent)
    depth = RetrieverConfig().depth
    with bar(f"{count:,} passages, {WORDS}: asking") as progress:
        asked = Asked.of(lambda question: words.search(question, depth), questions, progress)
    resident, peak = memory_mb("VmRSS"), memory_mb("VmHWM")
    _put(catalogue, ["One more passage, which the next question follows."])
    after = Asked.of(lambda question: words.search(question, depth), questions[:1], lambda *_: None)
    scored = [dict(words.search(question, count)) for question in questions[:_COMPARED]]
    catalogue.close()
    return Scaled(
        kind=WORDS,
        how=f"the first question {asked.ms[0]:,.0f} ms, after a change {after.ms[0]:,.0f} ms",
        passages=count,
        recall=float(np.mean([_share(best, scores) for best, scores in zip(asked.keys, scored, strict=False)])),
        p50_ms=float(np.percentile(asked.ms, 50)),
        p95_ms=float(np.percentile(asked.ms, 95)),
        cpu_p95_ms=float(np.percentile(asked.cpu_ms, 95)),
        build_seconds=building.seconds,
        build_cpu_seconds=building.cpu_seconds,
        bytes_per_passage=sum(file.stat().st_size for file in (path.parent / WORDS_FOLDER).iterdir()) / count,
        resident_mb=resident,
        peak_mb=peak,
    )


def made_up(texts: Sequence[str], count: int) -> Iterator[str]:
    """``count`` passages: ``texts``, then as many sentences of theirs, drawn at random, as one of them has."""
    yield from texts[:count]
    draw = random.Random(0)
    split = [[text[start:end] for start, end in sentences(text)] for text in texts]
    every = [sentence for of_text in split for sentence in of_text]
    for _ in range(count - len(texts)):
        yield " ".join(draw.choices(every, k=len(draw.choice(split))))


def as_document(
    passages: Sequence[str], vectors: Iterable[Vectors], document_id: str = ""
) -> tuple[DocumentDraft, NewDocument]:
    """A document of these passages, one a line, each with its vector (dimension,); its hash is its id by default."""
    text, ends = "\n".join(passages), np.cumsum([len(passage) + 1 for passage in passages]) - 1
    draft = DocumentDraft("", text)
    document = Document(
        document_id or draft.sha256, "", "", draft.sha256, len(text), len(passages), datetime.now(UTC), {}
    )
    ranges = ((int(end) - len(passage), int(end)) for passage, end in zip(passages, ends, strict=True))
    new = [NewPassage(*of_text, NO_CONTEXT, vector) for of_text, vector in zip(ranges, vectors, strict=True)]
    return draft, NewDocument(document, draft, new)


def _put(catalogue: Catalogue, passages: Sequence[str]) -> None:
    nowhere = np.zeros(1, np.float32)
    catalogue.put([as_document(passages, [nowhere] * len(passages))], Putting())


def _share(best: Sequence[int], scores: Mapping[int, float]) -> float:
    """Of the best where most passages are passed over, how many are among the best where every one is scored.

    Of passages with equal scores, which are many among made-up ones, any may come first.
    """
    last = min(sorted(scores.values(), reverse=True)[:AMONG_BEST], default=0.0)
    first = best[:AMONG_BEST]
    return sum(scores.get(key, 0.0) >= last - _ROUNDING for key in first) / len(first) if first else 1.0

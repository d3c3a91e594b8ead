"""Stand-ins for the models: deterministic, instant, and right where a test needs them to be."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from index.interfaces import Vectors
from index.passages.reading_text import ReadingText
from rag.interfaces import PassageSpan, Reading

_FIRST = re.compile(r"\A\s*(?P<word>\S+)")
_WORD = re.compile(r"\w+")


class BagOfWordsEmbedder:
    """Texts that share words have near vectors; a token is a word."""

    fingerprint = "bag-of-words@1"
    number_format = "fp32"
    dimension = 32
    max_tokens = 40

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self.embed_queries(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._embed(text) for text in texts]) if texts else np.empty((0, 32), np.float32)

    def _embed(self, text: str) -> Vectors:
        vector = np.full(self.dimension, 1e-3, np.float32)
        for word in _WORD.findall(text.casefold()):
            vector[hashlib.sha256(word.encode()).digest()[0] % self.dimension] += 1
        unit: Vectors = vector / np.linalg.norm(vector)
        return unit


def stored(passage: ReadingText) -> str:
    """A passage without its context."""
    return "".join(passage.text[piece.start : piece.end] for piece in passage.pieces)


class QuotingReader:
    """Finds what the question has between « and »: the longest run of its words that a passage holds.

    Where it finds nothing and the question says "guess", it proposes the first word of the first passage.
    """

    fingerprint = "quoting@1"

    def check(self, question: str) -> None:
        """Takes any question."""

    def read_many(self, readings: Sequence[Reading]) -> Iterator[list[tuple[int, PassageSpan]]]:
        """A pass for each passage of each question, the worst passages first."""
        for at, reading in enumerate(readings):
            found = []
            for position in reversed(range(len(reading.passages))):
                if span := self._find(reading.question, position, stored(reading.passages[position])):
                    found.append(span)
                    yield [(at, span)]
            if not found and "guess" in reading.question and reading.passages:
                yield [
                    (at, PassageSpan(0, *first.span("word"), score=-6.0))
                    for first in _FIRST.finditer(stored(reading.passages[0]))
                ]

    def read(self, question: str, passages: Sequence[str]) -> list[PassageSpan]:
        spans = [span for found in self.read_many([Reading.bare(question, passages)]) for _, span in found]
        return sorted(spans, key=PassageSpan.order)

    def _find(self, question: str, at: int, passage: str) -> PassageSpan | None:
        quoted = re.search("«(.*?)»", question, re.DOTALL)
        words = quoted.group(1).split() if quoted else []
        for length in range(len(words), 0, -1):
            for first in range(len(words) - length + 1):
                run = r"\s+".join(map(re.escape, words[first : first + length]))
                if found := re.search(run, passage):
                    return PassageSpan(at, *found.span(), score=4.0 + length)
        return None


class HeldReader(QuotingReader):
    """Reads when it is let; counts how many questions came together."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()
        self.batches: list[list[str]] = []

    def read_many(self, readings: Sequence[Reading]) -> Iterator[list[tuple[int, PassageSpan]]]:
        self.batches.append([reading.question for reading in readings])
        self.entered.set()
        assert self.go.wait(60)
        yield from super().read_many(readings)


class FailingReader(QuotingReader):
    """Finds its weights broken where the question says so."""

    def read_many(self, readings: Sequence[Reading]) -> Iterator[list[tuple[int, PassageSpan]]]:
        if any("break" in reading.question for reading in readings):
            raise RuntimeError("secret/path/weights.bin is broken")
        yield from super().read_many(readings)


class PreferringReranker:
    """Prefers passages in a given order."""

    fingerprint = "preferring@1"

    def __init__(self, order: Sequence[str]) -> None:
        self._order = order

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        # their titles may stand above them
        return [-float(next(n for n, text in enumerate(self._order) if given.endswith(text))) for given in passages]

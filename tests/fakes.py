"""Stand-ins for the models: deterministic, instant, and right where a test needs them to be."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from index.interfaces import Vectors
from rag.interfaces import PassageSpan

_WORD = re.compile(r"\w+")


class BagOfWordsEmbedder:
    """Texts that share words have near vectors; a token is a word."""

    fingerprint = "bag-of-words@1"
    dimension = 32
    max_tokens = 40

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.embed_query(text) for text in texts]) if texts else np.empty((0, 32), np.float32)

    def embed_query(self, text: str) -> Vectors:
        vector = np.full(self.dimension, 1e-3, np.float32)
        for word in _WORD.findall(text.casefold()):
            vector[hashlib.sha256(word.encode()).digest()[0] % self.dimension] += 1
        unit: Vectors = vector / np.linalg.norm(vector)
        return unit


class QuotingReader:
    """Finds what the question has between « and »: the longest run of its words that a passage holds.

    Where it finds nothing and the question says "guess", it proposes the first word of the first passage.
    """

    fingerprint = "quoting@1"

    def read(self, question: str, passages: Sequence[str]) -> list[PassageSpan]:
        spans = [span for at, passage in enumerate(passages) if (span := self._find(question, at, passage))]
        if not spans and "guess" in question and (first := re.search(r"\S+", passages[0])):
            spans = [PassageSpan(0, *first.span(), score=-6.0)]
        return sorted(spans, key=lambda span: -span.score)

    def _find(self, question: str, at: int, passage: str) -> PassageSpan | None:
        quoted = re.search("«(.*?)»", question, re.DOTALL)
        words = quoted.group(1).split() if quoted else []
        for length in range(len(words), 0, -1):
            for first in range(len(words) - length + 1):
                run = r"\s+".join(map(re.escape, words[first : first + length]))
                if found := re.search(run, passage):
                    return PassageSpan(at, *found.span(), score=4.0 + length)
        return None

"""The search for words: BM25 as SQLite's FTS5 has it, word by word.

FTS5 takes some 2 µs to score a passage, and most of a question's words stand in very many; but they are the words of
other questions too, and BM25 is a sum over words. So what the passages get for a word is kept until the catalogue
changes.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.interfaces import Keys
from index.store.cache import Remembered
from index.store.database import Database
from index.store.history import Generation, generation_of

_WORD = re.compile(r"\w+")
# scores that are kept, of all words together: 8 bytes each, which is 128 MB among a million passages, and little among
# few; a word takes as much as so many by itself
_KEPT = 16_000_000
_OF_A_WORD = 100
# where there are more passages than these, a word that more than half of them hold is left out: it counts for nothing,
# a millionth, and takes the longest
_FEW = 10_000

_HOLDING = "SELECT count(*) FROM (SELECT 1 FROM passage_words WHERE passage_words MATCH ?1 LIMIT ?2)"
# FTS5's bm25() is better the lower it is
_SCORES = "SELECT rowid, -rank FROM passage_words WHERE passage_words MATCH ?1"
_ROW = np.dtype([("key", np.uint32), ("score", np.float32)])


@dataclass(frozen=True, eq=False, slots=True)
class WordScores:
    """What passages get for a word that they hold: their keys and that, (passages,) each."""

    keys: NDArray[np.uint32]
    scores: NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class _Kept:
    """What is known of the catalogue as a generation has it."""

    generation: Generation | None
    """None before anything was looked at."""
    passages: int
    words: Remembered[str, WordScores | None]
    """None for one that is left out."""


class WordSearch:
    """Finds passages by their words. Threads may share it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept = _Kept(None, 0, Remembered(0))

    def search(self, query: str, limit: int, among: Keys | None = None) -> list[tuple[int, float]]:
        """Passages that hold any of its words, as (key, score), best first, equal scores by key; higher is better."""
        words = words_of(query)
        with self._db.moment() as db:
            kept = self._kept = self._of_now(db)
            known = kept.words.known(words)
            new = {word: _scores_unless_common(db, word, kept.passages) for word in words if word not in known}
            kept.words.keep(new)
            known |= new
            counted = [scores for word in words if (scores := known[word]) is not None]
            if not counted:
                counted = [_scores(db, word) for word in words]
        return best_sums(counted, limit, among)

    def _of_now(self, db: sqlite3.Connection) -> _Kept:
        """What is kept; after a change nothing, for in every passage each word may count for something else."""
        generation = generation_of(db)
        if self._kept.generation == generation:
            return self._kept
        passages = int(db.execute("SELECT count(*) FROM passages").fetchone()[0])
        return _Kept(generation, passages, Remembered(_KEPT, _weight))


def words_of(query: str) -> list[str]:
    """The words of a query in lower case, each once, in order."""
    return list(dict.fromkeys(word.lower() for word in _WORD.findall(query)))


def _weight(scores: WordScores | None) -> int:
    return _OF_A_WORD if scores is None else _OF_A_WORD + len(scores.keys)


def _scores_unless_common(db: sqlite3.Connection, word: str, passages: int) -> WordScores | None:
    if passages > _FEW:
        half = passages // 2
        holding = int(db.execute(_HOLDING, (_quoted(word), half + 1)).fetchone()[0])
        if holding > half:
            return None
    return _scores(db, word)


def _scores(db: sqlite3.Connection, word: str) -> WordScores:
    # one row after the other: as Python's numbers, half a million are 50 MB
    rows = np.fromiter(db.execute(_SCORES, (_quoted(word),)), _ROW)
    return WordScores(rows["key"].copy(), rows["score"].copy())


def _quoted(word: str) -> str:
    return f'"{word}"'


def best_sums(of_words: Sequence[WordScores], limit: int, among: Keys | None = None) -> list[tuple[int, float]]:
    """The ``limit`` passages, or those of them that are ``among`` some, whose scores add up to most.

    As (key, sum), best first, equal sums by key; a passage without any score is none of them.
    """
    keys = np.concatenate([np.empty(0, np.int64), *(scores.keys for scores in of_words)])
    if not len(keys) or limit < 1:
        return []
    sums = np.zeros(int(keys.max()) + 1)
    for scores in of_words:
        sums[scores.keys] += scores.scores
    if among is not None:
        keys = among[among < len(sums)]
        keys = keys[sums[keys] > 0]
    # a key may come once for each word
    most = min(limit * len(of_words), len(keys))
    if most < len(keys):
        reached = sums[keys]
        keys = keys[reached >= np.partition(reached, -most)[-most]]
    keys = np.unique(keys)
    best = keys[np.lexsort((keys, -sums[keys]))[:limit]]
    return list(zip(best.tolist(), sums[best].tolist(), strict=True))

"""What is found by meaning and by words, in one order.

A passage's score is a weighted sum of three things between 0 and 1: how near its vector is to the question's, which
share of the question's words it has, and how early the search for words found it. Of that share the last words count
most, for a passage that has them all is seldom found by chance. BM25 itself is not added up: the scores of two
questions do not compare, and those of long passages outweigh the words that are missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index.interfaces import Vectors
from index.passage_index import Hit, PassageIndex
from rag.config import RetrieverConfig
from rag.conversation.english import FUNCTION
from rag.interfaces import SearchMode

_COVERED = 0.84
"""Of what words count, the share of their coverage; the rest is of the rank among what was found by words."""
_LAST_WORDS = 1.5
"""The power of the coverage: above 1 the last words that are there count for more than the first."""
_UNFOUND = 0.1
"""By how much of a cosine what the search by meaning did not find is taken to be behind the last that it found."""


@dataclass(frozen=True, slots=True)
class FusedHit:
    """A passage that either search found, by its key; as `RetrievedPassage` has it, before it is looked up."""

    key: int
    score: float
    cosine: float | None
    bm25: float | None


@dataclass(frozen=True, slots=True)
class Arms:
    """What each search found, best first."""

    dense: Sequence[Hit]
    lexical: Sequence[Hit]
    fused: Sequence[FusedHit]


def search_arms(
    index: PassageIndex,
    text: str,
    vector: Vectors | None,
    config: RetrieverConfig,
    *,
    mode: SearchMode = "hybrid",
    depth: int = 0,
    document_ids: Sequence[str] | None = None,
) -> Arms:
    """Searches by meaning and by words, or by one of them, among these documents if they are given.

    ``vector`` (dimension,) is the text's, and may be missing in a search for words; ``depth`` is how many hits of each
    are wanted, where that is more than the configuration says.
    """
    depth = max(depth, config.depth)
    dense = [] if vector is None or mode == "lexical" else index.search_dense(vector, depth, document_ids)
    lexical = [] if mode == "dense" else index.search_lexical(text, depth, document_ids)
    if mode != "hybrid":
        return Arms(dense, lexical, _alone(dense or lexical, is_dense=mode == "dense"))
    keys = list({hit.key: None for hit in (*dense, *lexical)})
    return Arms(dense, lexical, fuse(dense, lexical, index.coverage(telling(text), keys), config.dense_weight))


def telling(question: str) -> str:
    """The question without function words, by which nothing is told apart; all of it where it has no others."""
    return " ".join(word for word in question.split() if word.lower().strip("?,.") not in FUNCTION) or question


def fuse(
    dense: Sequence[Hit], lexical: Sequence[Hit], coverage: Mapping[int, float], dense_weight: float
) -> list[FusedHit]:
    """Both in one order, by the weighted sum of what `coverage` and their places say; equal sums by key.

    What the dense search did not find counts there as a little less than the last that it found.
    """
    cosines, bm25 = _scores(dense), _scores(lexical)
    ranks = {hit.key: rank for rank, hit in enumerate(lexical, start=1)}
    unfound = max(-1.0, min(cosines.values(), default=0.0) - _UNFOUND)

    def score(key: int) -> float:
        by_meaning = (1 + cosines.get(key, unfound)) / 2
        by_rank = 1 / ranks[key] if key in ranks else 0.0
        by_words = _COVERED * math.pow(coverage.get(key, 0.0), _LAST_WORDS) + (1 - _COVERED) * by_rank
        return dense_weight * by_meaning + (1 - dense_weight) * by_words

    hits = (FusedHit(key, score(key), cosines.get(key), bm25.get(key)) for key in {**cosines, **bm25})
    return sorted(hits, key=lambda hit: (-hit.score, hit.key))


def _alone(hits: Sequence[Hit], *, is_dense: bool) -> list[FusedHit]:
    """One search by itself: the score is the cosine's way from -1 to 1, or BM25 as a share of the best."""
    if is_dense:
        return [FusedHit(hit.key, (1 + hit.score) / 2, hit.score, None) for hit in hits]
    return [FusedHit(hit.key, hit.score / hits[0].score if hits[0].score > 0 else 0.0, None, hit.score) for hit in hits]


def _scores(hits: Sequence[Hit]) -> dict[int, float]:
    return {hit.key: hit.score for hit in hits}

"""Is the right document found? Each arm of the search by itself, and both fused. As trec_eval counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.measures.bootstrap import RESAMPLES, Figure, figure, mean
from eval.suites.beir import RetrievalQuery
from index.interfaces import Embedder
from index.passage_index import PassageIndex
from rag.config import RetrieverConfig
from rag.interfaces import Reranker
from rag.retrieval.fusion import search_arms
from rag.retrieval.retriever import look_up, rerank

Relevant = Mapping[str, int]

ARMS = ("dense", "lexical", "fused")
"""There may be a fourth, ``reranked``."""


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """What was found for one query: for each arm its scores by the name of the `SCORES`."""

    id: str
    text: str
    scores: dict[str, dict[str, float]]


def recall(ranking: Sequence[str], relevant: Relevant, k: int) -> float:
    """The share of the relevant documents that is among the first ``k``."""
    return len(set(ranking[:k]) & relevant.keys()) / len(relevant)


def reciprocal_rank(ranking: Sequence[str], relevant: Relevant, k: int) -> float:
    """One over the rank of the first relevant document among the first ``k``, or 0."""
    return next((1 / rank for rank, key in enumerate(ranking[:k], start=1) if key in relevant), 0.0)


def ndcg(ranking: Sequence[str], relevant: Relevant, k: int) -> float:
    """Discounted gain over that of the best order (Järvelin and Kekäläinen, 2002); the gain is the grade."""
    return _gain([relevant.get(key, 0) for key in ranking[:k]]) / _gain(sorted(relevant.values(), reverse=True)[:k])


SCORES: dict[str, Callable[[Sequence[str], Relevant], float]] = {
    "recall_1": lambda ranking, relevant: recall(ranking, relevant, 1),
    "recall_5": lambda ranking, relevant: recall(ranking, relevant, 5),
    "recall_20": lambda ranking, relevant: recall(ranking, relevant, 20),
    "mrr_10": lambda ranking, relevant: reciprocal_rank(ranking, relevant, 10),
    "ndcg_10": lambda ranking, relevant: ndcg(ranking, relevant, 10),
}


def search_all(
    index: PassageIndex,
    embedder: Embedder,
    queries: Sequence[RetrievalQuery],
    keys: Mapping[str, Sequence[str]],
    config: RetrieverConfig | None = None,
    reranker: Reranker | None = None,
) -> Iterator[SearchOutcome]:
    """Yields each query's outcome; ``keys`` are the suite's names for a document, by its id in the index.

    A document ranks where its best passage does. As many passages are searched as answering a question searches.
    """
    config = config or RetrieverConfig()
    for query in queries:
        (vector,) = embedder.embed_queries([query.text])
        arms = search_arms(index, query.text, vector, config)
        passages = look_up(index, arms.fused, len(arms.fused))
        document_of = {hit.passage.key: hit.passage.document_id for hit in passages}
        ranked = {
            arm: [document_of[hit.key] for hit in hits]
            for arm, hits in (("dense", arms.dense), ("lexical", arms.lexical), ("fused", arms.fused))
        }
        if reranker is not None:
            first, rest = passages[: config.rerank_depth], passages[config.rerank_depth :]
            reranked = [*rerank(reranker, query.text, first), *rest]
            ranked["reranked"] = [hit.passage.document_id for hit in reranked]
        rankings = {
            arm: [key for document_id in dict.fromkeys(ids) for key in keys[document_id]] for arm, ids in ranked.items()
        }
        scores = {
            arm: {name: score(ranking, query.relevant) for name, score in SCORES.items()}
            for arm, ranking in rankings.items()
        }
        yield SearchOutcome(query.id, query.text, scores)


def measure_retrieval(outcomes: Sequence[SearchOutcome], *, resamples: int = RESAMPLES) -> dict[str, Figure]:
    """The mean of each score of each arm, as ``arm.score``; and what fusing, and reranking, adds at nDCG@10."""
    arms = outcomes[0].scores
    values = {f"{arm}.{name}": np.array([o.scores[arm][name] for o in outcomes]) for arm in arms for name in SCORES}
    better = max(("dense", "lexical"), key=lambda arm: float(values[f"{arm}.ndcg_10"].mean()))
    values["fused_over_better_arm.ndcg_10"] = values["fused.ndcg_10"] - values[f"{better}.ndcg_10"]
    if "reranked" in arms:
        values["reranked_over_fused.ndcg_10"] = values["reranked.ndcg_10"] - values["fused.ndcg_10"]
    return {name: figure(mean(scores), resamples=resamples) for name, scores in values.items()}


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))

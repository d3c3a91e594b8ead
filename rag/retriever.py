"""Question → passages: dense and lexical search, fused by reciprocal ranks, and reranked if there is a reranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from index.interfaces import Embedder, Vectors
from index.passage_index import Hit, PassageIndex
from rag.answers import RetrievedPassage
from rag.config import RetrieverConfig
from rag.interfaces import Query, Reranker, Retrieval


class HybridRetriever:
    """Searches by meaning and by words, and adds up what each says; a reranker then reads the first of the sum.

    The arms by themselves are not reranked.
    """

    def __init__(
        self,
        index: PassageIndex,
        embedder: Embedder,
        config: RetrieverConfig | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._config = config or RetrieverConfig()
        self._reranker = reranker

    def retrieve(self, queries: Sequence[Query]) -> list[Retrieval]:
        """What is found for each: its passages best first. The queries are embedded together."""
        began = perf_counter()
        texts = [query.text for query in queries if query.mode != "lexical"]
        vectors = iter(self._embedder.embed_queries(texts) if texts else ())
        embed_ms = (perf_counter() - began) * 1e3
        found = []
        for query in queries:
            searching = perf_counter()
            passages = self._search(query, None if query.mode == "lexical" else next(vectors))
            found.append(Retrieval(tuple(passages), embed_ms, (perf_counter() - searching) * 1e3))
        return found

    def _search(self, query: Query, vector: Vectors | None) -> list[RetrievedPassage]:
        among = None if query.document_ids is None else self._index.catalogue.keys_of(query.document_ids)
        depth = max(query.top_k, self._config.depth)
        dense = [] if vector is None else self._index.search_dense(vector, depth, among)
        lexical = [] if query.mode == "dense" else self._index.search_lexical(query.text, depth, among)
        found = fuse(dense, lexical, self._config.rrf_k)
        if self._reranker is not None and query.mode == "hybrid":
            found = rerank(self._reranker, query.text, found[: max(query.top_k, self._config.rerank_depth)])
        return found[: query.top_k]


def fuse(dense: Sequence[Hit], lexical: Sequence[Hit], k: int) -> list[RetrievedPassage]:
    """Reciprocal rank fusion: each arm gives a passage 1 / (k + its rank), ranks from 1; equal sums by key."""
    scores: dict[int, float] = {}
    for hits in (dense, lexical):
        for rank, hit in enumerate(hits, start=1):
            scores[hit.passage.key] = scores.get(hit.passage.key, 0.0) + 1 / (k + rank)
    passages = {hit.passage.key: hit.passage for hit in (*dense, *lexical)}
    cosines = {hit.passage.key: hit.score for hit in dense}
    bm25 = {hit.passage.key: hit.score for hit in lexical}
    return [
        RetrievedPassage(passages[key], score, cosines.get(key), bm25.get(key))
        for key, score in sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    ]


def rerank(reranker: Reranker, question: str, passages: Sequence[RetrievedPassage]) -> list[RetrievedPassage]:
    """The passages in the order of the reranker's scores, which they then carry; equal ones as they came."""
    scores = reranker.score(question, [found.passage.text for found in passages])
    scored = [replace(found, score=score) for found, score in zip(passages, scores, strict=True)]
    return sorted(scored, key=lambda found: -found.score)

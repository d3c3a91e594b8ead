"""Question → passages: dense and lexical search, their scores fused, and reranked if there is a reranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from index.interfaces import Embedder, Vectors
from index.passage_index import PassageIndex
from rag.answers import RetrievedPassage
from rag.config import RetrieverConfig
from rag.interfaces import Query, Reranker, Retrieval
from rag.retrieval.explaining import matched_words
from rag.retrieval.fusion import FusedHit, search_arms
from rag.retrieval.repetition import without_repetition

# once more where a passage went away between search and look-up: its document may have been replaced, and what it says
# now is then among what is found
_SEARCHES = 2
# so many more than are wanted are looked up, for some may say the same
_FURTHER = 10


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
        retrievals = []
        for query in queries:
            searching = perf_counter()
            passages = self._search(query, None if query.mode == "lexical" else next(vectors))
            if query.explain:
                wanted = self._index.looks_for(query.text)
                passages = [replace(each, matched=matched_words(wanted, each.passage)) for each in passages]
            took_ms = (perf_counter() - searching) * 1e3
            retrievals.append(Retrieval(tuple(passages), embed_ms, took_ms, self._worth_reading(passages)))
        return retrievals

    def _worth_reading(self, passages: Sequence[RetrievedPassage]) -> int:
        if self._reranker is not None:  # whose scores are of its own scale
            return len(passages)
        return sum(passage.score >= passages[0].score - self._config.reach for passage in passages)

    def _search(self, query: Query, vector: Vectors | None) -> list[RetrievedPassage]:
        reranker = self._reranker if query.mode == "hybrid" else None
        limit = query.top_k if reranker is None else max(query.top_k, self._config.rerank_depth)
        passages: list[RetrievedPassage] = []
        for _ in range(_SEARCHES):
            fused = search_arms(
                self._index,
                query.text,
                vector,
                self._config,
                mode=query.mode,
                depth=query.top_k,
                document_ids=query.document_ids,
            ).fused
            looked_up = look_up(self._index, fused, limit + _FURTHER)
            passages = without_repetition(query.text, looked_up)
            if len(passages) < limit:
                looked_up = look_up(self._index, fused, len(fused))
                passages = without_repetition(query.text, looked_up)
            if [each.passage.key for each in looked_up] == [hit.key for hit in fused[: len(looked_up)]]:
                break
        passages = passages[:limit]
        return passages if reranker is None else rerank(reranker, query.text, passages)[: query.top_k]


def look_up(index: PassageIndex, hits: Sequence[FusedHit], limit: int) -> list[RetrievedPassage]:
    """The passages of the first ``limit`` hits; others follow in the place of those that went away meanwhile."""
    retrieved: list[RetrievedPassage] = []
    rest = hits
    while rest and len(retrieved) < limit:
        first, rest = rest[: limit - len(retrieved)], rest[limit - len(retrieved) :]
        passages = index.passages([hit.key for hit in first])
        there = (hit for hit in first if hit.key in passages)
        retrieved += [RetrievedPassage(passages[hit.key], hit.score, hit.cosine, hit.bm25) for hit in there]
    return retrieved


def rerank(reranker: Reranker, question: str, passages: Sequence[RetrievedPassage]) -> list[RetrievedPassage]:
    """The passages in the order of the reranker's scores, which they then carry; equal ones as they came."""
    scores = reranker.score(question, [each.passage.reading.text for each in passages])
    scored = [replace(each, score=score) for each, score in zip(passages, scores, strict=True)]
    return sorted(scored, key=lambda each: -each.score)

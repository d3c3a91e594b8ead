"""For LlamaIndex: a retriever of passages, and a query engine whose source nodes are exact quotes.

Needs ``pip install sourcespan[llama-index]``. A node's ``start_char_idx`` and ``end_char_idx`` (exclusive) are its
place: these characters of the stored document are its text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from rag.interfaces import SearchMode
from sourcespan import Sourcespan
from sourcespan.adapters.metadata import found, of_answer

__all__ = ["SourcespanQueryEngine", "SourcespanRetriever"]

_NO_ANSWER = {
    "unsure": "The documents may hold an answer, but it is not sure enough to be given.",
    "not_found": "The documents do not say.",
}


class SourcespanRetriever(BaseRetriever):
    """Finds passages, best first: ``similarity_top_k`` of them, in the documents that are named or in all."""

    def __init__(
        self,
        library: Sourcespan,
        *,
        similarity_top_k: int = 5,
        mode: SearchMode = "hybrid",
        document_ids: Sequence[str] | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        self.library = library
        self.similarity_top_k = similarity_top_k
        self.mode: SearchMode = mode
        self.document_ids = document_ids

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = found(self.library, query_bundle.query_str, self.similarity_top_k, self.mode, self.document_ids)
        return [
            NodeWithScore(node=_node(hit.passage.text, metadata, hit.passage.id), score=hit.score)
            for hit, metadata in hits
        ]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class SourcespanQueryEngine(BaseQueryEngine):
    """Answers with the best quote, or says that none is given; each source node is a quote, scored by its confidence.

    The response's metadata have ``status`` and ``answerable``, as `sourcespan.Result` has them. A node's have
    ``confidence``, ``sentence``, ``page`` and ``source``.
    """

    def __init__(
        self,
        library: Sourcespan,
        *,
        n_best: int = 3,
        min_confidence: float | None = None,
        document_ids: Sequence[str] | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        self.library = library
        self.n_best = n_best
        self.min_confidence = min_confidence
        self.document_ids = document_ids

    def _query(self, query_bundle: QueryBundle) -> Response:
        result = self.library.ask(
            query_bundle.query_str,
            n_best=self.n_best,
            min_confidence=self.min_confidence,
            document_ids=self.document_ids,
        )
        return Response(
            result.answers[0].text if result.answers else result.detail or _NO_ANSWER[result.status],
            source_nodes=[
                NodeWithScore(node=_node(one.text, of_answer(one)), score=one.confidence) for one in result.answers
            ],
            metadata={"status": result.status, "answerable": result.answerable},
        )

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}


def _node(text: str, metadata: dict[str, Any], node_id: str | None = None) -> TextNode:
    start, end = metadata["start"], metadata["end"]
    return TextNode(
        id_=node_id or f"{metadata['document_id']}:{start}-{end}",
        text=text,
        start_char_idx=start,
        end_char_idx=end,
        metadata=metadata,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=metadata["document_id"])},
    )

"""For LangChain: a retriever of passages, and a runnable that answers with exact quotes.

Needs ``pip install sourcespan[langchain]``.
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict

from rag.interfaces import SearchMode
from sourcespan import Sourcespan
from sourcespan.adapters.metadata import found, of_answer

__all__ = ["SourcespanAnswers", "SourcespanRetriever"]


class SourcespanRetriever(BaseRetriever):
    """Finds passages, best first. ``text[metadata["start"]:metadata["end"]] == page_content`` in the stored text.

    ``k`` is how many, and may be given to ``invoke`` as well; ``document_ids`` are those to look in, by default all.
    """

    library: Sourcespan
    k: int = 5
    mode: SearchMode = "hybrid"
    document_ids: list[str] | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        hits = found(self.library, query, k or self.k, self.mode, self.document_ids)
        return [Document(hit.passage.text, id=hit.passage.id, metadata=metadata) for hit, metadata in hits]


class SourcespanAnswers(RunnableSerializable[str, dict[str, Any]]):
    """Answers a question with exact quotes, or not at all. Gives what LangChain's retrieval chains give.

    That is ``input``, ``answer`` (the best quote, or "" where none is given) and ``context``: for each answer, best
    first, the sentence as a document, whose metadata have the quote (``answer``), its ``start`` and ``end`` in the
    stored text, ``confidence``, ``page`` and ``source``. ``status`` says why there is no answer; ``result`` is the
    whole `sourcespan.Result`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Sourcespan
    n_best: int = 3
    min_confidence: float | None = None
    document_ids: list[str] | None = None

    def invoke(self, input: str, config: RunnableConfig | None = None, **_: Any) -> dict[str, Any]:  # noqa: A002, ANN401
        """Answers ``input``. Raises InvalidQuestion, QuestionTooLong."""
        return self._call_with_config(self._answer, input, config)

    def _answer(self, question: str) -> dict[str, Any]:
        result = self.library.ask(
            question, n_best=self.n_best, min_confidence=self.min_confidence, document_ids=self.document_ids
        )
        return {
            "input": question,
            "answer": result.answers[0].text if result.answers else "",
            "context": [Document(one.sentence_text, metadata=of_answer(one)) for one in result.answers],
            "status": result.status,
            "result": result,
        }

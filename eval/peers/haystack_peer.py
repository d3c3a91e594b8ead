"""Haystack 3: its in-memory store and embedding retriever, and its transformers integration's extractive reader."""

from __future__ import annotations

from collections.abc import Sequence

from haystack import Document
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from haystack_integrations.components.readers.transformers import TransformersExtractiveReader

from eval.peers.contract import Reply


class Haystack:
    """Haystack with its defaults, but for the models and the number of passages read."""

    def __init__(self, embedder: str, reader: str, top_k: int) -> None:
        self._documents = SentenceTransformersDocumentEmbedder(model=embedder, progress_bar=False)
        self._query = SentenceTransformersTextEmbedder(model=embedder, progress_bar=False)
        self.reader = TransformersExtractiveReader(model=reader, top_k=1)
        for component in (self._documents, self._query, self.reader):
            component.warm_up()
        self._store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        self._retriever = InMemoryEmbeddingRetriever(self._store, top_k=top_k)

    def index(self, passages: Sequence[str]) -> None:
        """Makes the passages searchable."""
        documents = [Document(id=str(number), content=text) for number, text in enumerate(passages)]
        self._store.write_documents(self._documents.run(documents=documents)["documents"])

    def ask(self, question: str) -> Reply:
        """The best answer that is not the empty one."""
        vector = self._query.run(text=question)["embedding"]
        documents = self._retriever.run(query_embedding=vector)["documents"]
        retrieved = [int(document.id) for document in documents]
        for answer in self.reader.run(query=question, documents=documents)["answers"]:
            if answer.data and answer.document is not None and answer.document_offset is not None:
                offset = answer.document_offset
                return Reply(answer.data, int(answer.document.id), offset.start, offset.end, retrieved)
        return Reply("", None, None, None, retrieved)


def load(embedder: str, reader: str, top_k: int) -> Haystack:
    """The peer with its models loaded."""
    return Haystack(embedder, reader, top_k)

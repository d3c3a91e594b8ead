"""txtai: its embeddings index and its extractive pipeline. It gives an answer's text, and not where it stands."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from txtai import Embeddings
from txtai.pipeline import RAG, Questions

from eval.peers.contract import Reply


class Txtai:
    """txtai with its defaults, but for the models and the number of passages read."""

    def __init__(self, embedder: str, reader: str, top_k: int) -> None:
        self._embeddings = Embeddings(path=embedder, content=True, gpu=False)
        self._rag = RAG(self._embeddings, Questions(reader, gpu=False), context=top_k, output="flatten")
        self._top_k = top_k
        # its process dies now and then where several threads ask at once
        self._one_at_a_time = threading.Lock()
        # the model is otherwise loaded by the first text
        self._embeddings.batchtransform(["warm up"])

    def index(self, passages: Sequence[str]) -> None:
        """Makes the passages searchable."""
        self._embeddings.index(list(enumerate(passages)))

    def ask(self, question: str) -> Reply:
        """Searches once more for the passages, which the pipeline does not tell: a few milliseconds of its time."""
        with self._one_at_a_time:
            retrieved = [int(hit["id"]) for hit in self._embeddings.search(question, self._top_k)]
            try:
                (answer,) = self._rag([question])
            except TypeError as error:  # so it ends where the reader's best span is its null answer
                return Reply("", None, None, None, retrieved, error=f"TypeError: {error}")
        return Reply(answer or "", None, None, None, retrieved)


def load(embedder: str, reader: str, top_k: int) -> Txtai:
    """The peer with its models loaded."""
    return Txtai(embedder, reader, top_k)

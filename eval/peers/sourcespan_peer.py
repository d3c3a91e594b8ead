"""Ours, through the same door as the others. Each passage is a document of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from eval.peers.contract import Reply
from index.build import add_many
from index.documents import DocumentDraft
from rag.config import AskConfig
from rag.loading import DEFAULT_EMBEDDER, ModelConfig, Parts, embedder_folder
from rag.loading import load as load_parts


class Sourcespan:
    """The pipeline in this process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._numbers: dict[str, int] = {}

    def index(self, passages: Sequence[str]) -> None:
        """Makes the passages searchable."""
        added = add_many(self._parts.index, [DocumentDraft("", text) for text in passages])
        for number, (document, _) in enumerate(added):
            self._numbers.setdefault(document.id, number)

    def ask(self, question: str) -> Reply:
        """The best answer, given or withheld."""
        result = self._parts.answerer.ask(question, n_best=1)
        retrieved = list(dict.fromkeys(self._numbers[found.passage.document_id] for found in result.passages))
        for best in (*result.answers, *result.candidates):
            return Reply(best.text, self._numbers[best.document.id], best.span.start, best.span.end, retrieved)
        return Reply("", None, None, None, retrieved)


def load(embedder: str, reader: str, top_k: int) -> Sourcespan:
    """With its models loaded, over an empty index; the calibration is that beside the reader's weights, if it fits."""
    data = Path(tempfile.mkdtemp(prefix="sourcespan-peer-"))
    bundled = Path(embedder) == embedder_folder(ModelConfig())  # by its name, which the calibration was fitted for
    models = ModelConfig(DEFAULT_EMBEDDER if bundled else embedder, reader)
    return Sourcespan(load_parts(data, models, ask=AskConfig(top_k=top_k)))

"""Sourcespan as a peer: called as the others are, and over HTTP. Each passage is a document of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from eval.benchmarks.served import served
from eval.peers.contract import Reply
from index.documents import DocumentDraft
from rag.config import DEFAULT_EMBEDDER, AskConfig, ModelConfig
from rag.engine import Sourcespan
from rag.models.loading import embedder_folder


class SourcespanPeer:
    """Sourcespan's own pipeline in this process, measured as the others are."""

    def __init__(self, library: Sourcespan, serving: Mapping[str, str]) -> None:
        """``serving``: the settings of a server that holds the same index and models."""
        self._library = library
        self._serving = serving
        self._numbers: dict[str, int] = {}

    def index(self, passages: Sequence[str]) -> None:
        """Makes the passages searchable."""
        added = self._library.add_many([DocumentDraft("", text) for text in passages])
        for number, one in enumerate(added):
            self._numbers.setdefault(one.document_or_error().id, number)

    def ask(self, question: str) -> Reply:
        """The best answer, given or withheld."""
        result = self._library.ask(question, n_best=1)
        retrieved = list(dict.fromkeys(self._numbers[hit.passage.document_id] for hit in result.passages))
        for best in (*result.answers, *result.candidates):
            return Reply(best.text, self._numbers[best.document.id], best.span.start, best.span.end, retrieved)
        return Reply("", None, None, None, retrieved)

    @contextmanager
    def served(self) -> Iterator[_Served]:
        """The peer that asks its index behind `sourcespan serve`, in a process of its own."""
        with served(self._serving) as url, httpx.Client(base_url=url, timeout=120) as client:
            asked = _Served(client, self._numbers)
            asked.ask("Is it warm?")
            yield asked


@dataclass(frozen=True, slots=True)
class _Served:
    """Asks over HTTP."""

    client: httpx.Client
    numbers: Mapping[str, int]

    def ask(self, question: str) -> Reply:
        """The best answer, given or withheld."""
        response = self.client.post("/v1/ask", json={"question": question, "n_best": 1}).raise_for_status()
        body = response.json()
        for best in (*body["answers"], *body["candidates"]):
            number, span = self.numbers[best["document"]["id"]], best["span"]
            return Reply(best["text"], number, span["start"], span["end"], [])
        return Reply("", None, None, None, [])


def load(embedder: str, reader: str, top_k: int, *, ahead: bool = False) -> SourcespanPeer:
    """With its models loaded, over an empty index; the calibration is that beside the reader's weights, if it fits."""
    data = Path(tempfile.mkdtemp(prefix="sourcespan-peer-"))
    bundled = Path(embedder) == embedder_folder(ModelConfig())  # by its name, which the calibration was fitted for
    models = ModelConfig(DEFAULT_EMBEDDER if bundled else embedder, reader, ahead=ahead)
    serving = {
        "SOURCESPAN_DATA": str(data),
        "SOURCESPAN_EMBEDDER": models.embedder,
        "SOURCESPAN_READER": models.reader,
        "SOURCESPAN_TOP_K": str(top_k),
        "SOURCESPAN_AHEAD": str(ahead),
    }
    return SourcespanPeer(Sourcespan.open(data, models, ask=AskConfig(top_k=top_k)), serving)

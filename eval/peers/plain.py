"""What one would write by hand: sentence-transformers, FAISS, a question-answering model. No offsets into documents."""

from __future__ import annotations

from collections.abc import Sequence

import faiss
import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from eval.peers.contract import Reply

_LONGEST = 30


class PlainLoop:
    """Reads the nearest passages in windows; the best start and end of all of them, over the null answer."""

    def __init__(self, embedder: str, reader: str, top_k: int) -> None:
        self._embedder = SentenceTransformer(embedder, device="cpu")
        self._tokenizer = AutoTokenizer.from_pretrained(reader)
        self._model = AutoModelForQuestionAnswering.from_pretrained(reader).eval()
        self._top_k = top_k

    def index(self, passages: Sequence[str]) -> None:
        """Makes the passages searchable."""
        self._passages = list(passages)
        vectors = self._embedder.encode(self._passages, normalize_embeddings=True, show_progress_bar=False)
        self._vectors = faiss.IndexFlatIP(vectors.shape[1])
        self._vectors.add(vectors)

    def ask(self, question: str) -> Reply:
        """The best span of the passages that are nearest."""
        query = self._embedder.encode([question], normalize_embeddings=True, show_progress_bar=False)
        retrieved = [int(key) for key in self._vectors.search(query, self._top_k)[1][0] if key >= 0]
        windows = self._tokenizer(
            [question] * len(retrieved),
            [self._passages[key] for key in retrieved],
            max_length=384,
            stride=128,
            truncation="only_second",
            padding=True,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets, passage_of = windows.pop("offset_mapping"), windows.pop("overflow_to_sample_mapping")
        inside = np.array([[part == 1 for part in windows.sequence_ids(row)] for row in range(len(passage_of))])
        with torch.inference_mode():
            logits = self._model(**windows)
        start, end = logits.start_logits.numpy(), logits.end_logits.numpy()
        pairs = start[:, :, None] + end[:, None, :] - (start[:, 0] + end[:, 0])[:, None, None]
        length = np.arange(pairs.shape[2])[None, :] - np.arange(pairs.shape[1])[:, None]
        allowed = inside[:, :, None] & inside[:, None, :] & ((length >= 0) & (length < _LONGEST))[None]
        row, first, last = np.unravel_index(np.where(allowed, pairs, -np.inf).argmax(), pairs.shape)
        passage, begin, stop = retrieved[int(passage_of[row])], int(offsets[row, first, 0]), int(offsets[row, last, 1])
        return Reply(self._passages[passage][begin:stop], passage, begin, stop, retrieved)


def load(embedder: str, reader: str, top_k: int) -> PlainLoop:
    """The loop with its models loaded."""
    return PlainLoop(embedder, reader, top_k)

"""A reader all of whose layers see question and passage together, as transformers computes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from index.precision import autocast
from rag.pieces import Front, Pieces, joined
from rag.spans import FloatArray
from rag.windows import Window, cut_windows, pad, pad_values

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


class TogetherEncoder:
    """Windows → logits."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, *, bf16: bool, max_tokens: int, stride: int
    ) -> None:
        """``bf16`` is for a model that transformers itself computes."""
        self._model = model
        self._tokenizer = tokenizer
        self._pieces = Pieces(tokenizer, max_tokens=max_tokens, stride=stride)
        self._bf16 = bf16
        self._max_tokens = max_tokens
        self._stride = stride
        self._pad_values = pad_values(tokenizer)

    def windows(self, questions: Sequence[str], passages: Sequence[str]) -> list[Window]:
        """Every window of every (question, passage) pair, in order."""
        fronts, whole = self._pieces.fronts(questions), self._pieces.passages(passages)
        return [
            window
            for pair, (question, passage) in enumerate(zip(questions, passages, strict=True))
            for window in self._of_pair(pair, question, passage, fronts[question], whole[passage])
        ]

    def _of_pair(
        self, pair: int, question: str, passage: str, front: Front, without_question: Sequence[Window]
    ) -> list[Window]:
        if len(without_question) == 1:
            window = joined(front, without_question[0], pair)
            if len(window) <= self._max_tokens:
                return [window]
        # a long passage is cut where the question leaves room
        cut = cut_windows(self._tokenizer, [question], [passage], max_tokens=self._max_tokens, stride=self._stride)
        return [replace(window, pair=pair) for window in cut]

    def room(self, question: str) -> int:
        """How many tokens of a passage fit beside ``question``."""
        return self._max_tokens - self._pieces.taken_by(question)

    def logits(self, windows: Sequence[Window]) -> tuple[FloatArray, FloatArray]:
        """Start and end logits of the windows, (windows, tokens) each."""
        inputs = {name: torch.from_numpy(values) for name, values in pad(windows, self._pad_values).items()}
        with torch.inference_mode(), autocast(self._bf16):
            output = self._model(**inputs)
        return output.start_logits.float().numpy(), output.end_logits.float().numpy()

"""A reader all of whose layers see question and passage together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from index.inference.compiled_bert import CompiledBert, Tokens
from rag.pieces import Front, Pieces, joined
from rag.spans import FloatArray
from rag.windows import IntArray, Window, WindowTokenizer, cut_windows, stacked

Logits = Callable[[Sequence[Window]], tuple[FloatArray, FloatArray]]
"""Computes start and end logits of windows, (windows, tokens) each."""


class TogetherEncoder:
    """Windows → logits."""

    def __init__(self, logits: Logits, tokenizer: WindowTokenizer, *, max_tokens: int, stride: int) -> None:
        self.logits = logits
        self._tokenizer = tokenizer
        self._pieces = Pieces(tokenizer, max_tokens=max_tokens, stride=stride)
        self._max_tokens = max_tokens
        self._stride = stride

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


def compiled_logits(bert: CompiledBert) -> Logits:
    """By a BERT with a question-answering head."""

    def logits(windows: Sequence[Window]) -> tuple[FloatArray, FloatArray]:
        places = np.arange(max(map(len, windows)))
        return starts_and_ends(bert.whole([_tokens(window, places) for window in windows]))

    return logits


def _tokens(window: Window, places: IntArray) -> Tokens:
    ids = window.inputs["input_ids"]
    return Tokens(ids, window.inputs.get("token_type_ids", np.zeros_like(ids)), places[: len(ids)])


def starts_and_ends(logits: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """(tokens, 2) of each window → (windows, tokens of the longest), twice."""
    return stacked([of_one[:, 0] for of_one in logits]), stacked([of_one[:, 1] for of_one in logits])

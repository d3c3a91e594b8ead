"""A reader all of whose layers see question and passage together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from index.bert.compiled_bert import CompiledBert, Tokens
from index.passages.reading_text import ReadingText
from rag.reader.spans import FloatArray
from rag.reader.windows import Window, WindowTokenizer

PassLogits = tuple[list[int], FloatArray, FloatArray]
"""Positions of the windows that a forward pass computed, and their start and end logits, (windows, tokens) each.

Behind the tokens of a shorter window stand numbers that mean nothing.
"""

Logits = Callable[[Sequence[Window]], Iterator[PassLogits]]
"""Computes the logits of windows, one forward pass after the other."""


class JointEncoder:
    """Cuts what is read into windows as long as each question lets them be, and computes them."""

    def __init__(self, logits: Logits, tokenizer: WindowTokenizer, *, max_tokens: int, stride: int) -> None:
        """A window has at most ``max_tokens`` tokens; those of one passage share ``stride`` tokens of it."""
        self.logits = logits
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._stride = stride

    def windows(self, questions: Sequence[str], passages: Sequence[ReadingText]) -> list[Window]:
        """Every window of every (question, passage) pair, in order."""
        return self._tokenizer.windows(questions, passages, max_tokens=self._max_tokens, stride=self._stride)

    def room(self, question: str) -> int:
        """How many tokens of a passage fit beside ``question``; zero or negative for none."""
        return self._tokenizer.rooms([question], self._max_tokens)[0]


def bert_logits(bert: CompiledBert) -> Logits:
    """By a BERT with a question-answering head."""

    def logits(windows: Sequence[Window]) -> Iterator[PassLogits]:
        for positions, computed in bert.passes([_tokens(window) for window in windows]):
            yield positions, computed[..., 0], computed[..., 1]

    return logits


def _tokens(window: Window) -> Tokens:
    inputs = window.inputs
    ids = inputs["input_ids"]
    return Tokens(ids, inputs.get("token_type_ids", np.zeros_like(ids)), np.arange(len(ids)))

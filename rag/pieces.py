"""Questions and passages, tokenised once each and remembered, that windows are put together from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from index.remembered import Remembered
from rag.windows import IntArray, Window, WindowTokenizer, cut_windows

Front = Mapping[str, IntArray]
"""A question as it stands before a passage, with its special tokens: each input of the model, (tokens,)."""

# a question is read again where its first passages leave it in doubt, a passage for other questions: some 8 KB each
_QUESTIONS, _PASSAGES = 64, 512


class Pieces:
    """The pieces of a tokenizer's windows. Windows that are put together are those that `cut_windows` cuts."""

    def __init__(self, tokenizer: WindowTokenizer, *, max_tokens: int, stride: int) -> None:
        """``max_tokens`` are of a window without a question."""
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._stride = stride
        of_passage = [s == 1 for s in tokenizer.whole([("", "a")])[0].sequence_ids]
        self._before = of_passage.index(True)
        self._behind = of_passage[::-1].index(True)
        self._questions: Remembered[str, Front] = Remembered(_QUESTIONS)
        self._passages: Remembered[str, list[Window]] = Remembered(_PASSAGES)

    def fronts(self, questions: Sequence[str]) -> dict[str, Front]:
        """Each question's."""
        known = self._questions.known(questions)
        if new := [question for question in dict.fromkeys(questions) if question not in known]:
            encodings = map(self._tokenizer.inputs, self._tokenizer.whole([(question, "") for question in new]))
            fronts = {
                question: {name: values[: -self._behind or None] for name, values in inputs.items()}
                for question, inputs in zip(new, encodings, strict=True)
            }
            self._questions.keep(fronts)
            known |= fronts
        return known

    def taken_by(self, question: str) -> int:
        """How many tokens of a window are not the passage's."""
        return len(next(iter(self.fronts([question])[question].values()))) + self._behind

    def passages(self, passages: Sequence[str]) -> dict[str, list[Window]]:
        """The windows of each passage without a question: what is left of them once its place is taken off."""
        known = self._passages.known(passages)
        if new := [passage for passage in dict.fromkeys(passages) if passage not in known]:
            cut: dict[str, list[Window]] = {passage: [] for passage in new}
            nothing, room = [""] * len(new), self._max_tokens + self._before
            for window in cut_windows(self._tokenizer, nothing, new, max_tokens=room, stride=self._stride):
                cut[new[window.pair]].append(self._without_front(window))
            self._passages.keep(cut)
            known |= cut
        return known

    def _without_front(self, window: Window) -> Window:
        rest = slice(self._before, None)
        return Window(
            0,
            {name: values[rest] for name, values in window.inputs.items()},
            window.offsets[rest],
            window.may_start[rest],
            window.may_end[rest],
        )


def joined(front: Front, passage: Window, pair: int) -> Window:
    """The window of a question and a passage, the ``pair``-th of a call."""
    tokens = len(next(iter(front.values())))
    nowhere = np.zeros(tokens, dtype=bool)
    return Window(
        pair,
        {name: np.concatenate([front[name], values]) for name, values in passage.inputs.items()},
        np.concatenate([np.zeros((tokens, 2), dtype=passage.offsets.dtype), passage.offsets]),
        np.concatenate([nowhere, passage.may_start]),
        np.concatenate([nowhere, passage.may_end]),
    )

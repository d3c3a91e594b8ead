"""A reader whose lower layers are computed over passages before any question is asked.

Those layers see question and passage apart, the upper ones both together (DeFormer: Cao et al., 2020,
arXiv:2005.00697). A reader says in its configuration for how many of its layers it was trained so
(`train run --layers-ahead`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from index.errors import CatalogueError
from index.inference.compiled_bert import CompiledBert, Tokens
from index.remembered import Remembered
from index.states import States, StatesFile, tokens_key
from rag.pieces import Pieces, joined
from rag.spans import FloatArray
from rag.together import starts_and_ends
from rag.windows import IntArray, Window, WindowTokenizer, length_sorted_batches

logger = logging.getLogger("sourcespan")

LAYERS_AHEAD = "layers_ahead"
"""The name of that number in config.json."""

FIRST_POSITION = 24
"""Of a passage: how long the question will be is not known beforehand."""

# a question is read again where its first passages leave it in doubt
_QUESTIONS_REMEMBERED = 64
# how many tokens are computed together beforehand
_TOKENS_AT_ONCE = 4_096

_QUESTION, _PASSAGE = 0, 1
"""The token types of a BERT."""


class AheadEncoder:
    """Windows → logits, by the upper layers alone where ``kept`` has what the lower ones make of the passage."""

    def __init__(
        self,
        bert: CompiledBert,
        tokenizer: WindowTokenizer,
        kept: StatesFile,
        *,
        max_tokens: int,
        stride: int,
    ) -> None:
        """The lower layers of ``bert``, which ends in a head, are computed beforehand.

        ``max_tokens`` are of a window with a short question.
        """
        self._bert = bert
        self._max_tokens = max_tokens
        self._pieces = Pieces(tokenizer, max_tokens=max_tokens - FIRST_POSITION, stride=stride)
        self._kept = kept
        self._questions: Remembered[str, States] = Remembered(_QUESTIONS_REMEMBERED)

    def windows(self, questions: Sequence[str], passages: Sequence[str]) -> list[Window]:
        """Every window of every (question, passage) pair, in order. How a passage is cut depends on it alone."""
        fronts, whole = self._pieces.fronts(questions), self._pieces.passages(passages)
        return [
            joined(fronts[question], window, pair)
            for pair, (question, passage) in enumerate(zip(questions, passages, strict=True))
            for window in whole[passage]
        ]

    def room(self, question: str) -> int:
        """How many tokens of a passage fit beside ``question``, as far as what takes it in is concerned."""
        return self._max_tokens - self._pieces.taken_by(question)

    def logits(self, windows: Sequence[Window]) -> tuple[FloatArray, FloatArray]:
        """Start and end logits of the windows, (windows, tokens) each."""
        questions = self._states([_part(window, _QUESTION) for window in windows], _QUESTION, self._questions)
        passages = self._states([_part(window, _PASSAGE) for window in windows], _PASSAGE, self._kept)
        together = [np.concatenate(parts) for parts in zip(questions, passages, strict=True)]
        return starts_and_ends(self._bert.upper(together))

    def prepare(self, passages: Sequence[str]) -> None:
        """Computes what the lower layers make of passages, and keeps it. Raises CatalogueError."""
        ids = self._ids(passages)
        there = self._kept.known(ids)
        new = [key for key in ids if key not in there]
        for batch in length_sorted_batches(new, [len(ids[key]) for key in new], _TOKENS_AT_ONCE):
            self._kept.keep(self._computed({new[at]: ids[new[at]] for at in batch}, _PASSAGE), patient=True)

    def forget(self, passages: Sequence[str]) -> None:
        """Keeps it no longer. Raises CatalogueError."""
        self._kept.remove(self._ids(passages))

    def close(self) -> None:
        """Lets go of the file, which is opened again where it is wanted again."""
        self._kept.close()

    def prepared(self) -> int:
        """Of how many windows of passages it is kept what the lower layers make of them."""
        return self._kept.count()

    def _ids(self, passages: Sequence[str]) -> dict[str, IntArray]:
        """The tokens of the passages' windows, by their keys."""
        parts = (_part(window, _PASSAGE) for windows in self._pieces.passages(passages).values() for window in windows)
        return {tokens_key(ids): ids for ids in parts}

    def _states(self, parts: Sequence[IntArray], kind: int, memory: Memory) -> list[FloatArray]:
        """What the lower layers make of each part, (tokens, width); the computed is kept in ``memory``."""
        keys = [tokens_key(part) for part in parts]
        try:
            known = memory.known(keys)
        except CatalogueError as error:
            logger.warning("What was computed of passages cannot be read, and is computed anew: %s", error)
            known = {}
        if new := {key: part for key, part in zip(keys, parts, strict=True) if key not in known}:
            computed = self._computed(new, kind)
            known |= computed
            try:
                memory.keep(computed)
            except CatalogueError as error:  # which is no reason to leave a question without an answer
                logger.warning("What was computed of a passage was not kept: %s", error)
        return [known[key].values() for key in keys]

    def _computed(self, parts: Mapping[str, IntArray], kind: int) -> dict[str, States]:
        states = self._bert.lower([_tokens(ids, kind) for ids in parts.values()])
        return {key: States.of(of_one) for key, of_one in zip(parts, states, strict=True)}


class Memory(Protocol):
    """Keeps states for when they are wanted again."""

    def known(self, keys: Iterable[str]) -> dict[str, States]:
        """Those that are there."""

    def keep(self, states: Mapping[str, States]) -> None:
        """Waits for nobody. Raises CatalogueError."""


def _part(window: Window, kind: int) -> IntArray:
    """The tokens of the window's question, or of its passage, with the special ones that end them."""
    ids: IntArray = window.inputs["input_ids"][window.inputs["token_type_ids"] == kind]
    return ids


def _tokens(ids: IntArray, kind: int) -> Tokens:
    first = FIRST_POSITION if kind == _PASSAGE else 0
    return Tokens(ids, np.full_like(ids, kind), np.arange(first, first + len(ids)))

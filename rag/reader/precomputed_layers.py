"""A reader whose lower layers are computed over passages before any question is asked.

Those layers see question and passage by themselves, the upper ones both together (DeFormer: Cao et al., 2020,
arXiv:2005.00697). A reader says in its configuration for how many of its layers it was trained so
(`train run --layers-ahead`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from index.bert.compiled_bert import CompiledBert, CompiledLayers, States, Tokens
from index.bert.graph.quantised import Quantised
from index.errors import CatalogueError
from index.passages.reading_text import ReadingText
from index.store.cache import Remembered
from index.store.reader_states import StatesFile, states_in_8_bits, tokens_key
from rag.reader.joint_encoder import PassLogits
from rag.reader.windows import Inputs, IntArray, Window, WindowTokenizer

logger = logging.getLogger("sourcespan")

PRECOMPUTED_LAYERS = "layers_ahead"
"""The name of that number in config.json."""

FIRST_POSITION = 24
"""The position that a passage's first token has: how long the question will be is not known beforehand."""

# a question is read again where its first passages leave it in doubt
_QUESTIONS_KEPT = 64

_QUESTION, _PASSAGE = 0, 1
"""The token types of a BERT."""


class PrecomputedLayersEncoder:
    """Computes windows by the upper layers alone, where the states that the lower ones give for a passage are kept."""

    def __init__(
        self,
        lower: CompiledBert,
        upper: CompiledLayers,
        tokenizer: WindowTokenizer,
        kept: StatesFile,
        *,
        max_tokens: int,
        stride: int,
    ) -> None:
        """``upper`` are the layers above those of ``lower``, and the question-answering head.

        A window has at most ``max_tokens`` tokens if its question is no longer than `FIRST_POSITION`; those of one
        passage share ``stride`` tokens of it.
        """
        self._lower = lower
        self._upper = upper
        self._tokenizer = tokenizer
        self._kept = kept
        self._max_tokens = max_tokens
        self._stride = stride
        self._questions: Remembered[str, Quantised] = Remembered(_QUESTIONS_KEPT)

    def windows(self, questions: Sequence[str], passages: Sequence[ReadingText]) -> list[Window]:
        """Every window of every (question, passage) pair, in order. How a passage is cut depends on it alone."""
        return self._tokenizer.windows(
            questions, passages, max_tokens=self._max_tokens, stride=self._stride, passage_from=FIRST_POSITION
        )

    def room(self, question: str) -> int:
        """How many tokens of a passage would fit beside ``question``, were passages cut by it."""
        return self._tokenizer.rooms([question], self._max_tokens)[0]

    def logits(self, windows: Sequence[Window]) -> Iterator[PassLogits]:
        """Start and end logits of the windows, one forward pass of the upper layers after the other."""
        questions = self._states([window.question for window in windows], _QUESTION, self._questions)
        passages = self._states([window.passage.inputs for window in windows], _PASSAGE, self._kept)
        joined = [np.concatenate(states) for states in zip(questions, passages, strict=True)]
        for positions, computed in self._upper.passes(joined):
            yield positions, computed[..., 0], computed[..., 1]

    def prepare(self, passages: Sequence[str]) -> None:
        """Computes the states of passages, in memory as large as they are together, and keeps them.

        Raises CatalogueError.
        """
        tokens = self._passage_tokens(passages)
        known = self._kept.known(tokens)
        if new := {key: ids for key, ids in tokens.items() if key not in known}:
            self._kept.keep(self._computed(new, _PASSAGE), patient=True)

    def forget(self, passages: Sequence[str]) -> None:
        """Keeps the states of passages no longer. Raises CatalogueError."""
        self._kept.remove(self._passage_tokens(passages))

    def close(self) -> None:
        """Lets go of the file, which is opened again where it is wanted again."""
        self._kept.close()

    def prepared(self) -> int:
        """How many windows of passages have their states kept."""
        return self._kept.count()

    def _passage_tokens(self, passages: Sequence[str]) -> dict[str, IntArray]:
        """The tokens of the passages' windows, by the keys of their states."""
        windows = self.windows([""] * len(passages), [ReadingText.bare(passage) for passage in passages])
        return {tokens_key(ids): ids for ids in (window.passage.inputs["input_ids"] for window in windows)}

    def _states(self, inputs: Sequence[Inputs], token_type: int, kept: StateStore) -> list[States]:
        """The lower layers' states of each question or passage, (tokens, width); new ones are kept in ``kept``."""
        keys = [tokens_key(each["input_ids"]) for each in inputs]
        try:
            known = kept.known(keys)
        except CatalogueError as error:
            logger.warning("What was computed of passages cannot be read, and is computed anew: %s", error)
            known = {}
        if new := {key: each["input_ids"] for key, each in zip(keys, inputs, strict=True) if key not in known}:
            computed = self._computed(new, token_type)
            known |= computed
            try:
                kept.keep(computed)
            except CatalogueError as error:  # which is no reason to leave a question without an answer
                logger.warning("What was computed of a passage was not kept: %s", error)
        # those that were just computed have lost as much to the 8 bits as those that were kept: answers do not depend
        # on what was there
        return [known[key].values() for key in keys]

    def _computed(self, tokens: Mapping[str, IntArray], token_type: int) -> dict[str, Quantised]:
        states = self._lower.states([_tokens(ids, token_type) for ids in tokens.values()])
        return {key: states_in_8_bits(each) for key, each in zip(tokens, states, strict=True)}


class StateStore(Protocol):
    """Keeps states by the keys of their tokens."""

    def known(self, keys: Iterable[str]) -> dict[str, Quantised]:
        """The states that are kept under these keys. Raises CatalogueError."""

    def keep(self, states: Mapping[str, Quantised]) -> None:
        """Keeps states by their keys, unless it would have to wait for somebody. Raises CatalogueError."""


def _tokens(ids: IntArray, token_type: int) -> Tokens:
    first = FIRST_POSITION if token_type == _PASSAGE else 0
    return Tokens(ids, np.full_like(ids, token_type), np.arange(first, first + len(ids)))

"""Questions and passages → the token windows that a reader sees. A long passage becomes several: nothing is cut off.

Each text is tokenised once, by itself, and remembered. A window holds the tokens of a question and of a passage side by
side, unjoined: some readers compute the two apart. Joined, they are what the tokenizer makes of the pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from index.passages.reading_text import ReadingText
from index.store.cache import Remembered

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer
    from transformers import PreTrainedTokenizerFast

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Inputs = Mapping[str, IntArray]
"""What a model takes, by transformers' names (``input_ids``, ``token_type_ids`` …), (tokens,) each."""

# where the tokenizer has each of them
_ATTRIBUTES = {"input_ids": "ids", "token_type_ids": "type_ids", "attention_mask": "attention_mask"}

# a question is read again where its first passages leave it in doubt, a passage for other questions: some 8 KB each
_QUESTIONS_KEPT, _PASSAGES_KEPT = 64, 512


@dataclass(frozen=True, slots=True, eq=False)
class PassageTokens:
    """The tokens of a passage, or of as much of it as one window holds, and the special tokens behind them."""

    inputs: Inputs
    offsets: IntArray
    """(tokens, 2): half-open characters of the text that is read; (0, 0) for a special token."""
    pieces: IntArray
    """(tokens,): the number of the piece of the passage that holds it; -1 for special and inserted tokens."""
    shifts: IntArray
    """(tokens,): how many inserted characters stand before the token, if it is of the passage."""
    may_start: BoolArray
    """(tokens,): those that begin a word of the passage."""
    may_end: BoolArray
    """(tokens,): those that end a word of the passage."""

    def __len__(self) -> int:
        return len(self.may_start)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What a reader sees at once: a question, and as much of one passage as fits beside it."""

    pair: int
    """Which (question, passage) pair of the call it was cut from."""
    question: Inputs
    """With the special tokens before and behind it."""
    passage: PassageTokens

    def __len__(self) -> int:
        return self.passage_from + len(self.passage)

    @property
    def passage_from(self) -> int:
        """The number of tokens before the passage."""
        return len(self.question["input_ids"])

    @property
    def inputs(self) -> dict[str, IntArray]:
        """Question and passage joined, as a model takes them that computes both together."""
        return {name: np.concatenate([self.question[name], rest]) for name, rest in self.passage.inputs.items()}

    def characters(self, first: int, last: int) -> tuple[int, int]:
        """The half-open characters of the passage from the window's token ``first`` to ``last``, both inclusive."""
        tokens, before = self.passage, self.passage_from
        offsets = tokens.offsets - tokens.shifts[:, None]
        return int(offsets[first - before, 0]), int(offsets[last - before, 1])


class WindowTokenizer:
    """Pairs of texts → windows. Threads may share it."""

    def __init__(self, backend: Tokenizer, inputs: Sequence[str]) -> None:
        """``inputs`` are what the model takes, by transformers' names; nobody else may have ``backend`` cut or pad."""
        self._backend = backend
        self._inputs = [name for name in inputs if name in _ATTRIBUTES]
        backend.no_truncation()
        backend.no_padding()
        # how many special tokens the model wants before and behind the passage: asked of the tokenizer, not assumed
        in_passage = [sequence == 1 for sequence in backend.encode("", "a").sequence_ids]
        self._before = in_passage.index(True)
        self._behind = in_passage[::-1].index(True)
        self._questions: Remembered[str, Inputs] = Remembered(_QUESTIONS_KEPT)
        self._passages: Remembered[ReadingText, PassageTokens] = Remembered(_PASSAGES_KEPT)

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> Self:
        """For a tokenizer that transformers has loaded, and shares: nobody else may use it meanwhile."""
        return cls(tokenizer.backend_tokenizer, tokenizer.model_input_names)

    def rooms(self, questions: Sequence[str], max_tokens: int) -> list[int]:
        """How many tokens of a passage fit beside each question in ``max_tokens``; zero or negative for none."""
        tokens = self._question_tokens(questions)
        return [max_tokens - len(tokens[question]["input_ids"]) - self._behind for question in questions]

    def windows(
        self,
        questions: Sequence[str],
        passages: Sequence[ReadingText],
        *,
        max_tokens: int,
        stride: int,
        passage_from: int | None = None,
    ) -> list[Window]:
        """Every window of every (question, passage) pair, in order.

        A window has at most ``max_tokens`` tokens, special ones included, and neighbours share ``stride`` tokens of the
        passage. With ``passage_from``, each passage is cut as beside a question of that many tokens, whichever it is.
        Raises ValueError where a passage must be cut and no more than ``stride`` tokens of it fit: see `rooms`.
        """
        question_tokens, passage_tokens = self._question_tokens(questions), self._passage_tokens(passages)
        windows = []
        for pair, (question, passage) in enumerate(zip(questions, passages, strict=True)):
            before = question_tokens[question]
            room = max_tokens - (len(before["input_ids"]) if passage_from is None else passage_from)
            parts = self._cut(passage, passage_tokens[passage], room - self._behind, stride)
            windows += [Window(pair, before, part) for part in parts]
        return windows

    def _question_tokens(self, questions: Sequence[str]) -> dict[str, Inputs]:
        known = self._questions.known(questions)
        if new := [question for question in dict.fromkeys(questions) if question not in known]:
            ends = -self._behind or None
            computed = {
                question: {name: values[:ends] for name, values in self._model_inputs(encoding).items()}
                for question, encoding in zip(new, self._encoded([(question, "") for question in new]), strict=True)
            }
            self._questions.keep(computed)
            known |= computed
        return known

    def _passage_tokens(self, passages: Sequence[ReadingText]) -> dict[ReadingText, PassageTokens]:
        known = self._passages.known(passages)
        if new := [passage for passage in dict.fromkeys(passages) if passage not in known]:
            encodings = self._encoded([("", passage.text) for passage in new])
            computed = {passage: self._whole(passage, each) for passage, each in zip(new, encodings, strict=True)}
            self._passages.keep(computed)
            known |= computed
        return known

    def _encoded(self, pairs: Sequence[tuple[str, str]]) -> list[Encoding]:
        encodings: list[Encoding] = self._backend.encode_batch([*pairs])
        return encodings

    def _model_inputs(self, encoding: Encoding) -> dict[str, IntArray]:
        return {name: np.asarray(getattr(encoding, _ATTRIBUTES[name])) for name in self._inputs}

    def _whole(self, passage: ReadingText, encoding: Encoding) -> PassageTokens:
        rest = slice(self._before, None)
        inside = np.asarray([sequence == 1 for sequence in encoding.sequence_ids])
        words = np.asarray([-1 if word is None else word for word in encoding.word_ids])
        # an answer does not begin or end within a word: a boundary is where the number of the word changes
        new_word = np.ones(len(words) + 1, dtype=bool)
        new_word[1:-1] = (words[1:] != words[:-1]) | (inside[1:] != inside[:-1])
        offsets = np.where(inside[:, None], np.asarray(encoding.offsets), 0)
        pieces, shifts = _pieces(passage, offsets, inside)
        tokens = PassageTokens(
            {name: values[rest] for name, values in self._model_inputs(encoding).items()},
            offsets[rest],
            pieces[rest],
            shifts[rest],
            ((pieces >= 0) & new_word[:-1])[rest],
            ((pieces >= 0) & new_word[1:])[rest],
        )
        return self._with_edges(tokens, passage)

    def _cut(self, passage: ReadingText, whole: PassageTokens, room: int, stride: int) -> list[PassageTokens]:
        """``whole`` in parts of at most ``room`` tokens and the special ones behind them."""
        count = len(whole) - self._behind
        if count <= room:
            return [whole]
        if room <= stride:
            raise ValueError(f"{room} tokens of a passage fit beside a question, no more than the stride {stride}")
        return [self._part(passage, whole, first, room) for first in range(0, count - stride, room - stride)]

    def _part(self, passage: ReadingText, whole: PassageTokens, first: int, room: int) -> PassageTokens:
        count = len(whole) - self._behind
        kept = [*range(first, min(first + room, count)), *range(count, len(whole))]
        part = PassageTokens(
            {name: values[kept] for name, values in whole.inputs.items()},
            whole.offsets[kept],
            whole.pieces[kept],
            whole.shifts[kept],
            whole.may_start[kept],
            whole.may_end[kept],
        )
        return self._with_edges(part, passage)

    def _with_edges(self, tokens: PassageTokens, passage: ReadingText) -> PassageTokens:
        """Its first token may start and its last may end, unless that cuts a word: the neighbour holds it whole."""
        last = len(tokens) - self._behind - 1
        if last >= 0:
            is_stored = tokens.pieces >= 0
            tokens.may_start[0] = is_stored[0] and not _is_inside_word(passage.text, int(tokens.offsets[0, 0]))
            tokens.may_end[last] = is_stored[last] and not _is_inside_word(passage.text, int(tokens.offsets[last, 1]))
        return tokens


def _is_inside_word(text: str, position: int) -> bool:
    return 0 < position < len(text) and text[position - 1].isalnum() and text[position].isalnum()


def _pieces(passage: ReadingText, offsets: IntArray, inside: BoolArray) -> tuple[IntArray, IntArray]:
    """For each token the number of the piece that holds all of it, -1 for none, and that piece's shift, (tokens,)."""
    starts, ends, shifts = (
        np.array([(p.start, p.end, p.shift) for p in passage.pieces], dtype=np.int64).reshape(-1, 3).T
    )
    if not len(starts):
        return np.full(len(offsets), -1), np.zeros(len(offsets), np.int64)
    numbers = np.searchsorted(starts, offsets[:, 0], side="right") - 1
    holds = inside & (numbers >= 0) & (offsets[:, 1] <= ends[numbers])
    return np.where(holds, numbers, -1), np.where(holds, shifts[numbers], 0)


def piece_numbers(windows: Sequence[Window], tokens: int) -> IntArray:
    """Which piece of its passage each token of the windows is of, -1 for none, (windows, tokens)."""
    numbers = np.full((len(windows), tokens), -1)
    for row, window in enumerate(windows):
        numbers[row, window.passage_from : len(window)] = window.passage.pieces
    return numbers


def word_edges(windows: Sequence[Window], tokens: int) -> tuple[BoolArray, BoolArray]:
    """Which tokens of the windows begin a word of the passage, and which end one, (windows, tokens) each."""
    may_start, may_end = np.zeros((2, len(windows), tokens), dtype=bool)
    for row, window in enumerate(windows):
        inside = slice(window.passage_from, len(window))
        may_start[row, inside] = window.passage.may_start
        may_end[row, inside] = window.passage.may_end
    return may_start, may_end


def pad(windows: Sequence[Window], fillers: Mapping[str, int]) -> dict[str, IntArray]:
    """The inputs of the windows, (windows, tokens of the longest) each, filled up with ``fillers`` or else 0."""
    rows = [window.inputs for window in windows]
    padded = {
        name: np.full((len(rows), max(map(len, windows))), fillers.get(name, 0), dtype=values.dtype)
        for name, values in rows[0].items()
    }
    for number, inputs in enumerate(rows):
        for name, values in inputs.items():
            padded[name][number, : len(values)] = values
    return padded


def pad_values(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    """What fills up each of the model's inputs; the attention mask of a filler is 0."""
    return {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": tokenizer.pad_token_type_id}

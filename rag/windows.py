"""Questions and passages → the token windows a reader sees. A long passage becomes several: nothing is cut off."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer
    from transformers import PreTrainedTokenizerFast

T = TypeVar("T")
Scalar = TypeVar("Scalar", bound=np.generic)
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# what a model may take, by transformers' names, and where the tokenizer has it
_PARTS = {"input_ids": "ids", "token_type_ids": "type_ids", "attention_mask": "attention_mask"}


@dataclass(frozen=True, slots=True)
class Window:
    """One model input: the question and as much of one passage as fits. Arrays have one row per token."""

    pair: int
    """Which (question, passage) pair of the call it was cut from."""
    inputs: dict[str, IntArray]
    """What the model takes, by name (``input_ids``, ``token_type_ids`` …), unpadded."""
    offsets: IntArray
    """(tokens, 2): half-open characters of the passage; (0, 0) outside it."""
    may_start: BoolArray
    """Tokens that begin a word of the passage."""
    may_end: BoolArray
    """Tokens that end a word of the passage."""

    def __len__(self) -> int:
        return len(self.may_start)


class WindowTokenizer:
    """Pairs of texts → tokens. Threads may share it."""

    def __init__(self, backend: Tokenizer, inputs: Sequence[str]) -> None:
        """``inputs`` are what the model takes, by transformers' names; nobody else has ``backend`` cut or pad."""
        self._backend = backend
        self._inputs = [name for name in inputs if name in _PARTS]
        # whether to cut is kept in a tokenizer: who indexes would change it for who asks at the same time
        self._one_at_a_time = threading.Lock()

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> Self:
        """Of what transformers has loaded, and shares: no other thread may use it but through this."""
        return cls(tokenizer.backend_tokenizer, tokenizer.model_input_names)

    def whole(self, pairs: Sequence[tuple[str, str]]) -> list[Encoding]:
        """Each pair with its special tokens."""
        with self._one_at_a_time:
            self._backend.no_truncation()
            return self._encoded(pairs)

    def cut(self, pairs: Sequence[tuple[str, str]], *, max_tokens: int, stride: int) -> list[list[Encoding]]:
        """The same in pieces of at most ``max_tokens``, that share ``stride`` tokens of the second text."""
        with self._one_at_a_time:
            self._backend.enable_truncation(max_tokens, stride=stride, strategy="only_second")
            return [[first, *first.overflowing] for first in self._encoded(pairs)]

    def inputs(self, encoding: Encoding) -> dict[str, IntArray]:
        """What the model takes, by name, (tokens,) each."""
        return {name: np.asarray(getattr(encoding, _PARTS[name])) for name in self._inputs}

    def _encoded(self, pairs: Sequence[tuple[str, str]]) -> list[Encoding]:
        self._backend.no_padding()
        encodings: list[Encoding] = self._backend.encode_batch([*pairs])
        return encodings


def cut_windows(
    tokenizer: WindowTokenizer, questions: Sequence[str], passages: Sequence[str], *, max_tokens: int, stride: int
) -> list[Window]:
    """Every window of every (question, passage) pair, in order.

    A window has at most ``max_tokens`` tokens, question and separators included; neighbours share ``stride``
    tokens of the passage. Raises ValueError where a question leaves no more than ``stride`` tokens for the
    passage: ask `passage_rooms` first.
    """
    if not questions:
        return []
    # the tokenizer itself panics here, in Rust and past every `except Exception`
    room = min(passage_rooms(tokenizer, list(dict.fromkeys(questions)), max_tokens))
    if room <= stride:
        raise ValueError(f"a question leaves {room} tokens for the passage, which is not above the stride {stride}")
    cut = tokenizer.cut(list(zip(questions, passages, strict=True)), max_tokens=max_tokens, stride=stride)
    return [
        _window(tokenizer.inputs(encoding), encoding, pair, passages[pair])
        for pair, encodings in enumerate(cut)
        for encoding in encodings
    ]


def _window(inputs: dict[str, IntArray], encoding: Encoding, pair: int, passage: str) -> Window:
    inside = np.asarray([s == 1 for s in encoding.sequence_ids])
    words = np.asarray([-1 if w is None else w for w in encoding.word_ids])
    offsets = np.where(inside[:, None], np.asarray(encoding.offsets), 0)
    new_word = np.ones(len(words) + 1, dtype=bool)
    new_word[1:-1] = (words[1:] != words[:-1]) | (inside[1:] != inside[:-1])
    may_start, may_end = inside & new_word[:-1], inside & new_word[1:]
    if inside.any():
        # the window's own edge is no word boundary where it cuts a word; the neighbour window holds that word whole
        first, last = np.flatnonzero(inside)[[0, -1]]
        may_start[first] &= not _inside_word(passage, int(offsets[first, 0]))
        may_end[last] &= not _inside_word(passage, int(offsets[last, 1]))
    return Window(pair, inputs, offsets, may_start, may_end)


def _inside_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def passage_rooms(tokenizer: WindowTokenizer, questions: Sequence[str], max_tokens: int) -> list[int]:
    """How many tokens of a passage fit beside each of ``questions``; zero or negative where none do."""
    return [max_tokens - len(encoding.ids) for encoding in tokenizer.whole([(question, "") for question in questions])]


def length_sorted_batches(items: Sequence[T], lengths: Sequence[int], max_padded_tokens: int) -> Iterator[list[int]]:
    """Positions of ``items`` in batches of alike length, the longest first.

    A batch is padded to its longest item, so longest x count stays within ``max_padded_tokens`` (one item alone
    may exceed it).
    """
    batch: list[int] = []
    for position in sorted(range(len(items)), key=lambda i: -lengths[i]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > max_padded_tokens:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def pad(windows: Sequence[Window], pad_values: dict[str, int]) -> dict[str, IntArray]:
    """The inputs of ``windows`` as arrays (windows, tokens of the longest), filled up with ``pad_values``."""
    return {name: stacked([w.inputs[name] for w in windows], pad_values.get(name, 0)) for name in windows[0].inputs}


def stacked(rows: Sequence[NDArray[Scalar]], filler: int = 0) -> NDArray[Scalar]:
    """(rows, columns of the longest), filled up with ``filler``."""
    table = np.full((len(rows), max(map(len, rows))), filler, dtype=rows[0].dtype)
    for whole, row in zip(table, rows, strict=True):
        whole[: len(row)] = row
    return table


def pad_values(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    """What fills up each of the model's inputs; the attention mask of a filler is 0."""
    return {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": tokenizer.pad_token_type_id}

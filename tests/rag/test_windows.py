from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from rag.loading import DEFAULT_READER, reader_folder
from rag.windows import Window, WindowTokenizer, cut_windows, length_sorted_batches, pad, pad_values
from tests import strategies


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    loaded = AutoTokenizer.from_pretrained(reader_folder(DEFAULT_READER, allow_hub=False))
    assert isinstance(loaded, PreTrainedTokenizerFast)
    return loaded


def windows_of(tokenizer: PreTrainedTokenizerFast, passage: str) -> list[Window]:
    return cut_windows(WindowTokenizer.of(tokenizer), ["When does it leave?"], [passage], max_tokens=40, stride=8)


@given(passage=strategies.texts)
def test_windows_together_hold_every_token_of_the_passage(tokenizer: PreTrainedTokenizerFast, passage: str) -> None:
    seen = {tuple(pair) for w in windows_of(tokenizer, passage) for pair in w.offsets.tolist() if pair != [0, 0]}
    whole = tokenizer(passage, add_special_tokens=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    assert seen == {tuple(pair) for pair in whole if tuple(pair) != (0, 0)}


@given(passage=strategies.texts)
def test_a_span_never_begins_or_ends_inside_a_word(tokenizer: PreTrainedTokenizerFast, passage: str) -> None:
    for window in windows_of(tokenizer, passage):
        for at in np.flatnonzero(window.may_start):
            start = window.offsets[at, 0]
            assert not (start and is_ascii_word(passage[start - 1 : start + 1]))
        for at in np.flatnonzero(window.may_end):
            end = window.offsets[at, 1]
            assert not (end < len(passage) and is_ascii_word(passage[end - 1 : end + 1]))


def is_ascii_word(text: str) -> bool:
    """In other scripts a word may begin next to a letter: the tokenizer splits ideographs."""
    return text.isascii() and text.isalnum()


@given(st.lists(st.integers(1, 50)), st.integers(1, 200))
def test_batches_hold_everything_once_within_the_bound(lengths: list[int], bound: int) -> None:
    batches = list(length_sorted_batches(lengths, lengths, bound))
    assert sorted(at for batch in batches for at in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or max(lengths[at] for at in batch) * len(batch) <= bound


def test_padding_is_masked(tokenizer: PreTrainedTokenizerFast) -> None:
    windows = cut_windows(
        WindowTokenizer.of(tokenizer), ["a b"] * 2, ["short", "a much longer passage"], max_tokens=40, stride=8
    )
    padded = pad(windows, pad_values(tokenizer))
    assert padded["input_ids"].shape == (2, len(windows[1]))
    assert padded["attention_mask"].sum(axis=1).tolist() == [len(w) for w in windows]

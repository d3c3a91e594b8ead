"""Windows put together from remembered texts are those that the tokenizer makes of question and passage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Encoding, Tokenizer
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from index.passages.reading_text import ReadingText
from rag.config import DEFAULT_READER
from rag.models.loading import reader_folder
from rag.reader.windows import Window, WindowTokenizer, pad, pad_values, word_edges
from tests.rag.training.support import WORDS, tiny_tokenizer
from tests.strategies import texts

MAX_TOKENS, STRIDE = 48, 8


@cache
def bundled() -> PreTrainedTokenizerFast:
    tokenizer = AutoTokenizer.from_pretrained(reader_folder(DEFAULT_READER, allow_hub=False))
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    return tokenizer


def like_roberta() -> PreTrainedTokenizerFast:
    """Two special tokens between question and passage, and no token types."""
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    return tokenizer


@pytest.fixture(scope="module", params=[bundled, like_roberta])
def tokenizer(request: pytest.FixtureRequest) -> PreTrainedTokenizerFast:
    made: PreTrainedTokenizerFast = request.param()
    return made


def windows_of(tokenizer: WindowTokenizer, questions: list[str], passages: list[str]) -> list[Window]:
    bare = [ReadingText.bare(passage) for passage in passages]
    return tokenizer.windows(questions, bare, max_tokens=MAX_TOKENS, stride=STRIDE)


@cache
def cutting(tokenizer: PreTrainedTokenizerFast) -> Tokenizer:
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.no_padding()
    backend.enable_truncation(MAX_TOKENS, stride=STRIDE, strategy="only_second")
    return backend


def cut_by_the_tokenizer(tokenizer: PreTrainedTokenizerFast, question: str, passage: str) -> list[Encoding]:
    first = cutting(tokenizer).encode(question, passage)
    return [first, *first.overflowing]


@given(asked=st.lists(st.text(max_size=25), min_size=1, max_size=3), read=st.lists(texts, min_size=1, max_size=3))
def test_they_are_what_the_tokenizer_makes_of_the_pair(
    tokenizer: PreTrainedTokenizerFast, asked: list[str], read: list[str]
) -> None:
    mine = WindowTokenizer.of(tokenizer)
    asked = [q for q in asked if mine.rooms([q], MAX_TOKENS)[0] > STRIDE] or ["who"]
    pairs = [(question, passage) for question in asked for passage in read]
    right = [(n, each) for n, pair in enumerate(pairs) for each in cut_by_the_tokenizer(tokenizer, *pair)]
    for _ in range(2):  # the second time from memory
        made = windows_of(mine, [question for question, _ in pairs], [passage for _, passage in pairs])
        for window, (pair, encoding) in zip(made, right, strict=True):
            assert window.pair == pair
            assert window.inputs["input_ids"].tolist() == encoding.ids
            assert list(window.inputs) == tokenizer.model_input_names
            if "token_type_ids" in window.inputs:
                assert window.inputs["token_type_ids"].tolist() == encoding.type_ids
            inside = [sequence == 1 for sequence in encoding.sequence_ids]
            for token in (n for n, is_inside in enumerate(inside) if is_inside):
                assert window.characters(token, token) == encoding.offsets[token]
            assert len(window) == len(inside)
            assert not window.passage.offsets[~np.array(inside[window.passage_from :], dtype=bool)].any()


@given(passage=texts)
def test_a_span_may_begin_and_end_where_words_do(tokenizer: PreTrainedTokenizerFast, passage: str) -> None:
    for window, encoding in zip(
        windows_of(WindowTokenizer.of(tokenizer), ["who"], [passage]),
        cut_by_the_tokenizer(tokenizer, "who", passage),
        strict=True,
    ):
        (may_start,), (may_end,) = word_edges([window], len(window) + 3)
        assert len(may_start) == len(may_end) == len(window) + 3
        tokens = [n for n, sequence in enumerate(encoding.sequence_ids) if sequence == 1]
        words = [encoding.word_ids[n] for n in tokens]
        starts = {n for n, word, before in zip(tokens, words, [None, *words], strict=False) if word != before}
        ends = {n for n, word, behind in zip(tokens, words, [*words[1:], None], strict=False) if word != behind}
        # the window's own edge is none where it cuts a word
        if tokens and cuts_a_word(passage, encoding.offsets[tokens[0]][0]):
            starts.discard(tokens[0])
        if tokens and cuts_a_word(passage, encoding.offsets[tokens[-1]][1]):
            ends.discard(tokens[-1])
        assert set(np.flatnonzero(may_start)) == starts
        assert set(np.flatnonzero(may_end)) == ends


def cuts_a_word(text: str, position: int) -> bool:
    return 0 < position < len(text) and text[position - 1].isalnum() and text[position].isalnum()


@given(passage=texts)
def test_windows_together_hold_every_token_of_the_passage(tokenizer: PreTrainedTokenizerFast, passage: str) -> None:
    windows = windows_of(WindowTokenizer.of(tokenizer), ["When does it leave?"], [passage])
    seen = {tuple(pair) for window in windows for pair in window.passage.offsets.tolist() if pair != [0, 0]}
    whole = tokenizer(passage, add_special_tokens=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    assert seen == {tuple(pair) for pair in whole if tuple(pair) != (0, 0)}


@given(passage=texts)
def test_a_span_never_begins_or_ends_inside_a_word(passage: str) -> None:
    for window in windows_of(WindowTokenizer.of(bundled()), ["When does it leave?"], [passage]):
        for token in np.flatnonzero(window.passage.may_start):
            start = window.passage.offsets[token, 0]
            assert not (start and is_ascii_word(passage[start - 1 : start + 1]))
        for token in np.flatnonzero(window.passage.may_end):
            end = window.passage.offsets[token, 1]
            assert not (end < len(passage) and is_ascii_word(passage[end - 1 : end + 1]))


def is_ascii_word(text: str) -> bool:
    """In other scripts a word may begin next to a letter: the tokenizer splits ideographs."""
    return text.isascii() and text.isalnum()


@given(question=st.text(max_size=60))
def test_the_room_beside_a_question_is_what_the_tokenizer_leaves(
    tokenizer: PreTrainedTokenizerFast, question: str
) -> None:
    mine = WindowTokenizer.of(tokenizer)
    assert mine.rooms([question], MAX_TOKENS) == [MAX_TOKENS - len(tokenizer.backend_tokenizer.encode(question, ""))]


def test_a_passage_can_be_cut_the_same_beside_any_question() -> None:
    tokenizer = WindowTokenizer.of(tiny_tokenizer())
    passage = " ".join(WORDS * 4)
    short, long = (
        tokenizer.windows(
            [question], [ReadingText.bare(passage)], max_tokens=MAX_TOKENS, stride=STRIDE, passage_from=10
        )
        for question in ("who", "who is the old dog in the river on the hill")
    )
    assert len(short) > 1
    assert [window.passage.offsets.tolist() for window in short] == [window.passage.offsets.tolist() for window in long]
    assert max(len(window.passage) for window in short) == MAX_TOKENS - 10


def test_a_question_that_leaves_no_room_is_refused_where_a_passage_must_be_cut() -> None:
    tokenizer = WindowTokenizer.of(tiny_tokenizer())
    question = "who " * 40
    assert windows_of(tokenizer, [question], ["cat"])
    with pytest.raises(ValueError, match="5 tokens of a passage fit beside a question, no more than the stride 8"):
        windows_of(tokenizer, [question], [" ".join(WORDS)])


def test_what_is_remembered_is_not_tokenised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = WindowTokenizer.of(tiny_tokenizer())
    long, short = " ".join(WORDS * 4), "the red cat"
    first = windows_of(tokenizer, ["who", "where"], [long, short])
    assert len(first) > 2
    monkeypatch.setattr(tokenizer, "_backend", None)
    again = windows_of(tokenizer, ["where", "who"], [short, long])
    assert again[0].inputs["input_ids"].tolist() == first[-1].inputs["input_ids"].tolist()
    assert tokenizer.rooms(["who"], MAX_TOKENS) == [MAX_TOKENS - 4]


def test_who_indexes_and_who_asks_do_not_disturb_each_other() -> None:
    tokenizer = WindowTokenizer.of(tiny_tokenizer())
    asked = [f"where is the cat {'red ' * (number % 40)}{number}" for number in range(300)]
    read = [" ".join(WORDS * 4) + f" {number}" for number in range(300)]
    with ThreadPoolExecutor(2) as threads:
        rooms = threads.submit(lambda: [tokenizer.rooms([question], MAX_TOKENS) for question in asked])
        windows = threads.submit(lambda: [len(windows_of(tokenizer, ["who"], [passage])) for passage in read])
    alone = WindowTokenizer.of(tiny_tokenizer())
    assert rooms.result() == [alone.rooms([question], MAX_TOKENS) for question in asked]
    assert windows.result() == [len(windows_of(alone, ["who"], [passage])) for passage in read]


def test_padding_is_masked() -> None:
    tokenizer = bundled()
    windows = windows_of(WindowTokenizer.of(tokenizer), ["a b"] * 2, ["short", "a much longer passage"])
    padded = pad(windows, pad_values(tokenizer))
    assert padded["input_ids"].shape == (2, len(windows[1]))
    assert padded["attention_mask"].sum(axis=1).tolist() == [len(window) for window in windows]

"""Windows put together from remembered pieces are those that the tokenizer makes of question and passage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from rag.loading import DEFAULT_READER, reader_folder
from rag.pieces import Pieces
from rag.together import TogetherEncoder
from rag.windows import Window, WindowTokenizer, cut_windows, passage_rooms
from tests.rag.test_training_support import WORDS, tiny_tokenizer
from tests.strategies import texts

MAX_TOKENS, STRIDE = 48, 8


def like_roberta() -> WindowTokenizer:
    """Two special tokens between question and passage, and no token types."""
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    return WindowTokenizer.of(tokenizer)


@pytest.fixture(scope="module", params=["bundled", "like RoBERTa's"])
def tokenizer(request: pytest.FixtureRequest) -> WindowTokenizer:
    if request.param == "bundled":
        bundled = AutoTokenizer.from_pretrained(reader_folder(DEFAULT_READER, allow_hub=False))
        assert isinstance(bundled, PreTrainedTokenizerFast)
        return WindowTokenizer.of(bundled)
    return like_roberta()


def encoder(tokenizer: WindowTokenizer) -> TogetherEncoder:
    return TogetherEncoder(None, tokenizer, max_tokens=MAX_TOKENS, stride=STRIDE)  # type: ignore[arg-type]


def assert_same(mine: list[Window], right: list[Window]) -> None:
    assert [window.pair for window in mine] == [window.pair for window in right]
    for one, other in zip(mine, right, strict=True):
        assert list(one.inputs) == list(other.inputs)
        for name, values in other.inputs.items():
            assert np.array_equal(one.inputs[name], values), name
        for name in ("offsets", "may_start", "may_end"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name


@given(asked=st.lists(st.text(max_size=25), min_size=1, max_size=3), read=st.lists(texts, min_size=1, max_size=3))
def test_they_are_what_the_tokenizer_makes_of_the_pair(
    tokenizer: WindowTokenizer, asked: list[str], read: list[str]
) -> None:
    asked = [q for q in asked if passage_rooms(tokenizer, [q], MAX_TOKENS)[0] > STRIDE] or ["who"]
    pairs = [(question, passage) for question in asked for passage in read]
    questions, passages = [question for question, _ in pairs], [passage for _, passage in pairs]
    right = cut_windows(tokenizer, questions, passages, max_tokens=MAX_TOKENS, stride=STRIDE)
    mine = encoder(tokenizer)
    assert_same(mine.windows(questions, passages), right)
    assert_same(mine.windows(questions, passages), right)  # from memory


@given(question=st.text(max_size=60))
def test_the_room_beside_a_question_is_what_the_tokenizer_leaves(tokenizer: WindowTokenizer, question: str) -> None:
    assert encoder(tokenizer).room(question) == passage_rooms(tokenizer, [question], MAX_TOKENS)[0]


def test_what_is_remembered_is_not_tokenised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = WindowTokenizer.of(tiny_tokenizer())
    pieces = Pieces(tokenizer, max_tokens=MAX_TOKENS, stride=STRIDE)
    long, short = " ".join(WORDS * 4), "the red cat"
    passages = pieces.passages([long, short])
    assert len(passages[long]) > 1
    fronts = pieces.fronts(["who", "where"])
    monkeypatch.setattr(tokenizer, "_backend", None)
    assert pieces.passages([short, long]) == passages
    assert pieces.fronts(["where"]) == {"where": fronts["where"]}
    assert pieces.taken_by("who") == 4


def test_who_indexes_and_who_asks_do_not_disturb_each_other() -> None:
    tokenizer = WindowTokenizer.of(tiny_tokenizer())
    pieces = Pieces(tokenizer, max_tokens=MAX_TOKENS, stride=STRIDE)
    asked = [f"where is the cat {'red ' * (number % 40)}{number}" for number in range(300)]
    read = [" ".join(WORDS * 4) + f" {number}" for number in range(300)]
    with ThreadPoolExecutor(2) as threads:
        fronts = threads.submit(lambda: [pieces.taken_by(question) for question in asked])
        windows = threads.submit(lambda: [len(pieces.passages([passage])[passage]) for passage in read])
    alone = Pieces(WindowTokenizer.of(tiny_tokenizer()), max_tokens=MAX_TOKENS, stride=STRIDE)
    assert fronts.result() == [alone.taken_by(question) for question in asked]
    assert windows.result() == [len(alone.passages([passage])[passage]) for passage in read]

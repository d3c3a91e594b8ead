"""Labelled windows: the target is what production would have to pick."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from index.passages.reading_text import ReadingText
from rag.reader.windows import Window, WindowTokenizer, word_edges
from rag.squad import AcceptedAnswer
from rag.training.data.examples import CorpusBuilder, accepted_spans, target_tokens
from tests.rag.training.support import WORDS, paragraph, tiny_tokenizer

MAX_TOKENS, STRIDE = 24, 8


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return tiny_tokenizer()


TOKENIZER = tiny_tokenizer()


def windows_of(tokenizer: PreTrainedTokenizerFast, question: str, passage: str) -> list[Window]:
    return WindowTokenizer.of(tokenizer).windows(
        [question], [ReadingText.bare(passage)], max_tokens=MAX_TOKENS, stride=STRIDE
    )


passages = st.lists(st.sampled_from([*WORDS, "zebra", "1990s", "café"]), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(words=passages, data=st.data())
def test_a_labelled_window_decodes_to_exactly_the_answer(words: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(words) - 1))
    said = words[first : first + data.draw(st.integers(1, 3))]
    text = " ".join(words)
    start = len(" ".join([*words[:first], ""]))
    end = start + len(" ".join(said))
    windows = windows_of(TOKENIZER, "who is", text)
    held = 0
    for number, window in enumerate(windows):
        found = target_tokens(window, start, end, (number == 0, number == len(windows) - 1))
        covered = window.passage.offsets[window.passage.offsets[:, 1] > 0]
        if found is None:
            assert covered[0, 0] > start or covered[-1, 1] < end
        else:
            held += 1
            first_character, end_character = window.characters(*found)
            assert text[first_character:end_character] == text[start:end]
            may_start, may_end = word_edges([window], len(window))
            assert may_start[0, found[0]]
            assert may_end[0, found[1]]
    if len(TOKENIZER.tokenize(" ".join(said))) <= STRIDE:
        assert held, "neighbouring windows share enough tokens for one of them to hold the answer whole"


def test_an_answer_inside_a_word_is_widened_to_the_word(tokenizer: PreTrainedTokenizerFast) -> None:
    text = "in the 1990s and"
    (window,) = windows_of(tokenizer, "what", text)
    found = target_tokens(window, 7, 11, (True, True))
    assert found is not None
    first, end = window.characters(*found)
    assert text[first:end] == "1990s"


def test_characters_that_the_tokenizer_drops_do_not_hide_the_answer(tokenizer: PreTrainedTokenizerFast) -> None:
    text = "\u200bcat sat\u200b"
    (window,) = windows_of(tokenizer, "what", text)
    assert target_tokens(window, 0, len(text), (True, True)) is not None
    assert target_tokens(window, 0, 1, (True, True)) is None, "nothing but a dropped character"


def test_the_most_frequent_answer_comes_first_without_its_white_space() -> None:
    answers = [
        AcceptedAnswer(" cat ", 3),
        AcceptedAnswer("red cat", 0),
        AcceptedAnswer("cat", 4),
        AcceptedAnswer(" ", 1),
    ]
    assert accepted_spans(answers) == [(4, 7), (0, 7)]


def test_a_source_is_counted_and_laid_out_flat(tokenizer: PreTrainedTokenizerFast) -> None:
    long = " ".join(["dog"] * 40 + ["cat"])
    builder = CorpusBuilder(tokenizer, MAX_TOKENS, STRIDE)
    builder.add("one", [paragraph("the cat sat", ("who sat", ["cat"]), ("where", []), ("who " * 30, []))])
    builder.add("two", [paragraph(long, ("who", ["cat"]))])
    corpus = builder.build()
    one, two = corpus.sources
    assert (one.questions, one.unanswerable, one.windows, one.answerless, one.dropped) == (2, 1, 2, 0, 1)
    assert (two.questions, two.answerless, two.windows) == (1, two.windows - 1, len(corpus.lengths) - 2)
    assert corpus.source_bounds.tolist() == [0, 2, 3]
    assert corpus.question_bounds.tolist() == [0, 1, 2, len(corpus.lengths)]
    assert "attention_mask" not in corpus.inputs
    assert corpus.bounds[-1] == len(corpus.inputs["input_ids"]) == len(corpus.inputs["token_type_ids"])
    ids = corpus.inputs["input_ids"][: corpus.bounds[1]]
    assert tokenizer.decode(ids[corpus.first[0] : corpus.last[0] + 1]) == "cat"
    assert corpus.first[1:-1].tolist() == [0] * (len(corpus.first) - 2), "null but in the window that ends in the cat"
    assert corpus.first[-1] == corpus.last[-1] > 0


def test_a_window_without_the_first_answer_takes_another_one_that_it_holds(tokenizer: PreTrainedTokenizerFast) -> None:
    text = " ".join(["cat"] + ["dog"] * 40 + ["bird"])
    builder = CorpusBuilder(tokenizer, MAX_TOKENS, STRIDE)
    builder.add("s", [paragraph(text, ("who", ["cat", "bird"]))])
    corpus = builder.build()
    assert not corpus.answerless[[0, -1]].any()
    assert corpus.answerless[1:-1].all()

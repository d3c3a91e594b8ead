"""The real reader: it finds things, misses nothing in long passages, and its batching changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizer

from index.bert.precision import Precision
from index.errors import ModelUnsuitable, QuestionTooLong
from rag.config import DEFAULT_READER, ReaderConfig
from rag.engine import Sourcespan
from rag.interfaces import PassageSpan
from rag.models.loading import reader_folder
from rag.reader.extractive_reader import load_reader_from
from tests.processor import needs_int8

pytestmark = pytest.mark.model

PASSAGES = [
    "The ferry to Elba leaves Pier 9 at noon. It takes an hour.",
    "Marta Quill founded the bakery in 1987 with her sister.",
    "In winter the lighthouse is closed to visitors.",
]


def text_of(span: PassageSpan, passages: list[str]) -> str:
    return passages[span.position][span.start : span.end]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who founded the bakery?", "Marta Quill"),
        ("When was the bakery founded?", "1987"),
        ("Where does the ferry leave?", "Pier 9"),
    ],
)
def test_it_finds_what_is_asked_for(library: Sourcespan, question: str, answer: str) -> None:
    assert answer in text_of(library.reader.read(question, PASSAGES)[0], PASSAGES)


def test_an_answer_far_into_a_long_passage_is_found(library: Sourcespan) -> None:
    filler = "The weather was mild and nothing much happened on that day. "
    passage = filler * 60 + PASSAGES[1] + " " + filler * 60
    best = library.reader.read("Who founded the bakery?", [passage])[0]
    assert passage[best.start : best.end] == "Marta Quill"


def test_batching_does_not_change_the_scores(library: Sourcespan) -> None:
    question = "Who founded the bakery?"
    together = library.reader.read(question, PASSAGES)
    one_by_one = [
        replace(span, position=position)
        for position, passage in enumerate(PASSAGES)
        for span in library.reader.read(question, [passage])
    ]
    apart = sorted(one_by_one, key=PassageSpan.order)
    assert {(s.position, s.start, s.end) for s in together[:5]} == {(s.position, s.start, s.end) for s in apart[:5]}
    assert [s.score for s in together] == pytest.approx([s.score for s in apart], abs=1e-3)


def test_no_passages_give_no_spans(library: Sourcespan) -> None:
    assert library.reader.read("Who?", []) == []


def test_a_question_that_fills_the_window_is_refused(library: Sourcespan) -> None:
    with pytest.raises(QuestionTooLong, match="the question has"):
        library.reader.read("why " * 400, PASSAGES)


def test_a_model_without_a_question_answering_head_is_refused(tmp_path: Path) -> None:
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n")
    torch.manual_seed(0)
    small = BertConfig(vocab_size=6, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    BertModel(small).save_pretrained(tmp_path)
    BertTokenizer(str(vocabulary)).save_pretrained(tmp_path)
    with pytest.raises(ModelUnsuitable, match="no question-answering model: qa_outputs"):
        load_reader_from(tmp_path, "headless")


@pytest.mark.parametrize(("precision", "off"), [("bf16", 0.5), pytest.param("int8", 1.5, marks=needs_int8)])
def test_fewer_bits_read_the_same_spans(precision: Precision, off: float) -> None:
    folder = reader_folder(DEFAULT_READER, allow_hub=False)
    exact = load_reader_from(folder, DEFAULT_READER, ReaderConfig(precision="fp32"))
    half = load_reader_from(folder, DEFAULT_READER, ReaderConfig(precision=precision))
    for question in ("Who founded the bakery?", "When was the bakery founded?", "Where does the ferry leave?"):
        best, same = exact.read(question, PASSAGES)[0], half.read(question, PASSAGES)[0]
        assert (same.position, same.start, same.end) == (best.position, best.start, best.end)
        assert same.score == pytest.approx(best.score, abs=off)

"""Layers computed apart, against the whole model."""

from __future__ import annotations

import pytest
import torch
from transformers import BertConfig, BertForQuestionAnswering

from eval.backends import Asked
from eval.split_layers import Read, SplitReader, f1_of
from rag.ahead import FIRST_POSITION

QUESTION, PASSAGE = [1, 5, 6, 2], [7, 8, 9, 10, 2]


@pytest.fixture
def model() -> BertForQuestionAnswering:
    torch.manual_seed(0)
    small = BertConfig(vocab_size=12, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32)
    made = BertForQuestionAnswering(small)
    made.train(False)
    return made


def logits(model: BertForQuestionAnswering, passage_from: int) -> torch.Tensor:
    """Of question and passage together, as the model computes them."""
    positions = [*range(len(QUESTION)), *range(passage_from, passage_from + len(PASSAGE))]
    with torch.inference_mode():
        out = model(
            torch.tensor([[*QUESTION, *PASSAGE]]),
            token_type_ids=torch.tensor([[0] * len(QUESTION) + [1] * len(PASSAGE)]),
            position_ids=torch.tensor([positions]),
        )
    return torch.stack([out.start_logits[0], out.end_logits[0]], dim=1)


def test_with_nothing_ahead_it_is_the_model(model: BertForQuestionAnswering) -> None:
    read = SplitReader(model, 0).read(QUESTION, PASSAGE)
    torch.testing.assert_close(read.logits, logits(model, len(QUESTION)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_what_is_ahead_of_a_passage_does_not_know_the_question(model: BertForQuestionAnswering, ahead: int) -> None:
    one, other = (SplitReader(model, ahead).read([1, word, 6, 2], PASSAGE).logits for word in (5, 11))
    told = not torch.allclose(one[len(QUESTION) :], other[len(QUESTION) :])
    assert told == (ahead < 3)
    assert not torch.allclose(one, logits(model, FIRST_POSITION), atol=1e-5)


def test_the_best_span_of_the_passage_is_scored() -> None:
    asked = Asked("?", ["red blue green"], ["blue green"])
    scores = torch.zeros(6, 2)
    scores[0], scores[3, 0], scores[4, 1] = 9, 3, 3
    assert f1_of(Read(scores, 0.0), 2, [(0, 3), (4, 8), (9, 14)], asked) == 1

"""Scores against oracles, and decoding with a reader that knows the answers."""

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rag.training.evaluation import Asked, Decoding, Said, best_with_abstention, evaluate, sample, score
from rag.training.learning.hardware import choose_hardware
from tests.rag.training.support import paragraphs, tiny_tokenizer

rows = st.lists(st.tuples(st.integers(-3, 3), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12)


@given(rows=rows)
def test_the_best_threshold_agrees_with_an_oracle(rows: list[tuple[int, float, float]]) -> None:
    margins, said, silent = (list(column) for column in zip(*rows, strict=True))
    thresholds = [*margins, 99]
    means = [sum(s if m >= t else q for m, s, q in rows) / len(rows) for t in thresholds]
    assert best_with_abstention(margins, said, silent) == pytest.approx(max(means))


def test_scores_of_answerable_and_of_all_questions() -> None:
    asked = [Asked("q", "p", ("the cat",)), Asked("q", "p", ("a red dog",)), Asked("q", "p", ())]
    said = [Said("Cat!", 3.0), Said("dog", 2.0), Said("bird", 1.0)]
    scores = score(asked, said)
    assert (scores.questions, scores.answerable) == (3, 2)
    assert scores.em == pytest.approx(50)
    assert scores.f1 == pytest.approx(100 * (1 + 2 / 3) / 2)
    assert scores.best_f1 == pytest.approx(100 * (1 + 2 / 3 + 1) / 3)
    assert score(asked[:2], said[:2]).best_f1 is None
    only_silence = score(asked[2:], said[2:])
    assert (only_silence.em, only_silence.f1, only_silence.best_f1) == (None, None, 100)


class Knowing(torch.nn.Module):
    """Points at every "zebra" (spelt z ##e ##b ##r ##a), or else at null."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__()
        self.first, self.last = first, last

    def forward(self, input_ids: torch.Tensor, **_: torch.Tensor) -> SimpleNamespace:
        inside = torch.arange(input_ids.shape[1]) > 4
        start, end = (10.0 * ((input_ids == piece) & inside) for piece in (self.first, self.last))
        start[:, 0] = 5.0
        return SimpleNamespace(start_logits=start, end_logits=end)


def test_a_reader_that_knows_is_always_right() -> None:
    tokenizer = tiny_tokenizer()
    first, *_, last = tokenizer.encode("zebra", add_special_tokens=False)
    passage = " ".join(["dog"] * 60 + ["zebra"] + ["bird"] * 60)
    asked = [Asked("who", passage, ("zebra",)), Asked("who", "the cat", ()), Asked("who " * 40, passage, ("zebra",))]
    decoding = Decoding(max_tokens=32, stride=8, max_answer_tokens=8, tokens_per_batch=64)
    hardware = choose_hardware("cpu", "fp32", 0)
    scores = evaluate(Knowing(first, last), tokenizer, asked[:2], decoding, hardware)
    assert (scores.em, scores.f1, scores.best_f1) == (100, 100, 100)
    with_too_long = evaluate(Knowing(first, last), tokenizer, asked, decoding, hardware)
    assert with_too_long.em == 50, "a question that leaves no room for the passage is not answered"


def test_the_sample_is_the_same_each_time() -> None:
    made = paragraphs(50, seed=0)
    one, other, everything = sample(made, 10), sample(made, 10), sample(made, 0)
    assert one == other
    assert len(one) == 10
    assert len(everything) == 50
    assert set(one) < set(everything)

"""Training for layers that are computed ahead: what such a model computes, and a run that makes one."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, BertForQuestionAnswering
from transformers.modeling_outputs import QuestionAnsweringModelOutput

from rag.reader.precomputed_layers import FIRST_POSITION, PRECOMPUTED_LAYERS
from rag.training.apart import Apart
from rag.training.learning.loss import on_average, reading_loss, states_loss, training_loss
from tests.rag.training.support import Files, arguments, main, one_error_line, tiny_reader

QUESTION, PASSAGE = [2, 9, 10, 11, 3], [12, 13, 14, 15, 16, 3]


def model(folder: Path) -> BertForQuestionAnswering:
    loaded = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    assert isinstance(loaded, BertForQuestionAnswering)
    return loaded


@torch.inference_mode()
def computed_one_by_one(whole: BertForQuestionAnswering, layers: int) -> torch.Tensor:
    """The logits, (tokens, 2): the lower ``layers`` of question and passage each by itself, the others together."""

    def through(states: torch.Tensor, part: slice) -> torch.Tensor:
        for layer in whole.bert.encoder.layer[part]:
            states = layer(states)
        return states

    def alone(ids: list[int], kind: int, first: int) -> torch.Tensor:
        tokens, positions = torch.tensor([ids]), torch.arange(first, first + len(ids))[None]
        states = whole.bert.embeddings(tokens, torch.full_like(tokens, kind), positions)
        return through(states, slice(layers))

    states = torch.cat([alone(QUESTION, 0, 0), alone(PASSAGE, 1, FIRST_POSITION)], dim=1)
    logits: torch.Tensor = whole.qa_outputs(through(states, slice(layers, None)))
    return logits[0]


@pytest.mark.parametrize("layers", [1, 2])
def test_question_and_passage_are_apart_below_and_together_above(tmp_path: Path, layers: int) -> None:
    whole = model(tiny_reader(tmp_path / "reader"))
    ids = torch.tensor([[*QUESTION, *PASSAGE, 0, 0]])
    types = torch.tensor([[0] * len(QUESTION) + [1] * len(PASSAGE) + [0, 0]])
    mask = torch.tensor([[1] * (len(QUESTION) + len(PASSAGE)) + [0, 0]])
    with torch.inference_mode():
        computed = Apart(whole, layers)(ids, mask, types)
    right = computed_one_by_one(whole, layers)
    torch.testing.assert_close(computed.start_logits[0, :-2], right[:, 0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(computed.end_logits[0, :-2], right[:, 1], atol=1e-5, rtol=1e-4)


def test_the_loss_is_that_of_the_right_tokens_and_of_what_a_teacher_thinks() -> None:
    said = [torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.0]])]
    right = [torch.tensor([0]), torch.tensor([1])]
    plain = reading_loss(said, right, None)
    assert plain.item() == pytest.approx((0.126928 + 0.693147) / 2, abs=1e-5)
    assert reading_loss(said, right, said).item() == pytest.approx(plain.item(), abs=1e-6)  # it thinks the same
    # 2 x KL((1/2, 1/2) against softmax(2, 0)) for the first token, nothing for the last
    doubting = [torch.zeros(1, 2), torch.zeros(1, 2)]
    assert reading_loss(said, right, doubting).item() == pytest.approx(plain.item() + 0.433780, abs=1e-5)


def test_states_are_compared_where_there_are_tokens_as_a_share_of_the_teachers_variance() -> None:
    taught = torch.tensor([[[1.0, -1.0], [3.0, -3.0], [99.0, 7.0]]])
    there = torch.tensor([[True, True, False]])
    assert states_loss([taught], [taught], there).item() == 0
    # squares of 1, 1, 0, 0 over a variance of (1 + 1 + 9 + 9) / 3
    assert states_loss([taught + torch.tensor([1.0, 0.0])], [taught], there).item() == pytest.approx(0.5 / (20 / 3))


def test_several_teachers_say_the_mean_of_their_probabilities() -> None:
    there = torch.tensor([[True, True, False]])

    def output(*logits: float) -> QuestionAnsweringModelOutput:
        of_one = torch.tensor([logits])
        return QuestionAnsweringModelOutput(start_logits=of_one, end_logits=-of_one, hidden_states=(of_one,))

    one, other = output(0.0, 0.0, 9.0), output(math.log(3), 0.0, -9.0)
    said = on_average([one, other], there)
    assert said.start_logits is not None
    assert said.end_logits is not None
    torch.testing.assert_close(said.start_logits.softmax(-1), torch.tensor([[5 / 8, 3 / 8, 0.0]]))
    torch.testing.assert_close(said.end_logits.softmax(-1), torch.tensor([[3 / 8, 5 / 8, 0.0]]))
    assert said.hidden_states == one.hidden_states
    assert on_average([other], there) is other


def test_a_teacher_who_finds_what_is_not_there_is_not_heeded() -> None:
    """Of two windows, in the first the teacher is fooled; what it says of that one makes no difference."""
    there = torch.ones(2, 3, dtype=torch.bool)
    targets = [torch.tensor([0, 1]), torch.tensor([0, 2])]
    fooled, right, none = [0.0, 9.0, 0.0], [0.0, 5.0, 4.0], [9.0, 0.0, 0.0]

    def output(*starts: list[float], state: float) -> QuestionAnsweringModelOutput:
        states = (torch.stack([torch.full((3, 2), state), torch.eye(3, 2)]),)
        logits = torch.tensor(starts)
        return QuestionAnsweringModelOutput(start_logits=logits, end_logits=logits, hidden_states=states)

    said = output([1.0, 0.0, 0.0], [0.0, 3.0, 0.0], state=1.0)
    by = [training_loss(said, targets, there, output(fooled, right, state=state)).item() for state in (1.0, 50.0)]
    assert by[0] == pytest.approx(by[1], abs=1e-6)
    heeded = [training_loss(said, targets, there, output(none, right, state=state)).item() for state in (1.0, 50.0)]
    assert heeded[0] != pytest.approx(heeded[1], abs=1e-2)
    assert heeded[0] > by[0]


def test_a_run_makes_a_reader_that_can_be_computed_ahead(files: Files, tmp_path: Path) -> None:
    out = tmp_path / "out"
    teachers = f"--teacher {files.init} {tiny_reader(tmp_path / 'wider', hidden=64)}"
    options = f"--layers-ahead 1 {teachers} --steps 8 --checkpoint-every 3 --eval-every 0 --lr 1e-3".split()
    assert main(arguments(files, out, *options)) == 0
    assert json.loads((out / "config.json").read_text())[PRECOMPUTED_LAYERS] == 1
    card = (out / "MODEL_CARD.md").read_text()
    assert "| layers ahead | 1, in two of three steps |" in card
    assert "| teachers | init, wider: their data and licences apply too |" in card

    on = tmp_path / "on"
    assert main([*arguments(files, on, "--steps", "1"), "--init", str(out)]) == 0
    assert json.loads((on / "config.json").read_text())[PRECOMPUTED_LAYERS] == 0  # trained on without


def test_two_of_three_steps_are_apart(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    apart, whole = Apart.forward, BertForQuestionAnswering.forward

    def as_apart(self: Apart, *args: object, **inputs: object) -> object:
        computed.append("apart" if self.reader.training else "evaluated")
        return apart(self, *args, **inputs)  # type: ignore[arg-type]

    def as_whole(self: BertForQuestionAnswering, *args: object, **inputs: object) -> object:
        computed.append("together")
        return whole(self, *args, **inputs)

    monkeypatch.setattr(Apart, "forward", as_apart)
    monkeypatch.setattr(BertForQuestionAnswering, "forward", as_whole)
    assert main(arguments(files, tmp_path / "out", *["--layers-ahead", "1", "--steps", "4"])) == 0
    assert computed[:4] == ["apart", "apart", "together", "apart"]
    assert set(computed[4:]) == {"evaluated"}  # as it is meant to be used


def test_a_teacher_of_another_language_is_refused(
    files: Files,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = shutil.copytree(files.init, tmp_path / "other")
    tokenizer = AutoTokenizer.from_pretrained(other)
    tokenizer.add_tokens(["grün"])
    tokenizer.save_pretrained(other)
    assert main(arguments(files, tmp_path / "out", "--teacher", str(other), "--steps", "1")) == 2
    assert "its vocabulary is another one" in one_error_line(capsys)
    wider = tiny_reader(tmp_path / "wider", hidden=64)
    options = ["--teacher", str(wider), "--steps", "1", "--layers-ahead", "1"]
    assert main(arguments(files, tmp_path / "out", *options)) == 2
    assert "the first must have the layers of --init" in one_error_line(capsys)

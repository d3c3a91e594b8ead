"""Measuring a model's activations through the command line, and what becomes of a reader that has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import RobertaConfig, RobertaModel

from index.bert.activations import Activations
from index.bert.precision import ACTIVATIONS_FILE
from index.embedder import weights_sha256
from rag.config import ReaderConfig
from rag.reader.extractive_reader import load_reader_from
from tests.processor import needs_int8
from tests.rag.training.support import main, paragraphs, tiny_reader, tiny_tokenizer, write_squad_json


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    return tiny_reader(tmp_path / "reader")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_squad_json(tmp_path / "questions.json", paragraphs(20, seed=1))


def measure(*arguments: object) -> int:
    return main(["activations", *map(str, arguments)])


@needs_int8
def test_a_measured_reader_reads_in_8_bits_and_keeps_its_fingerprint(
    reader: Path, questions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ReaderConfig(precision="fp32", max_window_tokens=100, stride=8, max_answer_tokens=5)
    before = load_reader_from(reader, "tiny", config)
    assert measure(reader, questions) == 0
    assert capsys.readouterr().out == f"the activations of 8 matrix products: {reader / ACTIVATIONS_FILE}\n"
    after = load_reader_from(reader, "tiny", replace(config, precision="int8"))
    assert after.fingerprint == before.fingerprint
    passages = [paragraph.text for paragraph in paragraphs(3, seed=2)]
    exact, near = (each.read("where is the cat", passages)[0] for each in (before, after))
    assert near.score == pytest.approx(exact.score, abs=0.05)
    assert near.score != exact.score


def test_an_embedder_gets_question_and_paragraph_apart(reader: Path, questions: Path, tmp_path: Path) -> None:
    together, apart = tmp_path / "together.npz", tmp_path / "apart.npz"
    assert measure(reader, questions, "--out", together) == 0
    assert measure(reader, questions, "--out", apart, "--embedder") == 0
    assert not (reader / ACTIVATIONS_FILE).exists()
    one, other = (Activations.load(file, "tiny", weights_sha256(reader)) for file in (together, apart))
    assert not np.array_equal(one.bounds["0.qkv"], other.bounds["0.qkv"]), "only a pair has tokens of the second type"


def test_fewer_questions_reach_less_far(reader: Path, questions: Path, tmp_path: Path) -> None:
    few, all_ = tmp_path / "few.npz", tmp_path / "all.npz"
    assert measure(reader, questions, "--out", few, "--questions", 2) == 0
    assert measure(reader, questions, "--out", all_) == 0
    less, more = (Activations.load(file, "tiny", weights_sha256(reader)).bounds for file in (few, all_))
    assert all((more[name][0] <= less[name][0]).all() and (more[name][1] >= less[name][1]).all() for name in more)
    assert any((more[name] != less[name]).any() for name in more)


def test_what_cannot_be_measured_is_refused(
    reader: Path, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    other = tmp_path / "other"
    config = RobertaConfig(
        vocab_size=90, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    RobertaModel(config).save_pretrained(other)
    tiny_tokenizer().save_pretrained(other)
    for model, file, message in [
        (other, questions, "RobertaModel is not computed in int8, only BERT is"),
        (tmp_path, questions, "was not found: no folder with a config.json"),
        (reader, write_squad_json(tmp_path / "none.json", []), "they hold no question"),
    ]:
        capsys.readouterr()
        assert measure(model, file) == 2
        error = capsys.readouterr().err
        assert error.startswith("sourcespan: ")
        assert message in error
        assert error.count("\n") == 1

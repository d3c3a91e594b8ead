"""Weights read from a folder, against transformers' own reading, and the folders that are left to it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertForQuestionAnswering, BertModel

from index.bert.bert_weights import Affine, BertWeights, stored_bert
from index.bert.library.torch_bert import weights_of
from tests.rag.training.support import tiny_reader

WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_reader(tmp_path_factory.mktemp("reader"))


@pytest.fixture
def changed(reader: Path, tmp_path: Path) -> Path:
    """A copy to be changed."""
    return shutil.copytree(reader, tmp_path / "changed")


def assert_same(mine: BertWeights | None, right: BertWeights) -> None:
    assert mine is not None
    assert mine.shape == right.shape
    names = [name for name, _ in right.shape.arrays()]
    assert len(names) == 5 + 16 * right.shape.layers
    for name in names:
        assert np.array_equal(mine.read(name), right.read(name)), name
    assert (mine.head is None) == (right.head is None)
    if mine.head is not None and right.head is not None:
        assert_equal(mine.head, right.head)


def assert_equal(mine: Affine, right: Affine) -> None:
    assert mine.weight.dtype == mine.bias.dtype == np.float32
    assert np.array_equal(mine.weight, right.weight)
    assert np.array_equal(mine.bias, right.bias)


def test_a_reader_is_read_as_transformers_reads_it(reader: Path) -> None:
    model = BertForQuestionAnswering.from_pretrained(reader)
    assert_same(stored_bert(reader, head=True), weights_of(model.bert, model.qa_outputs))


@pytest.mark.parametrize("stored", [torch.float32, torch.float16])
def test_an_encoder_is_read_as_transformers_reads_it(changed: Path, stored: torch.dtype) -> None:
    """Whether it was saved alone, or below a head."""
    assert_same(stored_bert(changed), weights_of(BertModel.from_pretrained(changed)))
    alone = BertModel.from_pretrained(changed)
    torch.nn.Module.to(alone, stored).save_pretrained(changed)
    mine = stored_bert(changed)
    assert_same(mine, weights_of(BertModel.from_pretrained(changed)))
    assert mine is not None
    assert mine.table("word").dtype == np.float32
    assert stored_bert(changed, head=True) is None, "it has no head"


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "roberta"},
        {"hidden_act": "gelu_new"},
        {"position_embedding_type": "relative_key"},
        {"is_decoder": True},
        {"quantization_config": {"bits": 4}},
        {"hidden_size": 64},
        {"vocab_size": 7},
        {"num_hidden_layers": 3},
        {"num_attention_heads": 5},
        {"num_hidden_layers": "two"},
        {"layer_norm_eps": ...},
    ],
    ids=str,
)
def test_a_model_of_another_make_is_left_to_its_library(changed: Path, change: dict[str, Any]) -> None:
    file = changed / "config.json"
    config = {**json.loads(file.read_text()), **change}
    file.write_text(json.dumps({name: value for name, value in config.items() if value is not ...}))
    assert stored_bert(changed) is None


def _cut_off(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: len(whole) // 2])


def _without_one(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    del weights["bert.encoder.layer.1.output.dense.bias"]
    save_file(weights, folder / WEIGHTS)


def _of_16_other_bits(folder: Path) -> None:
    save_file({name: values.bfloat16() for name, values in load_file(folder / WEIGHTS).items()}, folder / WEIGHTS)


@pytest.mark.parametrize(
    "damage",
    [
        _cut_off,
        _without_one,
        _of_16_other_bits,
        lambda folder: (folder / WEIGHTS).rename(folder / "pytorch_model.bin"),
        lambda folder: (folder / WEIGHTS).rename(folder / "model-00001-of-00001.safetensors"),
        lambda folder: shutil.copy(folder / WEIGHTS, folder / "more.safetensors"),
        lambda folder: (folder / "config.json").unlink(),
        lambda folder: (folder / "config.json").write_text("{"),
        lambda folder: (folder / "config.json").write_text("[]"),
    ],
)
def test_what_is_not_whole_or_in_other_files_is_left_to_its_library(
    changed: Path, damage: Callable[[Path], object]
) -> None:
    assert stored_bert(changed) is not None
    damage(changed)
    assert stored_bert(changed) is None

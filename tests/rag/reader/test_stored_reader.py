"""Readers that are read from their files, against the same ones as transformers loads them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForQuestionAnswering, DistilBertConfig, DistilBertForQuestionAnswering

from index.errors import ModelUnsuitable
from index.passages.reading_text import ReadingText
from rag.config import DEFAULT_READER, ReaderConfig
from rag.models.loading import reader_folder
from rag.reader.extractive_reader import load_reader_from
from rag.reader.stored_reader import stored_reader
from rag.reader.transformers_reader import load_by_transformers, transformers_logits
from rag.reader.windows import WindowTokenizer
from tests.rag.training.support import WORDS, tiny_reader, tiny_tokenizer

CONFIG = ReaderConfig(max_window_tokens=64, stride=8, max_answer_tokens=6, precision="fp32")
PASSAGES = ["the red cat sat on the mat", "an old dog ran under the hill and flew", " ".join(WORDS * 6)]


def test_the_bundled_reader_is_read_from_its_files() -> None:
    folder = reader_folder(DEFAULT_READER, allow_hub=False)
    mine, right = stored_reader(folder), load_by_transformers(folder, DEFAULT_READER, bf16=False)
    assert mine is not None
    assert (mine.longest, mine.precomputed_layers) == (right.longest, right.precomputed_layers) == (512, 2)


@pytest.mark.parametrize(("stored", "longest"), [(30, 30), (3000, 128)])
def test_the_longest_window_is_what_model_and_tokenizer_take(tmp_path: Path, stored: int, longest: int) -> None:
    folder = tiny_reader(tmp_path)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"model_max_length": stored}))
    mine, right = stored_reader(folder), load_by_transformers(folder, "tiny", bf16=False)
    assert mine is not None
    assert mine.longest == right.longest == longest


def test_a_reader_in_several_files_reads_the_same(tmp_path: Path) -> None:
    whole = tiny_reader(tmp_path / "whole")
    shutil.copytree(whole, parts := tmp_path / "parts", ignore=shutil.ignore_patterns("*.safetensors"))
    AutoModelForQuestionAnswering.from_pretrained(whole).save_pretrained(parts, max_shard_size="20KB")
    assert stored_reader(whole) is not None
    assert stored_reader(parts) is None
    readings = [load_reader_from(folder, "tiny", CONFIG).read("who is the cat", PASSAGES) for folder in (whole, parts)]
    assert readings[0] == readings[1] != []


def test_a_reader_that_is_no_bert_is_computed_by_transformers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    config = DistilBertConfig(
        vocab_size=len(tokenizer), dim=32, n_layers=1, n_heads=2, hidden_dim=64, max_position_embeddings=128
    )
    model = DistilBertForQuestionAnswering(config)
    model.train(False)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert stored_reader(tmp_path) is None
    reader = load_reader_from(tmp_path, "other", CONFIG)
    assert reader.work.products == 0
    windows = WindowTokenizer.of(tokenizer).windows(
        ["who"] * 3,
        [ReadingText.bare(each) for each in PASSAGES],
        max_tokens=CONFIG.max_window_tokens,
        stride=CONFIG.stride,
    )
    right = transformers_logits(model, tokenizer, bf16=False)(windows)
    for mine, each in zip(reader._encoder.logits(windows), right, strict=True):
        assert mine[0] == each[0]
        np.testing.assert_allclose(mine[1], each[1], atol=1e-5)
        np.testing.assert_allclose(mine[2], each[2], atol=1e-5)
    assert reader.read("who", PASSAGES)


def test_weights_that_are_cut_off_are_refused(tmp_path: Path) -> None:
    file = tiny_reader(tmp_path) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(ModelUnsuitable, match="'tiny' cannot be used: "):
        load_reader_from(tmp_path, "tiny")


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tiny_reader(tmp_path) / "model.safetensors").unlink()
    with pytest.raises(ModelUnsuitable, match="'tiny' cannot be used: the folder holds no weights"):
        load_reader_from(tmp_path, "tiny")

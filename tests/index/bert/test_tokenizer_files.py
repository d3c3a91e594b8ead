"""The tokenizer that is read from files, against the one that transformers makes of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from index.bert.tokenizer_files import BERT_INPUTS, StoredTokenizer, stored_tokenizer
from rag.config import DEFAULT_READER, ModelConfig
from rag.models.loading import embedder_folder, reader_folder
from tests.rag.training.support import tiny_tokenizer
from tests.strategies import texts

Both = tuple[StoredTokenizer, PreTrainedTokenizerFast]


def both(folder: Path) -> Both:
    mine, right = stored_tokenizer(folder), AutoTokenizer.from_pretrained(folder)
    assert mine is not None
    assert isinstance(right, PreTrainedTokenizerFast)
    return mine, right


@pytest.fixture(scope="module", params=["reader", "embedder", "tiny"])
def tokenizers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    if request.param == "tiny":
        folder = tmp_path_factory.mktemp("tiny")
        tiny_tokenizer().save_pretrained(folder)
        return both(folder)
    bundled = reader_folder(DEFAULT_READER, allow_hub=False), embedder_folder(ModelConfig())
    return both(bundled[request.param == "embedder"])


def assert_same(tokenizers: Both, pairs: list[tuple[str, str]]) -> None:
    mine, right = tokenizers
    asked, read = [question for question, _ in pairs], [passage for _, passage in pairs]
    for given_, encoded in (
        (pairs, right(asked, read, return_offsets_mapping=True, verbose=False)),
        (asked, right(asked, return_offsets_mapping=True, verbose=False)),
    ):
        encodings = mine.backend.encode_batch(given_)
        assert [encoding.ids for encoding in encodings] == encoded["input_ids"]
        assert [encoding.type_ids for encoding in encodings] == encoded["token_type_ids"]
        assert [encoding.attention_mask for encoding in encodings] == encoded["attention_mask"]
        assert [encoding.offsets for encoding in encodings] == encoded["offset_mapping"]
    plain = mine.backend.encode_batch_fast(asked, add_special_tokens=False)
    assert [encoding.ids for encoding in plain] == right(asked, add_special_tokens=False, verbose=False)["input_ids"]


@given(pairs=st.lists(st.tuples(texts, texts), min_size=1, max_size=3))
def test_its_tokens_are_those_of_transformers(tokenizers: Both, pairs: list[tuple[str, str]]) -> None:
    assert_same(tokenizers, pairs)


def test_a_tokenizer_of_no_class_of_its_own_is_as_it_is_stored(tmp_path: Path) -> None:
    tiny_tokenizer().save_pretrained(tmp_path)
    change_settings(tmp_path, {"tokenizer_class": "PreTrainedTokenizerFast"})
    assert_same(both(tmp_path), [("Who is Ünlike", "the café")])


def test_it_knows_what_transformers_knows(tokenizers: Both) -> None:
    mine, right = tokenizers
    assert mine.longest == right.model_max_length
    assert tuple(right.model_input_names) == BERT_INPUTS
    assert_same(tokenizers, [("[CLS] who [SEP] [MASK]", "the [PAD] cat [UNK] [sep]"), ("", "")])


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy to be changed."""
    return shutil.copytree(
        embedder_folder(ModelConfig()), tmp_path / "changed", ignore=shutil.ignore_patterns("*.safetensors")
    )


def change_settings(folder: Path, change: dict[str, Any]) -> None:
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))


@pytest.mark.parametrize(
    "change",
    [
        {"do_lower_case": False},
        {"do_lower_case": False, "strip_accents": True},
        {"strip_accents": False},
        {"tokenize_chinese_chars": False},
        {"tokenizer_class": "BertTokenizerFast", "model_max_length": 77},
    ],
    ids=str,
)
def test_settings_beside_the_file_count_as_they_do_for_transformers(changed: Path, change: dict[str, Any]) -> None:
    before = "Ünlike THE Café, 今日は"
    unchanged = both(changed)[0].backend.encode(before).ids
    change_settings(changed, change)
    assert_same(both(changed), [(before, before.lower())])
    assert both(changed)[0].longest == both(changed)[1].model_max_length
    assert ("model_max_length" in change) == (both(changed)[0].backend.encode(before).ids == unchanged)


@pytest.mark.parametrize(
    "change",
    [
        {"tokenizer_class": "DistilBertTokenizer"},
        {"cls_token": "<s>"},
        {"bos_token": "[BOS]"},
        {"additional_special_tokens": ["[Q]"]},
        {"model_input_names": ["input_ids", "attention_mask"]},
        {"model_max_length": None},
        {"added_tokens_decoder": {"7": {"content": "[UNK]"}}},
    ],
    ids=str,
)
def test_other_settings_are_left_to_transformers(changed: Path, change: dict[str, Any]) -> None:
    change_settings(changed, change)
    assert stored_tokenizer(changed) is None


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_files_that_are_not_there_are_left_to_transformers(changed: Path, name: str) -> None:
    (changed / name).unlink()
    assert stored_tokenizer(changed) is None


@pytest.mark.parametrize(
    ("file", "content"),
    [("added_tokens.json", "{}"), ("special_tokens_map.json", '{"eos_token": "[EOS]"}'), ("tokenizer.json", "{}")],
)
def test_other_files_are_left_to_transformers(changed: Path, file: str, content: str) -> None:
    (changed / file).write_text(content)
    assert stored_tokenizer(changed) is None

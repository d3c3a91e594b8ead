"""The real embedder."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, StaticEmbedding, Transformer
from tokenizers import Tokenizer
from transformers import BertModel

from index.bert.library.library_encoder import LibraryEncoder
from index.bert.mean_encoder import MeanEncoder
from index.bert.precision import Precision
from index.embedder import load_embedder_from
from index.errors import ModelUnsuitable
from index.interfaces import Vectors
from rag.config import DEFAULT_READER, ModelConfig
from rag.models.loading import embedder_folder, load_embedder, reader_folder
from tests.processor import needs_int8
from tests.rag.training.support import tiny_reader

pytestmark = pytest.mark.model


@pytest.mark.parametrize(("precision", "cosine"), [("bf16", 0.999), pytest.param("int8", 0.99, marks=needs_int8)])
def test_fewer_bits_embed_nearly_the_same(precision: Precision, cosine: float) -> None:
    texts = ["The ferry to Elba leaves Pier 9 at noon.", "Marta Quill founded the bakery in 1987.", "Is it open?"]
    exact, fewer = load_embedder(ModelConfig(precision="fp32")), load_embedder(ModelConfig(precision=precision))
    assert exact.fingerprint == fewer.fingerprint
    assert (np.sum(exact.embed_passages(texts) * fewer.embed_passages(texts), axis=1) > cosine).all()
    assert (np.sum(exact.embed_queries(texts) * fewer.embed_queries(texts), axis=1) > cosine).all()


def test_counting_and_embedding_at_the_same_time_do_not_disturb_each_other() -> None:
    embedder = load_embedder(ModelConfig())
    texts = ["word " * 600, "Is it open?"]
    alone, done = embedder.embed_passages(texts), threading.Event()
    counts: list[list[int]] = []

    def count() -> None:
        while not done.is_set():
            counts.append(embedder.count_tokens(texts))

    counting = threading.Thread(target=count)
    counting.start()
    try:
        beside = [embedder.embed_passages(texts) for _ in range(10)]
    finally:
        done.set()
        counting.join()
    assert all(np.allclose(vectors, alone, atol=1e-3) for vectors in beside)
    assert counts
    assert all(of_texts == [600, 4] for of_texts in counts)


def test_a_question_asked_again_is_not_embedded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = load_embedder(ModelConfig(remembered_questions=2))
    shut, open_, late = "Is it shut?", "Is it open?", "Is it late?"
    both = embedder.embed_queries([shut, open_, shut])
    assert (both[0] == both[2]).all()
    assert np.allclose(both[1], load_embedder(ModelConfig()).embed_queries([open_])[0], atol=1e-2)
    both[0, 0] = 9.0
    embedded: list[list[str]] = []
    compute = embedder._encoder.queries

    def noted(texts: Sequence[str]) -> Vectors:
        embedded.append([*texts])
        return compute(texts)

    monkeypatch.setattr(embedder._encoder, "queries", noted)
    again = embedder.embed_queries([open_, late])
    assert (again[0] == both[1]).all()
    embedder.embed_queries([shut])
    assert embedded == [[late], [shut]], "of three, the one that was asked for longest ago is forgotten"


TEXTS = ["the red cat sat on the mat", "an old dog", "river " * 300, "", "Naïve 🐈 who?", "the hill"]


def tiny_embedder(
    folder: Path, pooling: str, prompts: dict[str, str | None], more: Sequence[Normalize | Dense] = ()
) -> Path:
    """A small random BERT in sentence-transformers' clothes."""
    made = SentenceTransformer(modules=[Transformer(str(tiny_reader(folder / "bert"))), Pooling(32, pooling), *more])
    made.prompts = prompts
    made.save_pretrained(str(folder / "embedder"))
    return folder / "embedder"


@pytest.mark.parametrize(
    ("pooling", "prompts"), [("mean", {}), ("cls", {}), ("mean", {"query": "who is ", "document": "the "})]
)
def test_vectors_are_those_of_the_library(tmp_path: Path, pooling: str, prompts: dict[str, str | None]) -> None:
    folder = tiny_embedder(tmp_path, pooling, prompts)
    assert_embeds_as_the_library(folder, by=LibraryEncoder if prompts or pooling != "mean" else MeanEncoder)


def assert_embeds_as_the_library(folder: Path, *, by: type[MeanEncoder | LibraryEncoder]) -> None:
    mine = load_embedder_from(folder, "tiny", precision="fp32")
    assert type(mine._encoder) is by
    library = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    right = library.encode_query(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(mine.embed_queries(TEXTS), right, atol=1e-4)
    right = library.encode_document(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(mine.embed_passages(TEXTS), right, atol=1e-4)
    assert mine.dimension == library.get_embedding_dimension()
    assert mine.fingerprint.endswith(f"/{library.max_seq_length}")
    assert mine.max_tokens == (library.max_seq_length or 0) - 2
    counted = library.tokenizer(TEXTS, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
    assert mine.count_tokens(TEXTS) == [len(ids) for ids in counted]


@pytest.mark.parametrize(
    ("file", "change", "by"),
    [
        ("sentence_bert_config.json", {"max_seq_length": 20}, MeanEncoder),
        ("sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": True}, LibraryEncoder),
        ("sentence_bert_config.json", {"query_length": 5}, LibraryEncoder),
        ("config_sentence_transformers.json", {"prompts": {}, "similarity_fn_name": "dot"}, MeanEncoder),
        ("1_Pooling/config.json", {"pooling_mode": "max"}, LibraryEncoder),
        ("tokenizer_config.json", {"model_max_length": 30}, MeanEncoder),
        ("tokenizer_config.json", {"model_max_length": 3000}, MeanEncoder),
        ("config.json", {"hidden_act": "relu"}, LibraryEncoder),
    ],
)
def test_what_its_files_say_is_done_or_left_to_the_library(
    tmp_path: Path, file: str, change: dict[str, object], by: type[MeanEncoder | LibraryEncoder]
) -> None:
    folder = tiny_embedder(tmp_path, "mean", {})
    (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | change))
    assert_embeds_as_the_library(folder, by=by)


@pytest.mark.parametrize(("more", "by"), [([Normalize(), Normalize()], MeanEncoder), ([Dense(32, 16)], LibraryEncoder)])
def test_more_modules_do_what_they_do_in_the_library(
    tmp_path: Path, more: list[Normalize | Dense], by: type[MeanEncoder | LibraryEncoder]
) -> None:
    assert_embeds_as_the_library(tiny_embedder(tmp_path, "mean", {}, more), by=by)


@pytest.mark.parametrize("name", ["modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"])
def test_files_that_are_not_there_mean_what_they_do_to_the_library(tmp_path: Path, name: str) -> None:
    folder = tiny_embedder(tmp_path, "mean", {})
    (folder / name).unlink()
    optional = name == "config_sentence_transformers.json"
    assert_embeds_as_the_library(folder, by=MeanEncoder if optional else LibraryEncoder)


def test_weights_in_several_files_are_left_to_the_library(tmp_path: Path) -> None:
    folder = tiny_embedder(tmp_path, "mean", {})
    model = BertModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    assert_embeds_as_the_library(folder, by=LibraryEncoder)


def test_weights_that_are_cut_off_are_refused(tmp_path: Path) -> None:
    file = tiny_embedder(tmp_path, "mean", {}) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(ModelUnsuitable, match="'tiny' cannot be used: "):
        load_embedder_from(file.parent, "tiny")


def test_the_default_embedder_gives_the_vectors_of_the_library() -> None:
    mine = load_embedder(ModelConfig(precision="fp32"))
    assert isinstance(mine._encoder, MeanEncoder)
    library = SentenceTransformer(str(embedder_folder(ModelConfig())), device="cpu", local_files_only=True)
    right = library.encode_query(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(mine.embed_queries(TEXTS), right, atol=1e-4)


def test_no_texts_have_no_vectors() -> None:
    assert load_embedder(ModelConfig()).embed_passages([]).shape == (0, 384)


@pytest.mark.parametrize("cut", [None, 6])
def test_a_model_that_only_looks_tokens_up_embeds_too(tmp_path: Path, cut: int | None) -> None:
    tokenizer = Tokenizer.from_file(str(reader_folder(DEFAULT_READER, allow_hub=False) / "tokenizer.json"))
    tokenizer.no_padding()
    if cut is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(cut)
    weights = np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), 8)).astype(np.float32)
    library = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)], device="cpu")
    library.save(str(tmp_path))
    embedder = load_embedder_from(tmp_path, "static")
    texts = ["The red ferry leaves Pier 9 at noon.", "ferry"]
    assert np.allclose(embedder.embed_passages(texts), library.encode(texts, normalize_embeddings=True), atol=1e-6)
    assert embedder.count_tokens(texts) == [9, 1]
    assert embedder.max_tokens == (4 if cut else sys.maxsize - 2)

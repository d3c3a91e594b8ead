from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertForSequenceClassification

from index.documents import DocumentDraft
from index.errors import ModelNotFound, ModelUnsuitable
from index.passage_index import PassageIndex
from rag.answering.pipeline import QuestionAnswerer
from rag.confidence.calibration import UNFITTED
from rag.config import ModelConfig, RetrieverConfig
from rag.interfaces import Query
from rag.models.loading import load_reranker
from rag.retrieval.reranker import CrossEncoderReranker
from rag.retrieval.retriever import HybridRetriever
from tests.fakes import BagOfWordsEmbedder, PreferringReranker, QuotingReader
from tests.rag.training.support import tiny_reader, tiny_tokenizer

QUESTION = "where is the cat"
PASSAGES = ["the cat sat on the mat", "a dog ran", "the old cat is under the hill " * 40, "the river is red"]


def tiny_cross_encoder(folder: Path, *, labels: int = 1) -> Path:
    """A randomly initialised BERT with a classification head."""
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=128, initializer_range=0.5,
    )  # fmt: skip
    config.num_labels = labels
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cross_encoder(tmp_path_factory.mktemp("models") / "tiny-cross")


def test_scores_are_the_logits_of_each_pair_whatever_else_is_in_the_batch(cross_encoder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(cross_encoder)
    model = AutoModelForSequenceClassification.from_pretrained(cross_encoder).eval()
    with torch.inference_mode():
        expected = [
            float(model(**tokenizer(QUESTION, passage, truncation=True, return_tensors="pt")).logits)
            for passage in PASSAGES
        ]
    reranker = CrossEncoderReranker(cross_encoder, "some/tiny-cross", batch_size=2, precision="fp32")
    assert reranker.score(QUESTION, PASSAGES) == pytest.approx(expected, abs=1e-4)
    assert len(set(expected)) == len(expected)
    assert reranker.score(QUESTION, []) == []
    assert reranker.fingerprint.startswith("tiny-cross@")


def test_one_that_the_library_saved_is_taken_too(cross_encoder: Path, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    CrossEncoder(str(cross_encoder), device="cpu").save_pretrained(str(tmp_path))
    first, again = (CrossEncoderReranker(folder, "x", precision="fp32") for folder in (cross_encoder, tmp_path))
    assert again.score(QUESTION, PASSAGES) == pytest.approx(first.score(QUESTION, PASSAGES), abs=1e-5)


def test_what_is_no_reranker_is_refused(tmp_path: Path, cross_encoder: Path) -> None:
    def refused(folder: Path, says: str) -> None:
        with pytest.raises(ModelUnsuitable, match=says):
            CrossEncoderReranker(folder, "any")

    refused(tmp_path, "holds no weights")
    refused(tiny_reader(tmp_path / "reader"), "not trained to score")
    refused(tiny_cross_encoder(tmp_path / "three", labels=3), "gives 3 scores")
    damaged = tiny_cross_encoder(tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"broken")
    refused(damaged, "'any' cannot be used")
    (damaged / "config.json").write_text("{")
    refused(damaged, "'any' cannot be used")
    embedder = tiny_cross_encoder(tmp_path / "embedder")
    (embedder / "config_sentence_transformers.json").write_text(json.dumps({"model_type": "SentenceTransformer"}))
    refused(embedder, "not trained to score")


def test_a_reranker_is_loaded_by_folder_and_none_where_none_is_named(cross_encoder: Path) -> None:
    assert load_reranker(ModelConfig()) is None
    loaded = load_reranker(ModelConfig(reranker=str(cross_encoder)))
    assert loaded is not None
    assert loaded.fingerprint.startswith("tiny-cross@")
    with pytest.raises(ModelNotFound, match="'nobody/nothing'"):
        load_reranker(ModelConfig(reranker="nobody/nothing"))


STORIES = [
    f"Story {n} tells of {word}s and of harbours." for n, word in enumerate(["ferry", "bread", "stone", "river", "cat"])
]


@given(order=st.permutations(STORIES), top_k=st.integers(1, 6), depth=st.integers(1, 6))
def test_the_first_of_the_fused_come_in_the_rerankers_order(
    tmp_path_factory: pytest.TempPathFactory, order: Sequence[str], top_k: int, depth: int
) -> None:
    embedder, config = BagOfWordsEmbedder(), RetrieverConfig(rerank_depth=depth)
    with PassageIndex(tmp_path_factory.mktemp("data"), embedder) as index:
        index.add_all([DocumentDraft("", text) for text in STORIES])
        plain = HybridRetriever(index, embedder, config)
        fused = plain.retrieve([Query("harbours and bread", len(STORIES))])[0].passages
        reranked = HybridRetriever(index, embedder, config, PreferringReranker(order))
        found = reranked.retrieve([Query("harbours and bread", top_k)])[0].passages
        read = [f.passage.text for f in fused[: max(top_k, depth)]]
        assert [f.passage.text for f in found] == sorted(read, key=order.index)[:top_k]
        assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)
        evidence = {f.passage.key: (f.cosine, f.bm25) for f in fused}
        assert all((f.cosine, f.bm25) == evidence[f.passage.key] for f in found)
        for mode in ("dense", "lexical"):
            alone = [r.retrieve([Query("harbours and bread", top_k, mode=mode)])[0].passages for r in (plain, reranked)]
            assert alone[0] == alone[1], "an arm by itself is not reranked"


def test_the_rank_that_calibration_sees_is_the_rerankers(index: PassageIndex) -> None:
    index.add_all([DocumentDraft("", text) for text in STORIES])
    last = STORIES[3]
    for order, rank in ((STORIES, 3), ([last, *STORIES], 0)):
        retriever = HybridRetriever(index, BagOfWordsEmbedder(), reranker=PreferringReranker(order))
        answerer = QuestionAnswerer(retriever, QuotingReader(), index, UNFITTED)
        proposal = answerer.propose("Which story tells of «rivers»?")
        assert [e.rank for e in proposal.evidence] == [rank]
        assert proposal.candidates[0].source.retrieved.passage.text == last

"""The real embedder."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from rag.loading import ModelConfig, load_embedder

pytestmark = pytest.mark.model


def test_bf16_embeds_the_same_to_within_a_thousandth_of_the_cosine() -> None:
    texts = ["The ferry to Elba leaves Pier 9 at noon.", "Marta Quill founded the bakery in 1987.", "Is it open?"]
    exact, half = load_embedder(ModelConfig(precision="fp32")), load_embedder(ModelConfig(precision="bf16"))
    assert exact.fingerprint == half.fingerprint
    assert (np.sum(exact.embed_passages(texts) * half.embed_passages(texts), axis=1) > 0.999).all()
    assert exact.embed_query(texts[2]) @ half.embed_query(texts[2]) > 0.999


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


def test_a_question_asked_again_has_the_same_vector_and_nobody_can_change_it() -> None:
    embedder = load_embedder(ModelConfig(remembered_questions=1))
    first = embedder.embed_query("Is it open?")
    assert embedder.embed_query("Is it open?") is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0

"""OpenAI's embeddings, through the real client; the vectors are those that passages and questions are found by."""

from __future__ import annotations

import base64

import httpx
import numpy as np
import openai
import pytest
from openai import OpenAI

from api.openai.embeddings import MOST_INPUTS
from index.interfaces import Vectors
from tests.api.helpers import assert_problem
from tests.conftest import Server
from tests.fakes import BagOfWordsEmbedder

TEXTS = ["The ferry leaves at noon.", "👩‍👧", ""]


def embedded(server: Server, **body: object) -> Vectors:
    response = httpx.post(f"{server.url}/v1/embeddings", json={"input": TEXTS, **body}, timeout=60)
    response.raise_for_status()
    return np.asarray([each["embedding"] for each in response.json()["data"]], np.float32)


def test_the_vectors_are_those_of_the_embedder(server: Server, client: OpenAI) -> None:
    # the client asks for base64 and reads it
    given = client.embeddings.create(model="sourcespan", input=TEXTS)
    expected = BagOfWordsEmbedder().embed_passages(TEXTS)
    assert [each.index for each in given.data] == [0, 1, 2]
    assert np.array_equal(np.asarray([each.embedding for each in given.data], np.float32), expected)
    assert given.usage.prompt_tokens == 6
    assert np.array_equal(embedded(server), expected)
    assert np.array_equal(embedded(server, encoding_format="float", input=TEXTS[0]), expected[:1])


def test_in_base64_they_are_little_endian_floats(server: Server) -> None:
    body = {"input": TEXTS[0], "encoding_format": "base64"}
    written = httpx.post(f"{server.url}/v1/embeddings", json=body).json()["data"][0]["embedding"]
    expected = BagOfWordsEmbedder().embed_passages(TEXTS[:1])[0]
    assert np.array_equal(np.frombuffer(base64.b64decode(written), "<f4"), expected)


def test_questions_may_be_embedded_in_another_way(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    passages = embedded(server)
    monkeypatch.setattr(BagOfWordsEmbedder, "embed_passages", lambda self, texts: -self.embed_queries(texts))
    assert np.array_equal(embedded(server, input_type="query"), passages)
    assert np.array_equal(embedded(server, input_type="passage"), -passages)


def test_what_would_be_cut_off_is_refused_unless_it_may_be(server: Server, client: OpenAI) -> None:
    long = "word " * 41
    with pytest.raises(openai.UnprocessableEntityError, match="text 1 has 41 tokens; the model reads 40"):
        client.embeddings.create(model="sourcespan", input=["short", long])
    assert embedded(server, input=long, truncate=True).shape == (1, 32)


def test_what_cannot_be_embedded_is_told(server: Server, client: OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="check_embedding_ctx_length=False"):
        client.embeddings.create(model="sourcespan", input=[[1, 2], [3]])
    with pytest.raises(openai.UnprocessableEntityError, match="32 dimensions"):
        client.embeddings.create(model="sourcespan", input="x", dimensions=16)
    assert client.embeddings.create(model="sourcespan", input="x", dimensions=32).data
    with pytest.raises(openai.NotFoundError, match="no model 'text-embedding-3-small'"):
        client.embeddings.create(model="text-embedding-3-small", input="x")
    bodies: list[dict[str, object]] = [
        {"input": ["x"] * (MOST_INPUTS + 1)},
        {"input": []},
        {"input": "x" * 500_001},
        {"input": 7},
        {},
    ]
    for body in bodies:
        assert_problem(httpx.post(f"{server.url}/v1/embeddings", json=body), 422)

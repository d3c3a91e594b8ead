"""The OpenAI surface, through the real client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from openai import OpenAI

from api.keys import hash_of, new_key
from api.routes.openai import ABSTAINED, _message
from index.documents import DocumentDraft
from index.passage_index import PassageIndex
from rag.conversation.understanding import PURPOSE
from rag.pipeline import QuestionAnswerer
from tests import strategies
from tests.api.helpers import assert_exact, assert_problem, text_of
from tests.conftest import Server

FERRY = "Timetable.\n\nThe ferry 👩‍👧 leaves Pier 9 at noon."


@pytest.fixture
def client(server: Server) -> Iterator[OpenAI]:
    with connected(server) as opened:
        yield opened


def connected(server: Server, key: str = "none") -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)


def assert_quoted(server: Server, content: str, annotations: list[dict[str, Any]], sourcespan: dict[str, Any]) -> None:
    """Promise 1: the content is exactly what the citation names."""
    best = sourcespan["answers"][0]
    assert_exact(server, best)
    assert content == best["text"]
    (cited,) = annotations
    citation = cited["url_citation"]
    assert content[citation["start_index"] : citation["end_index"]] == best["text"]
    url, _, fragment = citation["url"].partition("#char=")
    start, end = map(int, fragment.split(","))
    assert httpx.get(url).content.decode()[start:end] == content


def test_a_completion_is_an_exact_quote_with_its_citation(server: Server, client: OpenAI) -> None:
    server.add("Ferries", FERRY)
    completion = client.chat.completions.create(
        model="sourcespan", messages=[{"role": "user", "content": "Who leaves? «ferry 👩‍👧»"}], temperature=0.3
    )
    (choice,) = completion.choices
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert choice.message.annotations is not None
    assert choice.message.annotations[0].url_citation.title == "Ferries"
    dumped = choice.message.model_dump()
    assert_quoted(server, dumped["content"], dumped["annotations"], dumped["sourcespan"])


def test_streamed_it_is_the_same(server: Server, client: OpenAI) -> None:
    server.add("Ferries", FERRY)
    chunks = list(
        client.chat.completions.create(
            model="sourcespan", messages=[{"role": "user", "content": "«noon»?"}], stream=True
        )
    )
    content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, "stop"]
    last = chunks[-1].choices[0].delta.model_dump()
    assert_quoted(server, content, last["annotations"], last["sourcespan"])


def test_the_last_user_message_is_the_question(server: Server, client: OpenAI) -> None:
    server.add("Ferries", FERRY)
    completion = client.chat.completions.create(
        model="sourcespan",
        messages=[
            {"role": "system", "content": "Be brief: «Timetable»"},
            {"role": "user", "content": "«Pier»?"},
            {"role": "assistant", "content": "Pier"},
            {"role": "user", "content": [{"type": "text", "text": "And when?"}, {"type": "text", "text": "«noon»"}]},
            {"role": "assistant", "content": "Let me see."},
        ],
    )
    assert completion.choices[0].message.content == "noon"


def test_it_abstains_in_words_and_cites_nothing(server: Server, client: OpenAI) -> None:
    server.add("Ferries", FERRY)
    (choice,) = client.chat.completions.create(
        model="sourcespan", messages=[{"role": "user", "content": "guess?"}]
    ).choices
    assert (choice.message.content, choice.message.annotations) == (ABSTAINED, [])
    assert choice.message.model_dump()["sourcespan"]["abstained"]


def test_what_is_not_understood_is_told_in_words(server: Server, client: OpenAI) -> None:
    (choice,) = client.chat.completions.create(
        model="sourcespan", messages=[{"role": "user", "content": "Summarise it."}]
    ).choices
    assert choice.message.content == choice.message.model_dump()["sourcespan"]["detail"] == PURPOSE


def test_messages_before_are_what_the_question_refers_to(server: Server, client: OpenAI) -> None:
    server.add("Ferries", FERRY)
    completion = client.chat.completions.create(
        model="sourcespan",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Who is the captain of the ferry?"},
            {"role": "assistant", "content": "Ole Brask"},
            {"role": "user", "content": "Where was he born?"},
            {"role": "assistant", "content": ABSTAINED},
            {"role": "user", "content": "And when does he retire?"},
        ],
    )
    body = completion.choices[0].message.model_dump()["sourcespan"]
    assert body["read_as"] == "When does Ole Brask retire?"


def test_of_what_it_is_not_sure_it_cites_the_closest(index: PassageIndex, answerer: QuestionAnswerer) -> None:
    index.add(DocumentDraft("Ferries", FERRY))
    message = _message(answerer.ask("When? «noon»", min_confidence=1), "http://x/")
    assert (message.content, message.sourcespan.status) == ("Not sure. Closest: noon", "unsure")
    (cited,) = message.annotations
    assert message.content[cited.url_citation.start_index : cited.url_citation.end_index] == "noon"


def test_mistakes_are_the_clients_own_errors(client: OpenAI, start_server: Callable[..., Server]) -> None:
    with pytest.raises(openai.NotFoundError, match="gpt-4"):
        client.chat.completions.create(model="gpt-4", messages=[{"role": "user", "content": "x"}])
    with pytest.raises(openai.UnprocessableEntityError, match="no user message"):
        client.chat.completions.create(model="sourcespan", messages=[{"role": "system", "content": "x"}])
    with pytest.raises(openai.UnprocessableEntityError, match="blank"):
        client.chat.completions.create(model="sourcespan", messages=[{"role": "user", "content": " "}], stream=True)
    key = new_key()
    locked = start_server(api_keys=f"read:{hash_of(key)}")
    with connected(locked) as stranger, pytest.raises(openai.AuthenticationError, match="API key"):
        stranger.models.list()
    with connected(locked, key) as known:
        assert [model.id for model in known.models.list()] == ["sourcespan"]


def test_models(server: Server, client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["sourcespan"]
    assert client.models.retrieve("sourcespan").owned_by == "sourcespan"
    assert_problem(httpx.get(f"{server.url}/v1/models/other"), 404, "other")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=strategies.documents)
def test_whatever_is_stored_is_quoted_exactly(server: Server, client: OpenAI, text: str) -> None:
    if "\0" in text:
        text = text.replace("\0", "0")
    document_id = server.add("any", text)
    assert text_of(server, document_id) == text
    wanted = " ".join(text.split()[:3])
    message = (
        client.chat.completions.create(
            model="sourcespan", messages=[{"role": "user", "content": f"Where is «{wanted}»?"[:1_000]}]
        )
        .choices[0]
        .message.model_dump()
    )
    if message["annotations"]:
        assert_quoted(server, message["content"], message["annotations"], message["sourcespan"])

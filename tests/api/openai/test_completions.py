"""The OpenAI surface, through the real client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from api.keys import hash_of, new_key
from api.wire.wording import ABSTAINED, confidence_in_words, quote_in
from rag.conversation.understanding import PURPOSE
from tests import strategies
from tests.api.helpers import assert_exact, assert_problem, text_of
from tests.api.openai.helpers import FERRY, connected
from tests.conftest import Server


def asked(client: OpenAI, question: str, **more: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401
    """The content of the answer and its extension field."""
    completion = client.chat.completions.create(
        model="sourcespan", messages=[{"role": "user", "content": question}], **more
    )
    message = completion.choices[0].message.model_dump()
    return str(message["content"]), message["sourcespan"]


def assert_quoted(server: Server, content: str, annotations: list[dict[str, Any]], sourcespan: dict[str, Any]) -> None:
    """Promise 1: what the citation names stands in the document, and in the content, character for character."""
    best = sourcespan["answers"][0]
    assert_exact(server, best)
    (cited,) = annotations
    citation = cited["url_citation"]
    assert content[citation["start_index"] : citation["end_index"]] == best["text"]
    url, _, fragment = citation["url"].partition("#")
    place = dict(parse_qsl(fragment))
    assert (url, place["document"]) == (f"{server.url}/", best["document"]["id"])
    start, end = map(int, place["span"].split("-"))
    assert text_of(server, place["document"])[start:end] == best["text"]
    assert best["document"]["sha256"].startswith(place["sha256"])
    assert f"]({citation['url']})" in content
    assert quote_in(content) == best["text"]


def test_a_completion_is_an_exact_quote_with_its_citation(server: Server, client: OpenAI) -> None:
    server.add("Ferries", FERRY)
    completion = client.chat.completions.create(
        model="sourcespan", messages=[{"role": "user", "content": "Who leaves? «ferry 👩‍👧»"}], temperature=0.3
    )
    (choice,) = completion.choices
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert choice.message.annotations is not None
    assert choice.message.annotations[0].url_citation.title == "Ferries (note.txt)"
    dumped = choice.message.model_dump()
    assert_quoted(server, dumped["content"], dumped["annotations"], dumped["sourcespan"])


def test_the_content_reads_well_alone(server: Server, client: OpenAI) -> None:
    document_id = server.add("Ferries", FERRY)
    content, answer = asked(client, "When? «noon»")
    span = "-".join(map(str, answer["answers"][0]["span"].values()))
    link = f"{server.url}/#document={document_id}&span={span}&sha256={answer['answers'][0]['document']['sha256'][:12]}"
    sure = confidence_in_words(answer["answers"][0]["confidence"])
    assert content == f"**noon**\n\n> “The ferry 👩‍👧 leaves Pier 9 at noon.”\n\n[Ferries (note.txt)]({link}) · {sure}"


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


def test_the_numbers_of_tokens_are_told_where_they_are_wanted(server: Server, client: OpenAI) -> None:
    server.add("Ferries", FERRY)
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "When does it go? «noon»"}]
    whole = client.chat.completions.create(model="sourcespan", messages=messages)
    chunks = list(
        client.chat.completions.create(
            model="sourcespan", messages=messages, stream=True, stream_options={"include_usage": True}
        )
    )
    assert whole.usage is not None
    assert whole.usage.prompt_tokens == 5  # the fake embedder's are words
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    assert {chunk.usage for chunk in chunks[:-1]} == {None}


def test_several_choices_are_several_answers(server: Server, client: OpenAI) -> None:
    for hour in ("noon", "one"):
        server.add(hour, f"The ferry leaves at {hour} from pier {hour}.")
    completion = client.chat.completions.create(
        model="sourcespan", messages=[{"role": "user", "content": "When? «at noon at one»"}], n=3
    )
    quoted = [quote_in(choice.message.content or "") for choice in completion.choices]
    assert [choice.index for choice in completion.choices] == list(range(len(quoted)))
    assert len(set(quoted)) == len(quoted) == 2


def test_the_content_ends_before_a_stop(server: Server, client: OpenAI) -> None:
    server.add("Ferries", FERRY)
    question: list[ChatCompletionMessageParam] = [{"role": "user", "content": "«noon»?"}]
    completion = client.chat.completions.create(model="sourcespan", messages=question, stop=["\n", "never"])
    message = completion.choices[0].message
    assert (message.content, len(message.annotations or ())) == ("**noon**", 1)
    message = client.chat.completions.create(model="sourcespan", messages=question, stop="oo").choices[0].message
    assert (message.content, message.annotations) == ("**n", [])


def test_answers_are_objects_where_these_are_wanted(server: Server, client: OpenAI) -> None:
    document_id = server.add("Ferries", FERRY)
    content, _ = asked(client, "«noon»?", response_format={"type": "json_object"})
    answer = json.loads(content)
    assert (answer["status"], answer["answer"], answer["document_id"]) == ("answered", "noon", document_id)
    assert FERRY[answer["start"] : answer["end"]] == "noon"
    assert answer["url"].startswith(f"{server.url}/#document=")
    content, _ = asked(client, "guess?", response_format={"type": "json_object"})
    assert json.loads(content)["answer"] is None
    assert json.loads(content)["status"] in ("not_found", "unsure")

    class Found(BaseModel):
        answer: str
        page: int | None
        confidence_in_words: str
        sentence: str = ""

    parsed = client.chat.completions.parse(
        model="sourcespan", messages=[{"role": "user", "content": "«noon»?"}], response_format=Found
    )
    given = parsed.choices[0].message.parsed
    assert given is not None
    assert (given.answer, given.page, given.sentence) == (
        "noon",
        None,
        "The ferry 👩‍👧 leaves Pier 9 at noon.",
    )
    parsed = client.chat.completions.parse(
        model="sourcespan", messages=[{"role": "user", "content": "guess?"}], response_format=Found
    )
    given = parsed.choices[0].message.parsed
    assert given is not None
    assert (given.answer, given.page) == ("", None)

    by_schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"required": ["answer"]}}}
    assert json.loads(asked(client, "«noon»?", response_format=by_schema)[0]) == {"answer": "noon"}

    class Colour(BaseModel):
        colour: str

    with pytest.raises(openai.UnprocessableEntityError, match="requires colour, which no answer has"):
        client.chat.completions.parse(
            model="sourcespan", messages=[{"role": "user", "content": "«noon»?"}], response_format=Colour
        )


WANTED: dict[str, Any] = {"number": {"type": "integer"}, "yes": {"const": "yes"}, "text": {"type": "string"}}


@pytest.mark.parametrize(
    ("schema", "refusal"),
    [
        ({"properties": {"answer": {"type": "integer"}}, "required": ["answer"]}, "may be any string"),
        ({"properties": {"answer": {"type": "object"}}, "required": ["answer"]}, "may be any string"),
        ({"properties": {"answer": {"$ref": "#/$defs/number"}}, "required": ["answer"]}, "may be any string"),
        ({"properties": {"answer": {"anyOf": [{"$ref": "#/$defs/number"}]}}, "required": ["answer"]}, "any string"),
        ({"properties": {"answer": {"items": {"type": "object"}, "type": "array"}}, "required": ["answer"]}, "string"),
        ({"properties": {"answer": {"enum": ["yes", "no"]}}, "required": ["answer"]}, "may be any string"),
        ({"properties": {"status": {"enum": ["answered"]}}, "required": ["status"]}, "may be any string"),
        ({"properties": {"page": {"type": "boolean"}}, "required": ["page"]}, "may be any integer"),
        ({"$ref": "#/$defs/top"}, "requires colour, which no answer has"),
        ({"type": "array"}, "not that of an object"),
    ],
)
def test_a_schema_that_no_answer_can_be_by_is_refused(client: OpenAI, schema: dict[str, Any], refusal: str) -> None:
    definitions = {**WANTED, "top": {"properties": {"colour": {}}, "required": ["colour"]}}
    by_schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {**schema, "$defs": definitions}}}
    with pytest.raises(openai.UnprocessableEntityError, match=refusal):
        asked(client, "«noon»?", response_format=by_schema)


def test_what_a_schema_names_and_does_not_require_is_left_out_where_it_would_be_wrong(
    server: Server, client: OpenAI
) -> None:
    server.add("Ferries", FERRY)
    statuses = {"enum": ["answered", "unsure", "not_found", "not_understood"]}
    properties = {
        **{"answer": {"$ref": "#/$defs/text"}, "sentence": {"$ref": "#/$defs/number"}, "title": {"const": "yes"}},
        **{"confidence": {"type": "number"}, "start": {"type": "number"}, "status": statuses, "colour": {}},
    }
    schema = {"properties": properties, "required": ["answer"], "$defs": WANTED}
    content, _ = asked(
        client, "«noon»?", response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    )
    assert set(json.loads(content)) == {"answer", "confidence", "start", "status"}
    for nothing in (
        {},
        {"$ref": "#/$defs/none"},
        {"$ref": "#/$defs/self", "$defs": {"self": {"$ref": "#/$defs/self"}}},
    ):
        by_schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": nothing}}
        assert json.loads(asked(client, "«noon»?", response_format=by_schema)[0])["answer"] == "noon"


def test_tools_may_be_there_but_are_never_called(server: Server, client: OpenAI) -> None:
    server.add("Ferries", FERRY)
    tool: ChatCompletionToolParam = {"type": "function", "function": {"name": "weather", "parameters": {}}}
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "«noon»?"}]
    given = client.chat.completions.create(model="sourcespan", messages=messages, tools=[tool], tool_choice="auto")
    assert quote_in(given.choices[0].message.content or "") == "noon"
    with pytest.raises(openai.UnprocessableEntityError, match="calls no tools"):
        client.chat.completions.create(model="sourcespan", messages=messages, tools=[tool], tool_choice="required")


def test_the_last_user_message_is_the_question(server: Server, client: OpenAI) -> None:
    server.add("Ferries", FERRY)
    completion = client.chat.completions.create(
        model="sourcespan",
        messages=[
            {"role": "system", "content": "Be brief: «Timetable»"},
            {"role": "developer", "content": "Be brief: «Timetable»"},
            {"role": "user", "content": "«Pier»?"},
            {"role": "assistant", "content": "Pier"},
            {"role": "user", "content": [{"type": "text", "text": "And when?"}, {"type": "text", "text": "«noon»"}]},
            {"role": "assistant", "content": "Let me see."},
        ],
    )
    assert quote_in(completion.choices[0].message.content or "") == "noon"


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


@pytest.mark.parametrize(
    "content", ["Ole Brask", "**Ole Brask**\n\n> “The captain is Ole Brask.”\n\n[Ferries](x) · doubtful"]
)
def test_messages_before_are_what_the_question_refers_to(server: Server, client: OpenAI, content: str) -> None:
    server.add("Ferries", FERRY)
    completion = client.chat.completions.create(
        model="sourcespan",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Who is the captain of the ferry?"},
            {"role": "assistant", "content": content},
            {"role": "user", "content": "Where was he born?"},
            {"role": "assistant", "content": ABSTAINED},
            {"role": "user", "content": "And when does he retire?"},
        ],
    )
    body = completion.choices[0].message.model_dump()["sourcespan"]
    assert body["read_as"] == "When does Ole Brask retire?"


def test_mistakes_are_the_clients_own_errors(client: OpenAI, start_server: Callable[..., Server]) -> None:
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-4'; there is 'sourcespan'"):
        client.chat.completions.create(model="gpt-4", messages=[{"role": "user", "content": "x"}])
    with pytest.raises(openai.UnprocessableEntityError, match="no user message"):
        client.chat.completions.create(model="sourcespan", messages=[{"role": "system", "content": "x"}])
    for wrong in ({"a": 1}, [3]):
        with pytest.raises(openai.UnprocessableEntityError, match=r"messages\.0\.content(\.0)?: Input should be"):
            client.chat.completions.create(model="sourcespan", messages=[{"role": "user", "content": wrong}])  # type: ignore[misc,list-item]
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


def test_it_goes_by_the_names_that_the_operator_gives_it(start_server: Callable[..., Server]) -> None:
    server = start_server(model_aliases="gpt-4o, gpt-3.5-turbo")
    server.add("Ferries", FERRY)
    with connected(server) as client:
        assert [model.id for model in client.models.list()] == ["sourcespan", "gpt-4o", "gpt-3.5-turbo"]
        completion = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "«noon»?"}])
        assert (completion.model, quote_in(completion.choices[0].message.content or "")) == ("gpt-4o", "noon")
        with pytest.raises(openai.NotFoundError, match=r"'sourcespan', 'gpt-4o', 'gpt-3\.5-turbo'"):
            client.models.retrieve("gpt-5")


def test_completions_of_text_are_refused_with_a_hint(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="/v1/chat/completions"):
        client.completions.create(model="sourcespan", prompt="When")


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

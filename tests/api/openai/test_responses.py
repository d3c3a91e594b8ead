"""OpenAI's responses, through the real client."""

from __future__ import annotations

import openai
import pytest
from openai import OpenAI
from openai.types.responses import Response, ResponseOutputMessage, ResponseOutputText
from pydantic import BaseModel

from api.wire.wording import ABSTAINED, quote_in
from tests.api.openai.helpers import FERRY
from tests.conftest import Server


def text_in(response: Response) -> ResponseOutputText:
    (message,) = response.output
    assert isinstance(message, ResponseOutputMessage)
    (text,) = message.content
    assert isinstance(text, ResponseOutputText)
    return text


def assert_cited(server: Server, document_id: str, response: Response) -> None:
    text = text_in(response)
    (cited,) = text.annotations
    assert cited.type == "url_citation"
    assert text.text[cited.start_index : cited.end_index] == "noon"
    start = FERRY.index("noon")
    assert cited.url.startswith(f"{server.url}/#document={document_id}&span={start}-{start + 4}&sha256=")
    assert cited.title == "Ferries (note.txt)"
    assert f"]({cited.url}) · very likely right (" in text.text
    assert response.model_dump()["sourcespan"]["answers"][0]["text"] == "noon"
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


def test_a_response_is_a_quote_with_its_citation(server: Server, client: OpenAI) -> None:
    document_id = server.add("Ferries", FERRY)
    response = client.responses.create(model="sourcespan", input="When? «noon»", instructions="Be brief.")
    assert (response.status, response.error) == ("completed", None)
    assert quote_in(response.output_text) == "noon"
    assert_cited(server, document_id, response)


def test_streamed_it_is_the_same(server: Server, client: OpenAI) -> None:
    document_id = server.add("Ferries", FERRY)
    with client.responses.stream(model="sourcespan", input=[{"role": "user", "content": "When? «noon»"}]) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events][:2] == ["response.created", "response.in_progress"]
    assert events[-1].type == "response.completed"
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert deltas == final.output_text
    assert sum(event.type == "response.output_text.annotation.added" for event in events) == 1
    assert_cited(server, document_id, final)


def test_the_conversation_so_far_is_what_the_question_refers_to(client: OpenAI) -> None:
    response = client.responses.create(
        model="sourcespan",
        input=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": "Who is the captain of the ferry?"}]},
            {
                "type": "message",
                "id": "msg-1",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Ole Brask", "annotations": []}],
            },
            {"role": "user", "content": "When does he retire?"},
        ],
    )
    assert response.model_dump()["sourcespan"]["read_as"] == "When does Ole Brask retire?"
    assert (response.output_text, text_in(response).annotations) == (ABSTAINED, [])


def test_answers_are_objects_where_these_are_wanted(server: Server, client: OpenAI) -> None:
    class Found(BaseModel):
        answer: str
        confidence: float

    server.add("Ferries", FERRY)
    parsed = client.responses.parse(model="sourcespan", input="«noon»?", text_format=Found).output_parsed
    assert parsed is not None
    assert parsed.answer == "noon"


def test_mistakes_are_the_clients_own_errors(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="there is 'sourcespan'"):
        client.responses.create(model="gpt-5", input="x")
    with pytest.raises(openai.UnprocessableEntityError, match="no response is kept"):
        client.responses.create(model="sourcespan", input="x", previous_response_id="resp-1")
    with pytest.raises(openai.UnprocessableEntityError, match="no user message"):
        client.responses.create(model="sourcespan", input=[{"role": "system", "content": "x"}])

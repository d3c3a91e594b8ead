"""What chat programs ask of their own accord is told from what people ask, and is answered without the documents.

The requests are rebuilt field by field from Open WebUI's `routers/tasks.py`, `utils/task.py`, `utils/headers.py` and
`config.py` and from `src/utils/title.ts` of @librechat/agents, in copies read on 2026-11-29 (its 3.9.2 was run against
the service as well). Of the prompts there are the lines by which they are told, with the fields in the places that they
have; the advice between them is ours.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from api.wire.wording import quote_in
from tests.api.openai.helpers import FERRY, connected
from tests.conftest import Server

ADVICE = "\n### Guidelines:\n" + "- Be brief, and write in the language of the chat.\n" * 20
SAID = (
    "USER: When does the ferry to the islands leave?\nAnd from which pier?\n"
    "ASSISTANT: **noon**\n\n> “It leaves at noon.”\nUSER: Who is its captain?"
)
HISTORY = f"### Chat History:\n<chat_history>\n{SAID}\n</chat_history>"


def task(first: str, output: str, end: str = HISTORY) -> str:
    return f"### Task:\n{first}{ADVICE}### Output:\nJSON format: {output}\n{end}"


TITLE = task("Generate a concise title summarizing the chat history.", '{ "title": "your concise title here" }')
TAGS = task("Generate 1-3 broad tags categorizing the main themes of the chat.", '{ "tags": ["tag1", "tag2", "tag3"] }')
FOLLOW_UPS = task(
    "Suggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next.",
    '{ "follow_ups": ["Question 1?", "Question 2?", "Question 3?"] }',
)
QUERIES = task(
    "Analyze the chat history to determine the necessity of generating search queries, in the given language.",
    'Strictly return in JSON format:\n{\n  "queries": ["query1", "query2"]\n}\n',
)
COMPLETION = task(
    "You are an autocompletion system. Continue the text in `<text>`.",
    '`{ "text": "<your_completion>" }`.',
    f"### Context:\n{HISTORY}\n<type>General</type>  \n<text>When does the fer</text>  \n#### Output:\n",
)
IMAGE = task("Generate a detailed prompt for am image generation task.", '{\n    "prompt": "Your description."\n}')
TOOLS = (
    'Available Tools: [{"name": "get_time"}]\n\nYour task is to choose and return the correct tool(s).\n- If no tools '
    'match the query, return an empty array: \n   {\n     "tool_calls": []\n   }\n'
)
EMOJI = "Your task is to reflect the speaker's likely facial expression through a fitting emoji.\n\nMessage: ```Hi```"


def answered(server: Server, messages: list[dict[str, Any]], task_name: str = "", **body: Any) -> dict[str, Any]:  # noqa: ANN401
    """The message that a request of Open WebUI is answered with."""
    headers = {"Authorization": "Bearer none", "Content-Type": "application/json"}
    if task_name:
        # of a connection whose headers are {"X-OpenWebUI-Task": "{{TASK}}"}
        headers["X-OpenWebUI-Task"] = task_name
    sent = {"model": "sourcespan", "messages": messages, "stream": False, **body}
    response = httpx.post(f"{server.url}/v1/chat/completions", json=sent, headers=headers, timeout=60)
    response.raise_for_status()
    message: dict[str, Any] = response.json()["choices"][0]["message"]
    return message


def by_user(content: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


TASKS = [
    ("title_generation", TITLE, {"title": "When does the ferry to …"}),
    ("tags_generation", TAGS, {"tags": ["General"]}),
    ("follow_up_generation", FOLLOW_UPS, {"follow_ups": []}),
    ("query_generation", QUERIES, {"queries": ["Who is its captain?"]}),
    ("autocomplete_generation", COMPLETION, {"text": ""}),
    ("image_prompt_generation", IMAGE, {"prompt": ""}),
]


def test_tasks_of_open_webui_get_the_json_that_it_reads(server: Server) -> None:
    server.add("Ferries", FERRY)
    # an operator may have written a prompt of their own
    own = by_user(f"Im Ernst:\n{HISTORY}")
    for name, prompt, reply in TASKS:
        by_form = answered(server, by_user(prompt))
        for message in (by_form, answered(server, own, name), answered(server, own, metadata={"task": name})):
            # it parses what stands from the first { to the last }
            assert json.loads(message["content"]) == reply
            assert (message["annotations"], message["sourcespan"]) == ([], None)


def test_its_other_tasks_are_answered_too(server: Server) -> None:
    assert answered(server, by_user(EMOJI), max_completion_tokens=4)["content"] == "💬"
    assert answered(server, by_user("Hi"), "emoji_generation")["content"] == "💬"
    suggested = 'Suggest questions.\n{ "suggestions": ["a", "b"] }\n' + FERRY * 100
    assert json.loads(answered(server, by_user(suggested), "document_suggestions_generation")["content"]) == {
        "suggestions": []
    }
    chosen = [{"role": "system", "content": TOOLS}, *by_user('Query: History:\nUSER: """Hi"""\nQuery: Hi')]
    assert json.loads(answered(server, chosen)["content"]) == {"tool_calls": []}
    assert json.loads(answered(server, chosen, "function_calling")["content"]) == {"tool_calls": []}


def test_titles_of_librechat(server: Server) -> None:
    convo = "User: When does the ferry to the islands leave?\nAI: **noon**"
    alone = (
        "Provide a concise, 5-word-or-less title for the conversation, using its same language, with no punctuation."
        f" Only return the title itself.\n\nConversation:\n{convo}"
    )
    assert answered(server, by_user(alone))["content"] == "When does the ferry to …"
    both = (
        "Analyze this conversation and provide:\n1. The detected language of the conversation\n"
        f"2. A concise title in the detected language (5 words or less, no punctuation or quotation)\n\n{convo}"
    )
    # titleMethod `structured` or `functions`: LangChain makes one of two things of both, by the model's name
    extract = {"type": "object", "properties": {"language": {}, "title": {}}, "required": ["language", "title"]}
    as_json = {"type": "json_schema", "json_schema": {"name": "extract", "schema": extract}}
    function = {"name": "extract", "description": "", "parameters": extract}
    forced = {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": "extract"}},
    }
    titled = {"language": "English", "title": "When does the ferry to …"}
    message = answered(server, by_user(both), response_format=as_json)
    assert (json.loads(message["content"]), message["tool_calls"]) == (titled, None)
    with connected(server) as client:
        asked: dict[str, Any] = {"model": "sourcespan", "messages": by_user(both), **forced}
        (call,) = client.chat.completions.create(**asked).choices[0].message.tool_calls
        streamed = [chunk.choices[0].delta.tool_calls for chunk in client.chat.completions.create(**asked, stream=True)]
    for each in (call, *(calls[0] for calls in streamed if calls)):
        assert (each.type, each.function.name, json.loads(each.function.arguments)) == ("function", "extract", titled)
    assert sum(map(bool, streamed)) == 1


def test_chats_of_open_webui_and_librechat_are_answered_in_a_stream(server: Server) -> None:
    server.add("Ferries", FERRY)
    # an operator's or a user's prompt; what was answered before, as it was shown; a picture beside the question
    messages = [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Where does it leave?"},
        {
            "role": "assistant",
            "content": "**Pier 9**\n\n> “It leaves Pier 9.”\n\n[Ferries](x) · very likely right (93%)",
        },
        {"role": "user", "content": [{"type": "text", "text": "When? «noon»"}, {"type": "image_url", "image_url": {}}]},
    ]
    open_webui: dict[str, Any] = {"temperature": 0.7, "max_tokens": 800, "tools": [], "reasoning_effort": "low"}
    librechat: dict[str, Any] = {"user": "6", "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0, "n": 1}
    for more in (open_webui, librechat):
        sent = {"model": "sourcespan", "messages": messages, "stream": True, **more}
        sent["stream_options"] = {"include_usage": True}
        lines = httpx.post(f"{server.url}/v1/chat/completions", json=sent, timeout=60).text.split("\n\n")
        assert lines[-2:] == ["data: [DONE]", ""]
        chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
        deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
        assert quote_in("".join(delta.get("content", "") for delta in deltas)) == "noon"
        assert deltas[-1]["annotations"][0]["url_citation"]["title"] == "Ferries (note.txt)"
        assert chunks[-1]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    "content",
    [
        "### Task:\nRespond to the user query using the provided context.\n<context>\nx\n</context>\nWhen? «noon»",
        "### Task:\nRespond.\n<context>\nx\n</context>\n\n<user_query>\nWhen? «noon»\n</user_query>",
        "Provide a concise title for the task: «noon»",
    ],
)
def test_what_a_person_asks_is_asked_of_the_documents(server: Server, content: str) -> None:
    server.add("Ferries", FERRY)
    # with what Open WebUI sends along with it
    body: dict[str, Any] = {
        "stream_options": {"include_usage": True},
        "chat_id": "1",
        "features": {},
        "temperature": 0.7,
    }
    message = answered(server, by_user(content), **body)
    assert quote_in(message["content"]) == "noon"
    if "</context>" in content:
        assert message["sourcespan"]["question"] == "When? «noon»"

"""Clients that others wrote, against the real server: what they see of a quote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from sourcespan import DocumentDraft, Outline
from tests.clients.conftest import ROOT, Run
from tests.conftest import Server

FIRST = "Timetable.\n\n"
SENTENCE = "The ferry leaves Pier 9 at noon."
FERRY = DocumentDraft("Ferries", FIRST + SENTENCE, "ferries.pdf", outline=Outline((0, len(FIRST))))
ASKED = "When does it leave? «noon»"

OF_LLAMA_INDEX = """
import json, sys
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

model = OpenAILike(model="sourcespan", api_base=sys.argv[1], api_key="none", is_chat_model=True, max_retries=0)
question = [ChatMessage(role="user", content=sys.argv[2])]
streamed = "".join(part.delta or "" for part in model.stream_chat(question))
print(json.dumps([model.chat(question).message.content, streamed]))
"""

GENERATED = """
import json, sys
from sourcespan_client import Client
from sourcespan_client.api.ask import ask_v1_ask_post as ask
from sourcespan_client.models import AskRequest

with Client(base_url=sys.argv[1], raise_on_unexpected_status=True) as client:
    answer = ask.sync(client=client, body=AskRequest(question=sys.argv[2])).answers[0]
print(json.dumps([answer.text, answer.document.source, answer.sentence.text, answer.confidence, answer.page]))
"""


def put_in(server: Server) -> str:
    """The timetable; gives how links to it begin."""
    return f"{server.url}/#document={server.index.add(FERRY)[0].id}"


def assert_reads_well(content: object, link: str) -> None:
    for part in ("**noon**", SENTENCE, "ferries.pdf", "page 2", "%)", link):
        assert part in str(content)


@pytest.mark.parametrize("streaming", [False, True])
def test_langchain_openai_sees_the_quote(server: Server, streaming: bool) -> None:
    link = put_in(server)
    model = ChatOpenAI(
        model="sourcespan", base_url=f"{server.url}/v1", api_key=SecretStr("none"), streaming=streaming, max_retries=0
    )
    answer = model.invoke([SystemMessage("Be brief."), HumanMessage(ASKED)])
    assert_reads_well(answer.text, link)


def test_llama_index_sees_the_quote(server: Server, run: Run) -> None:
    link = put_in(server)
    for seen in json.loads(run("python", "-W", "ignore", "-c", OF_LLAMA_INDEX, f"{server.url}/v1", ASKED)):
        assert_reads_well(seen, link)


def test_a_client_that_is_generated_from_the_contract_sees_everything(server: Server, run: Run, tmp_path: Path) -> None:
    put_in(server)
    (tmp_path / "config.yaml").write_text("package_name_override: sourcespan_client\n")
    contract = str(ROOT / "docs" / "openapi.json")
    run("openapi-python-client", "generate", "--path", contract, "--meta", "none", "--config", "config.yaml")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{GENERATED}"
    text, source, sentence, confidence, page = json.loads(run("python", "-c", program, server.url, ASKED))
    assert (text, source, page) == ("noon", "ferries.pdf", 2)
    assert sentence == SENTENCE
    assert 0 < confidence <= 1

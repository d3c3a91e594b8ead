"""What a conversation is answered with, in whichever of OpenAI's protocols it came."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from api.openai.answer_object import answer_json, check_schema
from api.openai.background import TASK_HEADER, background_reply
from api.openai.conversation import Conversation, MessageIn, check_tools
from api.serving.backend import Backend
from api.serving.dependencies import unless_gone
from api.wire.page_links import Links
from api.wire.schemas import AskResponse
from api.wire.wording import Worded, source_of, worded, worded_answer
from rag.answers import Answer, Result, Span
from rag.questions import Question

# of texts that are counted: what is left out costs nothing and is never read
_COUNTED = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a client wants to be answered."""

    answers: int = 1
    stops: Sequence[str] = ()
    """The text ends before the first of these."""
    as_json: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict)
    """Of the JSON object; empty for ours."""
    tool_choice: Any = None
    task: str = ""
    """What the client calls a prompt that no person wrote."""
    filter: Mapping[str, Any] | None = None
    """Which documents the answer may be from."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where in the text a quote stands, and what it is quoted from."""

    quoted: Span
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One text that answers, with its citation."""

    text: str
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class Replies:
    """The texts that answer, one at least, and what they were made from."""

    texts: Sequence[Reply]
    asked: AskResponse | None
    """What `POST /v1/ask` gives; None where the documents were not asked."""
    prompt_tokens: int
    completion_tokens: int
    created: int


async def replies(
    messages: Sequence[MessageIn], wanted: Wanted, request: Request, backend: Backend, links: Links
) -> Replies:
    """Answers the last user message. Raises InvalidQuestion, Overloaded, HTTPException."""
    task = request.headers.get(TASK_HEADER, "") or wanted.task
    if (background := background_reply(messages, task)) is not None:
        return await _counted(backend, [message.text for message in messages[-1:]], [Reply(background)], None)
    check_tools(wanted.tool_choice)
    check_schema(wanted.schema)
    conversation = Conversation.of(messages)
    n_best = wanted.answers if wanted.answers > 1 else None
    question = Question(conversation.question, n_best=n_best, history=conversation.history)
    result = await unless_gone(request, backend.ask(question, wanted.filter))
    texts = [_stopped(_reply(result, answer, wanted, links), wanted.stops) for answer in _answers(result, wanted)]
    asked = [text for turn in conversation.history for text in (turn.question, turn.answer or "")]
    return await _counted(
        backend, [*asked, conversation.question], texts, AskResponse.of(result, include_passages=False)
    )


def new_id(kind: str) -> str:
    """An id as OpenAI's look."""
    return f"{kind}-{secrets.token_hex(12)}"


def _answers(result: Result, wanted: Wanted) -> Sequence[Answer | None]:
    if result.status == "answered":
        return result.answers[: wanted.answers]
    return result.candidates[:1] if result.status == "unsure" else [None]


def _reply(result: Result, answer: Answer | None, wanted: Wanted, links: Links) -> Reply:
    if wanted.as_json:
        text = answer_json(result, answer, links, wanted.schema)
        # JSON may write the quote in other characters than the document has
        return Reply(text)
    words = worded(result, links) if answer is None else worded_answer(answer, links, sure=not result.abstained)
    return Reply(words.text, _citation(words, answer, links))


def _citation(words: Worded, answer: Answer | None, links: Links) -> Citation | None:
    if answer is None or words.quoted is None:
        return None
    return Citation(words.quoted, source_of(answer.document, answer.location), links.to_quote(answer))


def _stopped(reply: Reply, stops: Sequence[str]) -> Reply:
    end = min((place for stop in stops if stop and (place := reply.text.find(stop)) >= 0), default=len(reply.text))
    is_whole = reply.citation is not None and reply.citation.quoted.end <= end
    return Reply(reply.text[:end], reply.citation if is_whole else None)


async def _counted(
    backend: Backend, prompts: Sequence[str], texts: Sequence[Reply], asked: AskResponse | None
) -> Replies:
    """With the numbers of tokens, as the embedder counts them."""
    embedder = backend.library.embedder
    every = [text[:_COUNTED] for text in (*prompts, *(reply.text for reply in texts))]
    tokens = await backend.look_up(lambda: embedder.count_tokens(every))
    read = sum(tokens[: len(prompts)])
    return Replies(texts, asked, read, sum(tokens) - read, int(time.time()))

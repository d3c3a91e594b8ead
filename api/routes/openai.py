"""The OpenAI surface: a chat completion whose content is an exact quote, with its citation.

The last user message is the question; those before it, with their answers, are what it may refer to. `annotations`
cites the document as OpenAI does; the exact spans are in the extension field `sourcespan`, which has what
`POST /v1/ask` gives.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.middleware.rules import LARGE_BODY, READ, RouteRules, declares
from api.wire.dependencies import SHOWS_KEY, CurrentBackend, unless_gone
from api.wire.json_route import JsonRoute
from api.wire.requests import Text
from api.wire.schemas import AskResponse
from api.wire.sse import MEDIA_TYPE
from index.errors import InvalidQuestion
from index.errors.shown import shown
from rag.answers import Answer, Result
from rag.config import MAX_QUESTION_CHARACTERS, MAX_TURNS
from rag.questions import Question, Turn

router = APIRouter(route_class=JsonRoute, prefix="/v1", tags=["openai"], dependencies=[SHOWS_KEY])

MODEL = "sourcespan"
_CONVERSES = RouteRules(needs="read", body_bytes=LARGE_BODY)
ABSTAINED = "The documents don't say."
UNSURE = "Not sure. Closest: "

_STARTED = int(time.time())


class _Lenient(BaseModel):
    # clients send much that has no meaning here: it is passed over
    model_config = ConfigDict(extra="ignore", strict=True)


class ContentPart(_Lenient):
    """A piece of a message; only pieces of text are read."""

    type: str
    text: Text = ""


class MessageIn(_Lenient):
    """A message of the conversation so far."""

    role: Text
    content: Text | Annotated[list[ContentPart], Field(fail_fast=True)] | None = None

    @property
    def text(self) -> str:
        """Its pieces of text, a line each."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class CompletionRequest(_Lenient):
    """A chat completion request. What it says of sampling has no meaning here and is passed over."""

    model: Text = MODEL
    messages: Annotated[list[MessageIn], Field(min_length=1, max_length=1_000, fail_fast=True)]
    stream: bool | None = None

    @property
    def question(self) -> str:
        """The last user message. Raises InvalidQuestion."""
        return self._conversation()[-1].question

    @property
    def history(self) -> list[Turn]:
        """The user messages before it, each with what was answered; of those that could be questions the last ones."""
        before = self._conversation()[:-1]
        return [turn for turn in before if 0 < len(turn.question) <= MAX_QUESTION_CHARACTERS][-MAX_TURNS:]

    def _conversation(self) -> list[Turn]:
        turns: list[Turn] = []
        for message in self.messages:
            if message.role == "user":
                turns.append(Turn(message.text))
            elif message.role == "assistant" and turns and not message.text.startswith((ABSTAINED, UNSURE)):
                turns[-1] = Turn(turns[-1].question, message.text)
        if not turns:
            raise InvalidQuestion("messages", "hold no user message")
        return turns


class UrlCitation(BaseModel):
    """The document that a range of the content quotes; the fragment is the span, as RFC 5147 writes it."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(BaseModel):
    """A citation."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class MessageOut(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation]
    sourcespan: AskResponse


class ChoiceOut(BaseModel):
    """There is always one."""

    index: int = 0
    message: MessageOut
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class CompletionOut(BaseModel):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[ChoiceOut]


class ModelOut(BaseModel):
    """The one model."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = Field(default_factory=lambda: _STARTED)
    owned_by: str = "sourcespan"


class ModelList(BaseModel):
    """The models."""

    object: Literal["list"] = "list"
    data: list[ModelOut]


_STREAMS: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}}


@router.get("/models")
@declares(READ)
async def models() -> ModelList:
    """The one model that there is."""
    return ModelList(data=[ModelOut()])


@router.get("/models/{model}")
@declares(READ)
async def one_model(model: str) -> ModelOut:
    """The model of that name."""
    _check(model)
    return ModelOut()


@router.post("/chat/completions", response_model=CompletionOut, responses=_STREAMS)
@declares(_CONVERSES)
async def complete(body: CompletionRequest, request: Request, backend: CurrentBackend) -> CompletionOut | Response:
    """Answers the last user message with an exact quote, cited, or says that the documents don't hold the answer."""
    _check(body.model)
    result = await unless_gone(request, backend.ask(Question(body.question, history=body.history)))
    completion_id, created = f"chatcmpl-{secrets.token_hex(12)}", int(time.time())
    message = _message(result, str(request.base_url))
    if not body.stream:
        return CompletionOut(id=completion_id, created=created, choices=[ChoiceOut(message=message)])
    head = {"id": completion_id, "object": "chat.completion.chunk", "created": created, "model": MODEL}
    return StreamingResponse(_chunks(head, message), media_type=MEDIA_TYPE)


async def _chunks(head: dict[str, Any], message: MessageOut) -> AsyncIterator[bytes]:
    content = message.model_dump(mode="json")
    deltas: list[tuple[dict[str, Any], str | None]] = [
        ({"role": content["role"], "content": ""}, None),
        ({"content": content["content"]}, None),
        ({"annotations": content["annotations"], "sourcespan": content["sourcespan"]}, "stop"),
    ]
    for delta, finish_reason in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        yield format_sse_event(data_str=json.dumps({**head, "choices": [choice]}))
    yield format_sse_event(data_str="[DONE]")


def _message(result: Result, base_url: str) -> MessageOut:
    body = AskResponse.of(result, include_passages=False)
    if result.status == "not_found" or result.detail:
        return MessageOut(content=result.detail or ABSTAINED, annotations=[], sourcespan=body)
    best, before = (result.candidates[0], UNSURE) if result.abstained else (result.answers[0], "")
    return MessageOut(content=before + best.text, annotations=[_citation(best, len(before), base_url)], sourcespan=body)


def _citation(answer: Answer, start: int, base_url: str) -> Annotation:
    place = f"{base_url}v1/documents/{answer.document.id}/text#char={answer.span.start},{answer.span.end}"
    cited = UrlCitation(start_index=start, end_index=start + len(answer.text), title=answer.document.title, url=place)
    return Annotation(url_citation=cited)


def _check(model: str) -> None:
    if model != MODEL:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no model '{shown(model)}'; there is {MODEL!r}")

"""OpenAI's chat completions: the content quotes a document, and reads well alone.

The last user message is the question; those before it, with their answers, are what it may refer to. `annotations`
cites the quote as OpenAI does; the exact spans are in the extension field `sourcespan`, which has what
`POST /v1/ask` gives.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel, Field

from api.middleware.rules import LARGE_BODY, READ, RouteRules, declares
from api.openai.answer_object import ResponseFormat
from api.openai.conversation import MODEL, Messages, check_model, tool_named
from api.openai.replies import Citation, Replies, Wanted, new_id, replies
from api.problems.responses import PROBLEM_JSON, problem
from api.serving.dependencies import SHOWS_KEY, CurrentBackend, CurrentLinks, CurrentSettings
from api.wire.json_route import JsonRoute
from api.wire.requests import FilterIn, Lenient, Text
from api.wire.schemas import AskResponse
from api.wire.sse import MEDIA_TYPE
from rag.config import MAX_N_BEST

router = APIRouter(route_class=JsonRoute, prefix="/v1", tags=["openai"], dependencies=[SHOWS_KEY])

CONVERSES = RouteRules(needs="read", body_bytes=LARGE_BODY)
STREAMS: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}}
_REFUSED: dict[int | str, dict[str, Any]] = {
    404: {"description": "Always.", "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
}

_STARTED = int(time.time())


class StreamOptions(Lenient):
    """What a stream ends with."""

    include_usage: bool | None = None


class CompletionRequest(Lenient):
    """A chat completion request. What it says of sampling, length and tools has no meaning here and is passed over."""

    model: Text = MODEL
    messages: Messages
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int | None, Field(ge=1, le=MAX_N_BEST, description="Answers, each another; fewer if fewer.")] = None
    stop: Text | Annotated[list[Text], Field(max_length=4, fail_fast=True)] | None = None
    response_format: ResponseFormat | None = None
    tool_choice: Any = None
    metadata: Any = None
    filter: FilterIn | None = None

    @property
    def wanted(self) -> Wanted:
        """How it is to be answered."""
        form = self.response_format or ResponseFormat()
        return Wanted(
            answers=self.n or 1,
            stops=[self.stop] if isinstance(self.stop, str) else self.stop or (),
            as_json=form.type != "text",
            schema=form.schema_wanted,
            tool_choice=self.tool_choice,
            task=task_in(self.metadata),
            filter=self.filter,
        )


class UrlCitation(BaseModel):
    """The place that a range of the content, in code points, quotes; the page at `url` marks it."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(BaseModel):
    """A citation."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class FunctionOut(BaseModel):
    """A function that is called, with its arguments as JSON."""

    name: Text
    arguments: str


class ToolCallOut(BaseModel):
    """A title that is wanted as a call of a function; what the documents say never is one."""

    id: str
    type: Literal["function"] = "function"
    function: FunctionOut


class MessageOut(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    tool_calls: list[ToolCallOut] | None = None
    annotations: list[Annotation]
    sourcespan: Annotated[AskResponse | None, Field(description="Null where the documents were not asked.")]


class ChoiceOut(BaseModel):
    """One answer; where several are wanted, each is another."""

    index: int
    message: MessageOut
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class UsageOut(BaseModel):
    """Tokens of what was read of the request, and of the answers, as the embedder counts them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int

    @classmethod
    def of(cls, made: Replies) -> UsageOut:
        """From the inside to the wire."""
        read, written = made.prompt_tokens, made.completion_tokens
        return cls(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


class CompletionOut(BaseModel):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChoiceOut]
    usage: UsageOut


class ModelOut(BaseModel):
    """The one model, by one of its names."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(default_factory=lambda: _STARTED)
    owned_by: str = "sourcespan"


class ModelList(BaseModel):
    """The models."""

    object: Literal["list"] = "list"
    data: list[ModelOut]


@router.get("/models")
@declares(READ)
async def models(settings: CurrentSettings) -> ModelList:
    """The one model that there is, by all of its names."""
    return ModelList(data=[ModelOut(id=name) for name in settings.models_served])


@router.get("/models/{model}")
@declares(READ)
async def one_model(model: str, settings: CurrentSettings) -> ModelOut:
    """The model of that name."""
    return ModelOut(id=check_model(model, settings))


@router.post("/chat/completions", response_model=CompletionOut, responses=STREAMS)
@declares(CONVERSES)
async def complete(
    body: CompletionRequest, request: Request, backend: CurrentBackend, settings: CurrentSettings, links: CurrentLinks
) -> CompletionOut | Response:
    """Answers the last user message with an exact quote, cited, or says that the documents don't hold the answer.

    With a `response_format` of `json_object` the content is an object of `status`, `answer` and where it stands; with
    `json_schema` it has those of its members that the schema names.
    """
    model = check_model(body.model, settings)
    made = await replies(body.messages, body.wanted, request, backend, links)
    completion_id = new_id("chatcmpl")
    choices = [
        ChoiceOut(index=index, message=message) for index, message in enumerate(_messages(made, body.tool_choice))
    ]
    if not body.stream:
        usage = UsageOut.of(made)
        return CompletionOut(id=completion_id, created=made.created, model=model, choices=choices, usage=usage)
    head = {"id": completion_id, "object": "chat.completion.chunk", "created": made.created, "model": model}
    usage_wanted = body.stream_options is not None and body.stream_options.include_usage
    return StreamingResponse(_chunks(head, choices, UsageOut.of(made) if usage_wanted else None), media_type=MEDIA_TYPE)


@router.post("/completions", status_code=HTTPStatus.NOT_FOUND, response_class=Response, responses=_REFUSED)
@declares(READ)
async def complete_text() -> Response:
    """There are no completions of text: what is asked goes to `/v1/chat/completions`."""
    detail = "this service answers questions and completes no text: send them to /v1/chat/completions as messages"
    return problem(HTTPStatus.NOT_FOUND, detail)


def task_in(metadata: Any) -> str:  # noqa: ANN401
    """What a client's metadata calls the task; empty where they call it nothing."""
    task = metadata.get("task") if isinstance(metadata, dict) else None
    return task if isinstance(task, str) else ""


def _messages(made: Replies, tool_choice: Any) -> Iterator[MessageOut]:  # noqa: ANN401
    tool = tool_named(tool_choice) if made.asked is None else None
    for reply in made.texts:
        cited = [_annotation(reply.citation)] if reply.citation else []
        call = FunctionOut(name=tool, arguments=reply.text) if tool else None
        calls = [ToolCallOut(id=new_id("call"), function=call)] if call else None
        yield MessageOut(content=reply.text, annotations=cited, tool_calls=calls, sourcespan=made.asked)


def _annotation(citation: Citation) -> Annotation:
    quoted = citation.quoted
    cited = UrlCitation(start_index=quoted.start, end_index=quoted.end, title=citation.title, url=citation.url)
    return Annotation(url_citation=cited)


async def _chunks(head: dict[str, Any], choices: list[ChoiceOut], usage: UsageOut | None) -> AsyncIterator[bytes]:
    for choice in choices:
        message = choice.message.model_dump(mode="json")
        deltas: list[tuple[dict[str, Any], str | None]] = [
            ({"role": message["role"], "content": ""}, None),
            ({"content": message["content"]} | _calls(message["tool_calls"] or ()), None),
            ({"annotations": message["annotations"], "sourcespan": message["sourcespan"]}, "stop"),
        ]
        for delta, finish_reason in deltas:
            chunk = {"index": choice.index, "delta": delta, "finish_reason": finish_reason}
            yield _event({**head, "choices": [chunk]} | ({"usage": None} if usage else {}))
    if usage:
        yield _event({**head, "choices": [], "usage": usage.model_dump()})
    yield format_sse_event(data_str="[DONE]")


def _calls(calls: Iterable[dict[str, Any]]) -> dict[str, Any]:
    numbered = [{"index": index, **call} for index, call in enumerate(calls)]
    return {"tool_calls": numbered} if numbered else {}


def _event(content: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(content))

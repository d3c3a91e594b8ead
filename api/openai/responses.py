"""OpenAI's responses: the same answers as chat completions, the citation as an annotation of the text."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.middleware.rules import declares
from api.openai.answer_object import ResponseFormat, SchemaOut
from api.openai.completions import CONVERSES, STREAMS, task_in
from api.openai.conversation import MODEL, MessageIn, Messages, check_model
from api.openai.replies import Reply, Wanted, new_id, replies
from api.serving.dependencies import SHOWS_KEY, CurrentBackend, CurrentLinks, CurrentSettings
from api.wire.json_route import JsonRoute
from api.wire.requests import FilterIn, Lenient, Text
from api.wire.schemas import AskResponse
from api.wire.sse import MEDIA_TYPE

router = APIRouter(route_class=JsonRoute, prefix="/v1", tags=["openai"], dependencies=[SHOWS_KEY])


class TextFormat(ResponseFormat, SchemaOut):
    """As in chat completions, with name and schema beside the type."""

    @property
    def schema_wanted(self) -> dict[str, Any]:
        """The client's schema; empty for none."""
        return self.schema_ if self.type == "json_schema" else {}


class TextOptions(Lenient):
    """How the text is written."""

    format: TextFormat | None = None


class ResponseRequest(Lenient):
    """A request for a response. Nothing is kept, so the whole conversation is in `input`."""

    model: Text = MODEL
    input: Text | Messages
    stream: bool | None = None
    text: TextOptions | None = None
    tool_choice: Any = None
    metadata: Any = None
    filter: FilterIn | None = None
    previous_response_id: Text | None = None
    conversation: Any = None

    @property
    def messages(self) -> list[MessageIn]:
        """What was said; items that are no messages say nothing."""
        return [MessageIn(role="user", content=self.input)] if isinstance(self.input, str) else self.input

    @property
    def wanted(self) -> Wanted:
        """How it is to be answered."""
        form = self.text.format if self.text is not None else None
        return Wanted(
            as_json=form is not None and form.type != "text",
            schema=form.schema_wanted if form is not None else {},
            tool_choice=self.tool_choice,
            task=task_in(self.metadata),
            filter=self.filter,
        )


class CitationOut(BaseModel):
    """The place that a range of the text, in code points, quotes; the page at `url` marks it."""

    type: Literal["url_citation"] = "url_citation"
    start_index: int
    end_index: int
    title: str
    url: str


class TextOut(BaseModel):
    """The answer."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: list[CitationOut]
    logprobs: list[None] = []


class OutputMessage(BaseModel):
    """There is always one."""

    type: Literal["message"] = "message"
    id: str
    status: Literal["in_progress", "completed"]
    role: Literal["assistant"] = "assistant"
    content: list[TextOut]


class TokensDetails(BaseModel):
    """Of the tokens, those that cost nothing, or are not shown: there are none."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class ResponseUsage(BaseModel):
    """Tokens of what was read of the request, and of the answer, as the embedder counts them."""

    input_tokens: int
    input_tokens_details: TokensDetails = TokensDetails()
    output_tokens: int
    output_tokens_details: TokensDetails = TokensDetails()
    total_tokens: int


class ResponseOut(BaseModel):
    """A response; the exact spans are in `sourcespan`, as `POST /v1/ask` gives them."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    status: Literal["in_progress", "completed"]
    model: str
    output: list[OutputMessage]
    usage: ResponseUsage | None
    error: None = None
    incomplete_details: None = None
    instructions: None = None
    metadata: dict[str, str] = {}
    parallel_tool_calls: bool = False
    tool_choice: Literal["none"] = "none"
    tools: list[None] = []
    store: bool = False
    sourcespan: Annotated[AskResponse | None, Field(description="Null where the documents were not asked.")]


@router.post("/responses", response_model=ResponseOut, responses=STREAMS)
@declares(CONVERSES)
async def respond(
    body: ResponseRequest, request: Request, backend: CurrentBackend, settings: CurrentSettings, links: CurrentLinks
) -> ResponseOut | Response:
    """Answers the last user message as `/v1/chat/completions` does; with `stream`, as OpenAI's typed events."""
    model = check_model(body.model, settings)
    if body.previous_response_id is not None or body.conversation is not None:
        detail = "no response is kept here: send the conversation so far as input"
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    made = await replies(body.messages, body.wanted, request, backend, links)
    read, written = made.prompt_tokens, made.completion_tokens
    response = ResponseOut(
        id=new_id("resp"),
        created_at=made.created,
        status="completed",
        model=model,
        output=[_message(made.texts[0])],
        usage=ResponseUsage(input_tokens=read, output_tokens=written, total_tokens=read + written),
        sourcespan=made.asked,
    )
    return StreamingResponse(_events(response), media_type=MEDIA_TYPE) if body.stream else response


def _message(reply: Reply) -> OutputMessage:
    cited = []
    if reply.citation is not None:
        quoted = reply.citation.quoted
        cited = [
            CitationOut(
                start_index=quoted.start, end_index=quoted.end, title=reply.citation.title, url=reply.citation.url
            )
        ]
    text = TextOut(text=reply.text, annotations=cited)
    return OutputMessage(id=new_id("msg"), status="completed", content=[text])


async def _events(response: ResponseOut) -> AsyncIterator[bytes]:
    """The events by which OpenAI's clients put a response together, numbered."""
    (message,) = response.output
    (text,) = message.content
    begun = response.model_copy(update={"status": "in_progress", "output": [], "usage": None, "sourcespan": None})
    item = {"output_index": 0, "item_id": message.id}
    part = {**item, "content_index": 0}
    empty = TextOut(text="", annotations=[])
    opened = message.model_copy(update={"status": "in_progress", "content": []})
    events: list[tuple[str, dict[str, Any]]] = [
        ("created", {"response": begun}),
        ("in_progress", {"response": begun}),
        ("output_item.added", {"output_index": 0, "item": opened}),
        ("content_part.added", {**part, "part": empty}),
        ("output_text.delta", {**part, "delta": text.text, "logprobs": []}),
        *(
            ("output_text.annotation.added", {**part, "annotation_index": index, "annotation": cited})
            for index, cited in enumerate(text.annotations)
        ),
        ("output_text.done", {**part, "text": text.text, "logprobs": []}),
        ("content_part.done", {**part, "part": text}),
        ("output_item.done", {"output_index": 0, "item": message}),
        ("completed", {"response": response}),
    ]
    for number, (name, content) in enumerate(events):
        kind = f"response.{name}"
        event = {"type": kind, "sequence_number": number, **content}
        yield format_sse_event(event=kind, data_str=json.dumps(event, default=_dumped))


def _dumped(model: BaseModel) -> Any:  # noqa: ANN401
    return model.model_dump(mode="json")

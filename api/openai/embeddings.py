"""OpenAI's embeddings, by the embedder that passages are found with."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.middleware.rules import declares
from api.openai.completions import CONVERSES
from api.openai.conversation import MODEL, check_model
from api.serving.dependencies import SHOWS_KEY, CurrentBackend, CurrentSettings, unless_gone
from api.wire.json_route import JsonRoute
from api.wire.requests import Lenient, Text
from index.interfaces import Vectors

router = APIRouter(route_class=JsonRoute, prefix="/v1", tags=["openai"], dependencies=[SHOWS_KEY])

MOST_INPUTS = 256
_MOST_CHARACTERS = 500_000

Token = Annotated[int, Field(ge=0)]


class EmbeddingRequest(Lenient):
    """Texts to embed."""

    model: Text = MODEL
    input: (
        Text
        | Annotated[list[Text], Field(min_length=1, max_length=MOST_INPUTS, fail_fast=True)]
        | Annotated[list[Token] | list[list[Token]], Field(description="Not read: the tokens are another model's.")]
    )
    input_type: Annotated[
        Literal["passage", "query"], Field(description="What they are: some models embed questions in another way.")
    ] = "passage"
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int | None, Field(ge=1, description="Refused but for the model's own.")] = None
    truncate: Annotated[bool, Field(description="Whether of a text that is too long the beginning is embedded.")] = (
        False
    )


class EmbeddingOut(BaseModel):
    """The vector of one text, of unit length; in base64 as little-endian float32."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """Tokens, as the embedder counts them."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(BaseModel):
    """The vectors, in the order of the texts."""

    object: Literal["list"] = "list"
    model: str
    data: list[EmbeddingOut]
    usage: EmbeddingUsage


@router.post("/embeddings")
@declares(CONVERSES)
async def embed(
    body: EmbeddingRequest, request: Request, backend: CurrentBackend, settings: CurrentSettings
) -> EmbeddingList:
    """The vectors of up to 256 texts, such as an index of one's own is made of.

    A text with more tokens than the model reads is refused, as most of it would silently be left out, unless
    `truncate` says otherwise.
    """
    model = check_model(body.model, settings)
    texts = [body.input] if isinstance(body.input, str) else [text for text in body.input if isinstance(text, str)]
    if not body.input and not isinstance(body.input, str):
        _refuse("input holds no text")
    if not texts:
        _refuse("tokens are another model's: send text (in LangChain: check_embedding_ctx_length=False)")
    if sum(map(len, texts)) > _MOST_CHARACTERS:
        _refuse(f"the texts have more than {_MOST_CHARACTERS:,} characters together")
    embedder = backend.library.embedder
    if body.dimensions not in (None, embedder.dimension):
        _refuse(f"the model's vectors have {embedder.dimension} dimensions")
    tokens = await backend.look_up(lambda: embedder.count_tokens(texts))
    if not body.truncate and max(tokens) > embedder.max_tokens:
        longest = tokens.index(max(tokens))
        _refuse(
            f"text {longest} has {tokens[longest]:,} tokens; the model reads {embedder.max_tokens:,}. Split it, or "
            "send truncate"
        )
    vectors = await unless_gone(request, backend.embed(texts, as_queries=body.input_type == "query"))
    data = [EmbeddingOut(index=index, embedding=_written(vector, body)) for index, vector in enumerate(vectors)]
    usage = EmbeddingUsage(prompt_tokens=sum(tokens), total_tokens=sum(tokens))
    return EmbeddingList(model=model, data=data, usage=usage)


def _written(vector: Vectors, body: EmbeddingRequest) -> list[float] | str:
    if body.encoding_format == "base64":
        return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")
    numbers: list[float] = vector.tolist()
    return numbers


def _refuse(detail: str) -> None:
    raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)

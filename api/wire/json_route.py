"""Routes whose JSON bodies are read strictly."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.wire.strict_json import MalformedJson, parse_json


class JsonRoute(APIRoute):
    """A route whose JSON bodies are read by `parse_json`; what is malformed is answered with 422."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, given a request that reads so."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return handle_strictly


class _StrictRequest(Request):
    async def json(self) -> Any:  # noqa: ANN401
        return json_in(await self.body())


def json_in(body: bytes) -> Any:  # noqa: ANN401
    """The value in the body of a request. Raises HTTPException."""
    try:
        return parse_json(body)
    except MalformedJson as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"the body is not valid JSON: {error}") from error

"""JSON bodies, read strictly: UTF-8, each key once, no numbers that JSON does not have."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from index.shown import shown


class MalformedJson(ValueError):
    """A body that is not JSON, or not JSON with one meaning. Its message says why."""


def parse_json(data: bytes) -> Any:  # noqa: ANN401
    """The value that ``data`` holds. Raises MalformedJson."""
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except MalformedJson:
        raise
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at character {error.pos:,}") from error
    except UnicodeDecodeError as error:
        raise MalformedJson(f"not UTF-8 at byte {error.start:,}") from error
    except RecursionError as error:
        raise MalformedJson("nested too deeply") from error
    except ValueError as error:
        raise MalformedJson("an integer has too many digits") from error


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


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        seen: set[str] = set()
        twice = next(key for key, _ in members if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedJson(f"the key '{shown(twice)}' stands more than once in an object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is no number")

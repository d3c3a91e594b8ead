"""Messages for the Model Context Protocol: read whole and strictly, so that none can cause a long answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems.responses import problem
from api.wire.json_route import json_in

# of what the protocol's answers repeat: the message's id, its method, the name of a tool
_LONGEST_NAME = 1_000
# none has as many, and the protocol's own validation takes seconds for a hundred thousand
_MOST_MEMBERS = 100


class BoundedMessages:
    """ASGI app around the protocol's own, which reads JSON in more than one way and repeats much of what it is sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a message on as it was understood. Raises HTTPException, ClientDisconnect."""
        request = Request(scope, receive)
        if request.method != "POST":
            # a GET would open a stream on which nothing ever comes, and hold its connection for ever. Clients that may
            # read try it and expect 405: for the gate, a method that the route did not know would need the scope write
            refusal = problem(HTTPStatus.METHOD_NOT_ALLOWED, "messages are sent with POST", {"Allow": "POST"})
            await refusal(scope, receive, send)
            return
        body: bytes | None = _checked(await request.body())

        async def receive_checked() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            message = {"type": "http.request", "body": body, "more_body": False}
            body = None
            return message

        await self._app(scope, receive_checked, send)


def _checked(body: bytes) -> bytes:
    """The message written anew, so that whoever reads it next cannot take it for another. Raises HTTPException."""
    message = json_in(body)
    if not isinstance(message, dict):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "a message is one JSON object")
    params = _object_in(message, "params")
    if max(map(len, (message, params, _object_in(params, "arguments")))) > _MOST_MEMBERS:
        detail = f"a message, its parameters and its arguments have at most {_MOST_MEMBERS} members each"
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    if _has_long_name(message) or _has_long_name(params):
        detail = f"a message's id, its method and its parameters' names have at most {_LONGEST_NAME:,} characters"
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    try:
        return json.dumps(message, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        detail = "the message holds a lone surrogate or an infinite number, or is nested too deeply"
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail) from error


def _object_in(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object that is the member ``name`` of ``value``; an empty one where it is none."""
    member = value.get(name)
    return member if isinstance(member, dict) else {}


def _has_long_name(values: Mapping[str, object]) -> bool:
    return any(isinstance(value, str) and len(value) > _LONGEST_NAME for value in values.values())

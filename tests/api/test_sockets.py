"""The socket that is served on."""

from __future__ import annotations

import socket

import pytest
import uvicorn

from api.sockets import bound


async def nothing(scope: object, receive: object, send: object) -> None:
    """Never called."""


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_connections_send_at_once(host: str) -> None:
    with bound(uvicorn.Config(nothing, host=host, port=0, log_level="critical")) as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()[:2]), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

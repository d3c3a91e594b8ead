"""The socket that is served on."""

from __future__ import annotations

import socket

import pytest

from api.serving.server import bound
from api.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_connections_send_at_once(host: str) -> None:
    settings = Settings(_env_file=None, host=host, port=0)  # type: ignore[call-arg]
    with bound(settings) as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()[:2]), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

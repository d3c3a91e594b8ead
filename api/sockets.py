"""The socket that is served on."""

from __future__ import annotations

import socket

import uvicorn


def bound(config: uvicorn.Config) -> socket.socket:
    """Bound to the address, not yet listening. Ends the process, with a message, where it cannot be had.

    What is sent goes out at once. asyncio sees to that for the sockets it makes itself, not for one it is given: a
    response's body would wait 40 ms until the client has acknowledged its head.
    """
    listening = config.bind_socket()
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening

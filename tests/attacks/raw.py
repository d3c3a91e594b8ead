"""Requests as they stand, where httpx would set them right."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.conftest import Server


class Raw:
    """One connection, on which paths and methods are sent untouched."""

    def __init__(self, server: Server) -> None:
        self._connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)

    def __call__(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case, and body. A header that is given twice is sent twice."""
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        given = {name.lower() for name, _ in pairs}
        self._connection.putrequest(method, target, skip_host="host" in given, skip_accept_encoding=True)
        if body is not None:
            pairs.append(("Content-Length", str(len(body))))
        for name, value in pairs:
            self._connection.putheader(name, value.encode("latin-1"))
        self._connection.endheaders(body)
        with self._connection.getresponse() as response:
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    def problem(self, *request: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401
        """Status and problem details of what must be refused."""
        status, headers, body = self(*request)
        assert headers["content-type"] == "application/problem+json", (status, body[:200])
        details: dict[str, Any] = json.loads(body)
        assert details["status"] == status
        return status, details

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


def hang_up_after(server: Server, sent: bytes) -> None:
    """Sends the beginning of a request and goes away."""
    address = urlsplit(server.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=60) as connection:
        connection.sendall(sent)

"""Links lead to where people reach the page, as the operator says or a trusted proxy, and nobody else."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from pydantic import ValidationError

from api.settings import Settings
from api.wire.page_links import Links
from tests.conftest import Server

FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example, ask.example:8443",
    "X-Forwarded-Prefix": "/docs",
}


def link(server: Server, **headers: str) -> str:
    server.add("Ferries", "The ferry leaves at noon.")
    messages = [{"role": "user", "content": "When? «noon»"}]
    response = httpx.post(f"{server.url}/v1/chat/completions", json={"messages": messages}, headers=headers, timeout=60)
    citation = response.json()["choices"][0]["message"]["annotations"][0]["url_citation"]
    return str(citation["url"]).partition("#")[0]


def test_a_trusted_proxy_says_where_the_page_is(start_server: Callable[..., Server]) -> None:
    server = start_server(trusted_proxies="127.0.0.1")
    assert link(server, **FORWARDED) == "https://ask.example:8443/docs/"
    assert link(server) == f"{server.url}/"


def test_nobody_else_does(start_server: Callable[..., Server]) -> None:
    for proxies in ("", "10.0.0.0/8"):
        server = start_server(trusted_proxies=proxies)
        assert link(server, **FORWARDED) == f"{server.url}/"


def test_what_is_malformed_counts_for_nothing(start_server: Callable[..., Server]) -> None:
    server = start_server(trusted_proxies="127.0.0.1")
    for host in ("evil.example/?", "a b", "[", "x:99999", "user@evil.example", ""):
        assert link(server, **{"X-Forwarded-Host": host}) == f"{server.url}/"
    for prefix in ("//evil.example", "/a?b", "/a#b", "a", "/a)b"):
        assert link(server, **{"X-Forwarded-Prefix": prefix}) == f"{server.url}/"


def test_what_the_operator_says_counts_most(start_server: Callable[..., Server]) -> None:
    server = start_server(trusted_proxies="127.0.0.1", public_url="https://ask.example.org/docs/")
    assert link(server, **FORWARDED) == "https://ask.example.org/docs/"


def test_without_a_request_the_page_is_where_the_service_would_serve_it() -> None:
    assert Links.of(Settings(_env_file=None)).base == "http://127.0.0.1:8000/"  # type: ignore[call-arg]
    assert Links.of(Settings(_env_file=None, host="::1", port=9)).base == "http://[::1]:9/"  # type: ignore[call-arg]


@pytest.mark.parametrize("address", ["ask.example.org", "ftp://x", "https://", "https://x/?a=b", "https://x/#a"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="must be an address"):
        Settings(_env_file=None, public_url=address)  # type: ignore[call-arg]

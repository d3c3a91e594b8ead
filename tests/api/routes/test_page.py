"""What a page asks before it shows itself."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from api.keys import hash_of, new_key
from tests.conftest import Server


def examples(server: Server) -> list[str]:
    questions: list[str] = httpx.get(f"{server.url}/v1/examples").raise_for_status().json()["questions"]
    return questions


def add_markdown(server: Server, text: str) -> str:
    response = httpx.post(f"{server.url}/v1/documents", files={"files": ("faq.md", text.encode())})
    return str(response.raise_for_status().json()["id"])


def test_examples_are_answered_by_the_documents_that_are_in(server: Server) -> None:
    assert examples(server) == []
    faq = add_markdown(server, "# Where is the «depot»?\n\nThe depot is here.\n\n# What is not in «Atlantis»?\n\nNo.\n")
    assert examples(server) == ["Where is the «depot»?", "What is not in «Atlantis»?"]
    add_markdown(server, "# Is there a question without words of the text?\n\nYes.\n")
    assert examples(server) == ["Where is the «depot»?", "What is not in «Atlantis»?"]
    httpx.delete(f"{server.url}/v1/documents/{faq}").raise_for_status()
    assert examples(server) == []


@pytest.mark.parametrize("scope", ["read", "write"])
def test_access_is_what_the_key_allows(start_server: Callable[..., Server], scope: str) -> None:
    key = new_key()
    url = f"{start_server(api_keys=f'{scope}:{hash_of(key)}').url}/v1/access"
    assert httpx.get(url, headers={"Authorization": f"Bearer {key}"}).json() == {"scope": scope}
    assert httpx.get(url).status_code == 401


def test_without_keys_everybody_may_write(server: Server) -> None:
    assert httpx.get(f"{server.url}/v1/access").json() == {"scope": "write"}

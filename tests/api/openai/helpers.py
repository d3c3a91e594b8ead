"""The real client, and what it is asked about."""

from __future__ import annotations

from openai import OpenAI

from tests.conftest import Server

FERRY = "Timetable.\n\nThe ferry 👩‍👧 leaves Pier 9 at noon."


def connected(server: Server, key: str = "none") -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.api.openai.helpers import connected
from tests.conftest import Server


@pytest.fixture
def client(server: Server) -> Iterator[OpenAI]:
    with connected(server) as opened:
        yield opened

"""What clients are sent for each error of ours."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from api.problems.responses import add_problem_handlers
from index.errors import (
    CatalogueBusy,
    CatalogueGone,
    CatalogueReadOnly,
    CatalogueUnusable,
    FeedbackUnavailable,
    Overloaded,
    ServiceStopping,
    SourcespanError,
)
from tests.api.helpers import assert_problem


def response_to(error: SourcespanError, path: str) -> httpx.Response:
    """What is sent where the handler of ``path`` raises ``error``."""
    app = FastAPI()
    add_problem_handlers(app)

    @app.get(path)
    async def fails() -> None:
        raise error

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get(path)

    return asyncio.run(get())


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (Overloaded(3, 2), "2"),
        (ServiceStopping(7), "7"),
        (CatalogueBusy(), "5"),
        (CatalogueGone("catalogue.db"), "5"),
        (CatalogueReadOnly(), "5"),
        (CatalogueUnusable("damaged"), "5"),
        (FeedbackUnavailable("damaged"), "5"),
    ],
)
def test_every_503_says_when_to_try_again(error: SourcespanError, seconds: str, path: str) -> None:
    response = response_to(error, path)
    assert_problem(response, 503)
    assert response.headers["retry-after"] == seconds

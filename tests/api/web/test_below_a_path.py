"""The page where a proxy serves it below a path, beside other sites: the real nginx, as its sample says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.api.web.conftest import OpenPage
from tests.api.web.steps import ask
from tests.attacks.http.test_nginx import NGINX, proxied
from tests.conftest import Server

__all__ = ["proxied"]

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def test_a_question_is_asked_and_its_place_is_shown(
    proxied: Callable[..., tuple[Server, str]], open_page: OpenPage
) -> None:
    server, url = proxied("/library")
    server.add("Ferries", "The ferry leaves at noon.")
    page = open_page(f"{url}/")
    exchange = ask(page, "«noon»")
    expect(exchange).to_contain_text("The ferry leaves at noon.")
    exchange.get_by_text("Show in the source").click()
    expect(page.get_by_role("heading", name="Ferries")).to_be_visible()
    assert page.url.startswith(f"{url}/")

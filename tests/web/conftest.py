"""A real Chromium for the chat page. Console errors, page errors and requests to other hosts fail the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.conftest import PageServer

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Not for the whole session: while Playwright's own event loop runs in this thread, no other test could start one.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed: the page's tests must run in CI")
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def tolerated() -> set[str]:
    """Beginnings of console errors that a test expects; empty unless the test adds to it."""
    return set()


@pytest.fixture
def page(browser: Browser, page_server: PageServer, tolerated: set[str]) -> Iterator[Page]:
    with _watched_page(browser, page_server.url, tolerated, width=1280, height=800) as page:
        yield page


@pytest.fixture
def phone(browser: Browser, page_server: PageServer, tolerated: set[str]) -> Iterator[Page]:
    with _watched_page(browser, page_server.url, tolerated, width=360, height=740, touch=True) as page:
        yield page


@contextmanager
def _watched_page(
    browser: Browser, url: str, tolerated: set[str], *, width: int, height: int, touch: bool = False
) -> Iterator[Page]:
    faults: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(tuple(tolerated)):
            faults.append(f"console: {message.text}")

    def on_request(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(url).netloc:
            faults.append(f"request to {request.url}")

    with browser.new_context(viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch) as context:
        context.on("request", on_request)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", on_console)
        page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
        page.goto(url)
        yield page
    assert faults == []

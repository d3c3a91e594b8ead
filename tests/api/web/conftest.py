"""A real Chromium for the chat page. Console errors, page errors and requests to other hosts fail the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.conftest import PageServer, Server

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


class OpenPage(Protocol):
    """Opens a page in a browser of its own: nothing is kept from another."""

    def __call__(
        self,
        url: str,
        *,
        width: int = 1280,
        height: int = 800,
        touch: bool = False,
        scheme: Literal["light", "dark"] = "light",
        locale: str = "en-GB",
    ) -> Page: ...


# servers stop after the pages that ask them are closed
@pytest.fixture
def open_page(browser: Browser, tolerated: set[str], start_server: Callable[..., Server]) -> Iterator[OpenPage]:
    with ExitStack() as stack:

        def opened(
            url: str,
            *,
            width: int = 1280,
            height: int = 800,
            touch: bool = False,
            scheme: Literal["light", "dark"] = "light",
            locale: str = "en-GB",
        ) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                has_touch=touch,
                is_mobile=touch,
                color_scheme=scheme,
                locale=locale,
                reduced_motion="reduce",
                permissions=["clipboard-read", "clipboard-write"],
            )
            return stack.enter_context(_watched_page(context, url, tolerated))

        yield opened


@pytest.fixture
def page(open_page: OpenPage, page_server: PageServer) -> Page:
    return open_page(page_server.url)


@pytest.fixture
def phone(open_page: OpenPage, page_server: PageServer) -> Page:
    return open_page(page_server.url, width=360, height=740, touch=True)


@contextmanager
def _watched_page(context: BrowserContext, url: str, tolerated: set[str]) -> Iterator[Page]:
    faults: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(tuple(tolerated)):
            faults.append(f"console: {message.text}")

    def on_request(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(url).netloc:
            faults.append(f"request to {request.url}")

    with context:
        context.on("request", on_request)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", on_console)
        page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
        page.goto(url)
        yield page
    assert faults == []

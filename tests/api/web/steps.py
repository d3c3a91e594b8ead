"""What the tests of the page do over and over."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.conftest import PageServer

NOTES = "The depot stands in Lower Marrow. Its keeper is called Ottilie Vance."


def ask(page: Page, question: str) -> Locator:
    """Asks and returns the exchange, settled."""
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    exchange = page.locator(".exchange").last
    expect(exchange.get_by_role("heading", level=2)).to_have_text(question)
    expect(exchange.locator("[aria-busy]")).to_have_count(0)
    return exchange


def upload(page: Page, name: str, data: bytes) -> None:
    page.get_by_label("Add documents").set_input_files(FilePayload(name=name, mimeType="text/plain", buffer=data))


def stored_text(server: PageServer, document: str) -> str:
    return httpx.get(f"{server.url}/v1/documents/{document}/text").content.decode()


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Presses a key until the focus is there."""
    for _ in range(40):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press(key)
    pytest.fail(f"{key} does not reach {target}")

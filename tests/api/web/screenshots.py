"""Takes the README's pictures of the page, with the real models: `python -m tests.api.web.screenshots docs/`."""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

SOURCESPAN = [sys.executable, "-c", "from api.cli import main; main()"]
"""The command line, run by this Python."""

_QUESTION = "In which town is the detention centre?"
_UNANSWERED = "How much does a ticket to the museum cost?"


@dataclass(frozen=True)
class Shot:
    """One picture."""

    name: str
    question: str = ""
    scheme: Literal["light", "dark"] = "light"
    width: int = 1280
    height: int = 800


README = (
    Shot("chat", _QUESTION),
    Shot("chat-dark", _QUESTION, scheme="dark"),
    Shot("phone", _QUESTION, width=390, height=844),
)
OTHERS = (
    Shot("welcome"),
    Shot("abstained", _UNANSWERED),
    Shot("phone-welcome", width=360, height=740),
    Shot("phone-dark", _UNANSWERED, scheme="dark", width=360, height=740),
)


def main() -> None:
    """Takes them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--more", action="store_true", help="also the pictures that the README does not show")
    given = parser.parse_args()
    executable = shutil.which("chromium")
    if executable is None:
        sys.exit("Chromium is not installed")
    with tempfile.TemporaryDirectory() as data, served(Path(data)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for shot in (*README, *(OTHERS if given.more else ())):
            _take(browser, url, shot, given.folder)
        browser.close()


def _take(browser: Browser, url: str, shot: Shot, folder: Path) -> None:
    phone = shot.width < 860
    with browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.scheme,
        reduced_motion="reduce",
        device_scale_factor=2 if phone else 1,
        has_touch=phone,
        is_mobile=phone,
    ) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(url)
        expect(page.locator(".document")).to_have_count(1, timeout=60_000)
        if shot.question:
            _ask(page, shot.question)
        path = folder / f"{shot.name}.png"
        page.screenshot(path=path)
        print(path)


def _ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".reply")).not_to_have_attribute("aria-busy", "true", timeout=60_000)
    nearest = page.get_by_text("Nearest passages")
    if nearest.count():
        nearest.click()
    elif page.locator("#source").is_visible():
        expect(page.locator("#source-status")).to_contain_text("Word for word", timeout=60_000)


@contextmanager
def served(data: Path) -> Iterator[str]:
    """`sourcespan serve` over an index of its own, which holds the bundled article where it held nothing."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([*SOURCESPAN, "serve", "--port", str(port), "--data", str(data)])
    try:
        transport = httpx.HTTPTransport(retries=10)  # with pauses that double, while the models load
        with httpx.Client(transport=transport, timeout=120) as client:
            client.get(f"{url}/readyz").raise_for_status()
        yield url
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()

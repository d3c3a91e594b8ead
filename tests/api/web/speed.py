"""How fast the page is over 5,000 documents and a PDF of 600 pages: `python -m tests.api.web.speed`.

With the real models; prints what it measured; nothing is asserted, for it depends on the machine.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect, sync_playwright

from tests.api.web.screenshots import SOURCESPAN, served
from tests.samples.files import pdf_of

_DOCUMENTS, _PAGES = 5_000, 600
_TIMES = 5


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as folder:
        files, data = Path(folder, "files"), Path(folder, "data")
        files.mkdir()
        for number in range(_DOCUMENTS):
            files.joinpath(f"note-{number}.txt").write_text(f"Note {number} says that locker {number} is open.")
        pages = [[("BodyText", f"This is sheet {number} of the long report.")] for number in range(1, _PAGES + 1)]
        files.joinpath("report.pdf").write_bytes(pdf_of(pages))
        subprocess.run([*SOURCESPAN, "index", "--data", str(data), str(files)], check=True, stdout=subprocess.DEVNULL)
        # to make a client costs more than a search
        with served(data) as url, httpx.Client(base_url=url) as client, sync_playwright() as playwright:
            chromium = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            _measure(browser.new_page(viewport={"width": 1280, "height": 800}), url, client)
            browser.close()


def _measure(page: Page, url: str, client: httpx.Client) -> None:
    def interactive() -> None:
        page.goto(url)
        expect(page.get_by_label("Your question")).to_be_focused()
        expect(page.locator(".document").first).to_be_visible()

    def searched() -> None:
        client.get("/v1/documents", params={"search": "note-4321", "sort": "newest"}).raise_for_status()

    def found() -> None:
        page.get_by_label("Search documents").fill("note-4321")
        expect(page.locator(".document")).to_have_count(1)
        page.get_by_label("Search documents").fill("")
        expect(page.locator(".document").nth(1)).to_be_visible()

    _print("the page is interactive", interactive)
    _print("the server searches the list", searched)
    _print("the list is searched, and whole again", found)
    documents = client.get("/v1/documents", params={"type": "pdf"}).raise_for_status().json()["documents"]
    (report,) = documents
    text = client.get(f"/v1/documents/{report['id']}/text").text
    start = text.index("sheet 444")
    place = f"#document={report['id']}&span={start}-{start + 9}&sha256={report['sha256'][:12]}"

    def opened() -> None:
        page.goto("about:blank")
        page.goto(url + place)
        expect(page.locator(".sheet[data-page='444'] canvas[data-drawn]")).to_be_visible()
        expect(page.locator(".box")).to_be_in_viewport()

    _print(f"a PDF of {_PAGES} pages is open at its quote", opened)


def _print(what: str, work: Callable[[], None]) -> None:
    work()  # the first one fills caches and starts workers
    seconds = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    print(f"{what}: {min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f} ms")


if __name__ == "__main__":
    main()

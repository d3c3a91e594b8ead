"""Adding files on the page: by the button, by dropping them, with progress, and with reasons where it fails."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from index.interfaces import Vectors
from index.parsing import SUPPORTED_SUFFIXES
from tests.api.helpers import UPLOADS_ENDED, metric, until
from tests.api.web.steps import ask, upload
from tests.conftest import PageServer
from tests.fakes import BagOfWordsEmbedder
from tests.samples.files import zip_of

pytestmark = pytest.mark.browser


class Holding:
    """Lets one batch of passages through, then holds until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.batches = 0

    def embed(self, embedder: BagOfWordsEmbedder, texts: Sequence[str]) -> Vectors:
        self.batches += 1
        if self.batches > 1:
            assert self.go.wait(60)
        return _embed(embedder, texts)


_embed = BagOfWordsEmbedder.embed_passages


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, page: Page) -> Iterator[Holding]:
    holding = Holding()
    monkeypatch.setattr(BagOfWordsEmbedder, "embed_passages", lambda self, texts: holding.embed(self, texts))
    yield holding
    holding.go.set()


LONG = "".join(f"Line {n} of a long log says that nothing of note happened.\n\n" for n in range(2000)).encode()


def test_the_progress_of_a_long_file_is_shown(page: Page, held: Holding) -> None:
    upload(page, "long.txt", LONG)
    wait_for_progress(page)
    expect(page.get_by_role("progressbar", name="Progress of long.txt")).to_be_visible()
    expect(page.locator(".upload-state")).to_contain_text(" of ")
    held.go.set()
    expect(page.locator("#uploads")).to_have_text("Added “long”.")
    expect(page.locator(".document")).to_have_count(1)


def wait_for_progress(page: Page) -> None:
    """Waits until the bar stands somewhere between its ends."""
    page.wait_for_function(
        "() => { const at = document.querySelector('#uploads progress')?.position; return at > 0 && at < 1; }"
    )


def test_a_file_can_be_stopped_and_the_next_goes_on(page: Page, page_server: PageServer, held: Holding) -> None:
    files = [("long.txt", LONG), ("short.txt", b"Just this.")]
    payloads = [FilePayload(name=name, mimeType="text/plain", buffer=data) for name, data in files]
    page.get_by_label("Add documents").set_input_files(payloads)
    wait_for_progress(page)
    with page.expect_response("**/v1/documents?*"):  # the stop may have come too late: the list says
        page.get_by_role("button", name="Cancel long.txt").click()
    expect(page.locator("#uploads")).to_contain_text("You stopped long.txt.")
    until(lambda: metric(page_server, UPLOADS_ENDED) == 1)
    held.go.set()
    expect(page.locator("#uploads")).to_contain_text("Added “short”.")
    expect(page.locator(".document")).to_have_count(1)


def test_a_file_that_is_gone_by_its_turn_says_so(page: Page, held: Holding, tmp_path: Path) -> None:
    long, gone = tmp_path / "long.txt", tmp_path / "gone.txt"
    long.write_bytes(LONG)
    gone.write_text("Now here.")
    page.get_by_label("Add documents").set_input_files([long, gone])
    wait_for_progress(page)
    gone.unlink()
    held.go.set()
    expect(page.locator("#uploads")).to_contain_text("gone.txt was not added. It can’t be read")
    expect(page.locator("#uploads")).to_contain_text("Added “long”.")


def test_the_picker_offers_what_the_server_reads(page: Page) -> None:
    accepted = page.locator("#file").get_attribute("accept") or ""
    assert set(accepted.split(",")) == set(SUPPORTED_SUFFIXES)
    expect(page.locator("#formats")).to_contain_text(".txt")


def test_a_file_is_added_once_and_answers(page: Page) -> None:
    data = "\ufeff# The lighthouse\n\nIts lamp was lit by Edda Quill.\n".encode()
    upload(page, "light.md", data)
    expect(page.locator("#uploads")).to_have_text("Added “The lighthouse”.")
    upload(page, "light.md", data)
    expect(page.locator("#uploads")).to_contain_text("“The lighthouse” was already here.")
    expect(page.locator(".document", has_text="The lighthouse")).to_have_count(1)
    ask(page, "Who lit the lamp? «Edda Quill»")
    expect(page.locator("#source-text mark")).to_have_text("Edda Quill")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("noise.txt", b"\x00\x01\x02", "cannot be read"),
        ("broken.pdf", b"%PDF-1.7", "PDF"),
        ("blank.txt", b" \n", "was not added: it has no text in it"),
    ],
)
def test_a_file_that_can_not_be_read_says_why(page: Page, name: str, data: bytes, message: str) -> None:
    upload(page, name, data)
    expect(page.locator("#uploads")).to_contain_text(f"{name} was not added: ")
    expect(page.locator("#uploads")).to_contain_text(message)
    expect(page.locator(".document")).to_have_count(0)


def test_a_file_can_be_dropped(page: Page) -> None:
    transfer = page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["Dropped from above."], "drop.txt"));
            return transfer;
        }"""
    )
    expect(page.locator("body.may-write")).to_be_visible()  # before, a drop is nobody's
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(page.locator("#uploads")).to_have_text("Added “drop”.")


def test_an_archive_adds_its_documents(page: Page) -> None:
    upload(page, "few.zip", zip_of({"a.txt": b"First.", "sub/bad.pdf": b"no PDF"}))
    expect(page.locator("#uploads")).to_contain_text("Added “a”.")
    expect(page.locator("#uploads")).to_contain_text("few.zip/sub/bad.pdf was not added: ")
    expect(page.locator(".document")).to_have_count(1)
    many = {f"{n}.txt": f"Number {n}.".encode() for n in range(6)}
    upload(page, "many.zip", zip_of({"known.txt": b"First.", **many, "blank.txt": b" "}))
    expect(page.locator("#uploads p")).to_have_text(
        [
            "Added 7 documents from many.zip, 1 of them already here.",
            re.compile(r"many\.zip/blank\.txt was not added: .*no text"),
        ]
    )
    expect(page.locator(".document")).to_have_count(7)

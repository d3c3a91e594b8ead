"""The documents on the page: found, sorted, narrowed down, ticked, changed, replaced, and asked by themselves."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from index.documents import DocumentDraft
from tests.api.web.steps import NOTES, ask, upload
from tests.conftest import PageServer

pytestmark = pytest.mark.browser


@pytest.fixture
def fleet(page: Page, page_server: PageServer) -> Page:
    """Three documents, of two types, two of them in collections."""
    for name, text, collections in (
        ("gull.md", "# Gull\n\nGull leaves from Pier Nine.", ["ferries"]),
        ("tern.txt", "Tern leaves from Pier Two. " * 20, ["ferries", "old"]),
        ("depot.txt", NOTES, []),
    ):
        files = {"files": (name, text.encode())}
        httpx.post(f"{page_server.url}/v1/documents", files=files, data={"collections": collections}).raise_for_status()
    page.reload()
    expect(page.locator(".document")).to_have_count(3)
    return page


def titles(page: Page) -> Locator:
    return page.locator(".document-title")


def more(page: Page, title: str) -> Locator:
    item = page.locator(".document", has_text=title)
    item.locator("summary").click()
    return item


def test_documents_are_searched_sorted_and_narrowed_down(fleet: Page) -> None:
    expect(titles(fleet)).to_have_text(["depot", "tern", "Gull"])
    fleet.get_by_label("Order").select_option("By title")
    expect(titles(fleet)).to_have_text(["depot", "Gull", "tern"])
    fleet.get_by_label("Order").select_option("Longest first")
    expect(titles(fleet).first).to_have_text("tern")
    fleet.get_by_label("Type", exact=True).select_option("txt")
    expect(titles(fleet)).to_have_text(["tern", "depot"])
    fleet.get_by_label("Collection", exact=True).select_option("ferries")
    expect(titles(fleet)).to_have_text(["tern"])
    expect(fleet.locator("#documents-count")).to_have_text("1 of 3 documents")
    fleet.get_by_label("Type", exact=True).select_option("All types")
    fleet.get_by_label("Search documents").fill("gul")
    expect(titles(fleet)).to_have_text(["Gull"])
    expect(fleet.locator(".document-facts")).to_contain_text(re.compile(r"gull\.md · \d+ bytes? · .*\d{4} · ferries"))


def test_many_documents_come_as_one_scrolls(page: Page, page_server: PageServer) -> None:
    page_server.index.add_all([DocumentDraft(f"Number {n}", f"This is number {n}.") for n in range(120)])
    page.reload()
    expect(page.locator("#documents-count")).to_contain_text("120")
    expect(titles(page).first).to_have_text("Number 119")
    assert page.locator(".document").count() <= 100
    page.get_by_role("button", name="Select all 120").click()
    expect(page.locator("#chosen-count")).to_have_text("120 selected")
    page.locator(".document-open").last.scroll_into_view_if_needed()
    expect(page.locator(".document").nth(60)).to_be_attached()
    for _ in range(3):
        page.locator(".document-open").last.scroll_into_view_if_needed()
        page.locator("#document-list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    expect(page.locator(".document")).to_have_count(120)
    expect(page.locator(".document > input:checked")).to_have_count(120)


def test_questions_are_asked_of_the_ticked_documents_only(fleet: Page) -> None:
    sent: list[Any] = []

    def note(route: Route) -> None:
        sent.append(route.request.post_data_json)
        route.continue_()

    fleet.route("**/v1/ask", note)
    fleet.get_by_label("Select depot").check()
    fleet.get_by_label("Search documents").fill("tern")
    expect(titles(fleet)).to_have_text(["tern"])
    fleet.get_by_label("Select tern").check()
    chosen = fleet.get_by_role("group", name="Selected documents")
    expect(chosen).to_contain_text("2 selected")
    chosen.get_by_role("button", name="Ask only these").click()
    expect(fleet.locator("#scope")).to_contain_text("Asking only: 2 documents")
    expect(fleet.get_by_label("Your question")).to_be_focused()
    expect(ask(fleet, "Which pier? «Nine»")).to_contain_text("The documents don’t say.")
    expect(ask(fleet, "Which pier? «Two»").locator("blockquote mark")).to_have_text("Two")
    fleet.get_by_role("button", name="Ask all").click()
    expect(fleet.locator("#scope")).to_be_hidden()
    expect(ask(fleet, "Which pier? «Nine»").locator("blockquote mark")).to_have_text("Nine")
    assert [len(body.get("document_ids", [])) for body in sent] == [2, 2, 0]


def test_questions_are_asked_of_a_collection_only(fleet: Page) -> None:
    fleet.get_by_label("Collection", exact=True).select_option("ferries")
    expect(fleet.locator(".document")).to_have_count(2)
    fleet.locator("#ask-listed").click()
    expect(fleet.locator("#scope")).to_contain_text("Asking only: ferries")
    expect(ask(fleet, "Where? «Lower»")).to_contain_text("The documents don’t say.")
    expect(ask(fleet, "Which pier? «Nine»").locator("blockquote mark")).to_have_text("Nine")


def test_several_are_deleted_at_once(fleet: Page) -> None:
    fleet.get_by_role("button", name="Select all 3").click()
    fleet.get_by_label("Select Gull").uncheck()
    chosen = fleet.get_by_role("group", name="Selected documents")
    chosen.get_by_role("button", name="Delete").click()
    dialog = fleet.get_by_role("dialog", name="Delete 2 documents?")
    dialog.get_by_role("button", name="Keep them").click()
    expect(fleet.locator(".document")).to_have_count(3)
    chosen.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(fleet.locator("#documents-message")).to_have_text("Deleted 2 documents.")
    expect(titles(fleet)).to_have_text(["Gull"])
    expect(chosen).to_be_hidden()


def test_a_document_is_renamed_and_put_in_collections(fleet: Page) -> None:
    item = more(fleet, "depot")
    item.get_by_label("Title").fill("The depot")
    item.get_by_label("Collections").fill("places, old")
    fleet.keyboard.press("Enter")
    expect(fleet.locator("#documents-message")).to_have_text("Changed “The depot”.")
    expect(fleet.locator(".document", has_text="The depot")).to_contain_text("old, places")
    fleet.get_by_label("Collection", exact=True).select_option("places")
    expect(titles(fleet)).to_have_text(["The depot"])


def test_a_document_is_replaced_by_a_file(fleet: Page) -> None:
    item = more(fleet, "depot")
    with fleet.expect_file_chooser() as choosing:
        item.get_by_role("button", name="Replace depot").click()
    text = b"The depot moved to Upper Marrow."
    choosing.value.set_files(FilePayload(name="depot-2.txt", mimeType="text/plain", buffer=text))
    expect(fleet.locator("#documents-message")).to_contain_text("Replaced")
    expect(fleet.locator(".document")).to_have_count(3)
    expect(ask(fleet, "Where? «Upper Marrow»").locator("blockquote mark")).to_have_text("Upper Marrow")
    expect(ask(fleet, "Where? «Lower»")).to_contain_text("The documents don’t say.")


@pytest.mark.parametrize(("answer", "left"), [("Replace", 3), ("Keep both", 4)])
def test_a_name_that_is_there_asks_what_to_do(fleet: Page, answer: str, left: int) -> None:
    upload(fleet, "depot.txt", b"The depot is closed.")
    dialog = fleet.get_by_role("dialog", name="Replace or keep both?")
    expect(dialog).to_contain_text("depot.txt")
    dialog.get_by_role("button", name=answer).click()
    expect(fleet.locator("#uploads")).to_contain_text("Replaced" if left == 3 else "Added")
    expect(fleet.locator(".document")).to_have_count(left)


def test_of_many_files_the_sum_and_the_failures_are_shown(page: Page) -> None:
    good = [FilePayload(name=f"{n}.txt", mimeType="text/plain", buffer=f"Number {n}.".encode()) for n in range(7)]
    bad = FilePayload(name="noise.txt", mimeType="text/plain", buffer=b"\x00\x01\x02")
    page.get_by_label("Add documents").set_input_files([*good[:3], bad, *good[3:]])
    expect(page.locator("#uploads-sum")).to_have_text("7 of 8 added, 1 not")
    expect(page.locator("#uploads p")).to_have_text(re.compile("noise.txt was not added: "))
    expect(page.locator(".document")).to_have_count(7)

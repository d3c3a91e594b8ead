"""Several conversations, as the browser keeps them: found, named, left and come back to, given out, deleted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.web.steps import NOTES, ask
from tests.conftest import PageServer

pytestmark = pytest.mark.browser


def begin(page: Page) -> None:
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("heading", name="Answers you can check")).to_be_visible()


def shelf(page: Page) -> Locator:
    page.get_by_role("button", name="Conversations", exact=True).click()
    return page.get_by_role("dialog", name="Conversations")


def test_there_are_several_and_back_leads_from_one_to_the_other(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    ask(page, "Where? «Lower Marrow»")
    ask(page, "How tall is it?")
    begin(page)
    ask(page, "Who? «Ottilie Vance»")
    expect(page.locator(".exchange")).to_have_count(1)
    dialog = shelf(page)
    expect(dialog.locator(".shelf-name")).to_have_text(["Who? «Ottilie Vance»", "Where? «Lower Marrow»"])
    dialog.get_by_role("button", name="Where? «Lower Marrow»").click()
    expect(page.locator(".exchange")).to_have_count(2)
    page.go_back()
    expect(page.locator(".exchange h2")).to_have_text(["Who? «Ottilie Vance»"])
    page.go_forward()
    expect(page.locator(".exchange")).to_have_count(2)
    page.reload()
    expect(page.locator(".exchange")).to_have_count(2)


def test_back_leads_from_place_to_place(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    page_server.add("Pier", "The ferry leaves from Pier Nine.")
    ask(page, "Where? «Lower Marrow»")
    ask(page, "Where from? «Pier Nine»")
    expect(page.locator("#source-text mark")).to_have_text("Pier Nine")
    page.get_by_role("button", name="Show in the source").first.click()
    expect(page.locator("#source-text mark")).to_have_text("Lower Marrow")
    page.get_by_role("button", name="All documents").click()
    expect(page.locator("#source-text")).to_be_hidden()
    for expected in ("Lower Marrow", "Pier Nine"):
        page.go_back()
        expect(page.locator("#source-text mark")).to_have_text(expected)
    expect(page.locator(".exchange")).to_have_count(2)


def test_back_closes_the_sheet_of_a_phone(phone: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    show = ask(phone, "Where? «Lower Marrow»").get_by_role("button", name="Show in the source")
    show.tap()
    expect(phone.locator("#source-text mark")).to_be_in_viewport()
    phone.go_back()
    expect(phone.locator("#source-text")).to_be_hidden()
    expect(show).to_be_focused()


def test_they_can_be_searched_named_and_deleted(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    ask(page, "Where? «Lower Marrow»")
    begin(page)
    ask(page, "Who? «Ottilie Vance»")
    dialog = shelf(page)
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("vance OTTILIE")
    expect(dialog.locator(".shelf-name")).to_have_text(["Who? «Ottilie Vance»"])
    page.keyboard.press("Control+A")
    page.keyboard.type("zebra")
    expect(dialog).to_contain_text("None has all of these words.")
    dialog.get_by_role("searchbox").fill("")
    dialog.locator("summary").first.click()
    dialog.get_by_label("Name of the conversation").first.fill("Staff <b>")
    page.keyboard.press("Enter")
    expect(dialog.locator(".shelf-name").first).to_have_text("Staff <b>")
    dialog.locator("summary").first.click()
    dialog.get_by_role("button", name="Delete").first.click()
    page.get_by_role("dialog", name="Delete this conversation?").get_by_role("button", name="Delete").click()
    expect(dialog.locator(".shelf-name")).to_have_text(["Where? «Lower Marrow»"])
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_role("heading", name="Answers you can check")).to_be_visible()


def test_two_tabs_agree(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    ask(page, "Where? «Lower Marrow»")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".exchange")).to_have_count(1)
    exchange = ask(other, "Who? «Ottilie Vance»")
    expect(page.locator(".exchange")).to_have_count(2)
    exchange.get_by_role("button", name="Right").click()
    expect(page.get_by_role("button", name="Right").last).to_have_attribute("aria-pressed", "true")
    ask(page, "How tall?")
    expect(other.locator(".exchange")).to_have_count(3)
    dialog = shelf(other)
    dialog.locator("summary").click()
    dialog.get_by_role("button", name="Delete").click()
    other.get_by_role("dialog", name="Delete this conversation?").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Answers you can check")).to_be_visible()


@pytest.mark.parametrize("form", ["Markdown", "HTML", "JSON"])
def test_one_can_be_taken_along_with_its_citations(
    page: Page, page_server: PageServer, tmp_path: Path, form: str
) -> None:
    document = page_server.add("Depot <i>", f"🧭 {NOTES}")
    ask(page, "Where & why? «Lower Marrow»")
    ask(page, "How tall is it?")
    dialog = shelf(page)
    dialog.locator("summary").click()
    with page.expect_download() as saving:
        dialog.get_by_role("button", name=f"Export {form}").click()
    file = tmp_path / saving.value.suggested_filename
    saving.value.save_as(file)
    text = file.read_text()
    assert file.stem == "Where why Lower Marrow"
    start = f"🧭 {NOTES}".index("Lower Marrow")
    link = f"{page_server.url}/#document={document}&span={start}-{start + 12}"
    if form == "JSON":
        first, second = json.loads(text)["questions"]
        (answer,) = first["answers"]
        assert (answer["text"], answer["span"]) == ("Lower Marrow", {"start": start, "end": start + 12})
        assert answer["document"]["id"] == document
        assert (second["status"], second["answers"]) == ("not_found", [])
    else:
        assert link in text.replace("&amp;", "&")
        marked = "<mark>Lower Marrow</mark>" if form == "HTML" else "**Lower Marrow**"
        assert f"The depot stands in {marked}." in text
        assert "The documents don’t say." in text
        assert "<i>" not in re.sub(r"\\<i\\>", "", text)


def test_an_export_in_html_is_a_page(page: Page, page_server: PageServer, tmp_path: Path) -> None:
    page_server.add("Depot", NOTES)
    ask(page, "Where? «Lower Marrow»")
    dialog = shelf(page)
    dialog.locator("summary").click()
    with page.expect_download() as saving:
        dialog.get_by_role("button", name="Export HTML").click()
    saving.value.save_as(tmp_path / "talk.html")
    exported = page.context.new_page()
    exported.set_content((tmp_path / "talk.html").read_text())
    expect(exported.locator("blockquote mark")).to_have_text("Lower Marrow")
    expect(exported.get_by_role("link", name="Depot")).to_be_visible()

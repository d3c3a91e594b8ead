"""Saying what is right, what is wrong, and where the answer stands."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.api.web.steps import NOTES, ask, stored_text
from tests.conftest import PageServer

pytestmark = pytest.mark.browser

# selects the UTF-16 range [from, to) of the source, as dragging over it does
_SELECT = """([from, to]) => {
    const walker = document.createTreeWalker(document.getElementById("source-text"), NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let at = 0, node; (node = walker.nextNode()); at += node.length) {
        if (at <= from && from <= at + node.length) range.setStart(node, from - at);
        if (at <= to && to <= at + node.length) { range.setEnd(node, to - at); break; }
    }
    getSelection().removeAllRanges();
    getSelection().addRange(range);
}"""


def select(page: Page, text: str, words: str) -> None:
    before = text[: text.index(words)]
    start, length = len(before.encode("utf-16-le")) // 2, len(words.encode("utf-16-le")) // 2
    page.evaluate(_SELECT, [start, start + length])


def exported(server: PageServer) -> list[dict[str, Any]]:
    data = httpx.get(f"{server.url}/v1/feedback/export").json()["data"]
    return [question for entry in data for p in entry["paragraphs"] for question in p["qas"]]


def test_thumbs_are_noted_and_kept(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    exchange = ask(page, "Where? «Lower Marrow»")
    right = exchange.get_by_role("button", name="Right")
    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    expect(exchange).to_contain_text("Thank you, noted.")
    (noted,) = exported(page_server)
    assert [answer["text"] for answer in noted["answers"]] == ["Lower Marrow"]
    page.reload()
    expect(page.get_by_role("button", name="Right")).to_have_attribute("aria-pressed", "true")


def test_a_verdict_can_be_changed_and_taken_back(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    exchange = ask(page, "Where? «Lower Marrow»")
    right, wrong = (exchange.get_by_role("button", name=name) for name in ("Right", "Wrong"))
    wrong.click()
    expect(exchange).to_contain_text("Select it in the source.")
    right.click()
    expect(exchange).to_contain_text("Thank you, noted.")
    expect(wrong).to_have_attribute("aria-pressed", "false")
    assert len(exported(page_server)) == 1
    page.reload()
    right.click()
    expect(page.locator("#announcer")).to_have_text("Taken back.")
    expect(right).to_have_attribute("aria-pressed", "false")
    assert exported(page_server) == []


def test_an_abstention_can_be_right(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    exchange = ask(page, "How tall is the depot?")
    exchange.get_by_role("button", name="Right, they don’t say").click()
    expect(exchange).to_contain_text("Thank you, noted.")
    (noted,) = exported(page_server)
    assert (noted["question"], noted["answers"]) == ("How tall is the depot?", [])


@pytest.mark.parametrize(
    "before",
    ["🧭 👩‍👩‍👧‍👦 lead. ", "q̃ and n̈́ and ẍ̣ signs. ", "𝒜 𠮷 𐍈 stand. ", "one\r\ntwo\r\n\r\n", ""],
    ids=["emoji", "combining marks", "outside the basic plane", "line ends", "plain"],
)
def test_the_answer_is_where_it_is_selected(page: Page, page_server: PageServer, before: str) -> None:
    document = page_server.add(
        "Depot", f"{before}The depot 🙂 stands in Lower Marrow.\n\nIts q̃eeper 👩‍🌾 is Ottilie.\n"
    )
    text = stored_text(page_server, document)
    exchange = ask(page, "Who keeps it? «Lower Marrow»")
    expect(page.locator("#source-text mark")).to_have_text("Lower Marrow")
    exchange.get_by_role("button", name="Wrong").click()
    expect(exchange).to_contain_text("Select it in the source.")
    words = "q̃eeper 👩‍🌾 is Ottilie"
    select(page, text, words)
    expect(page.locator("#place-words")).to_have_text(f"Selected: “{words}”")
    with page.expect_request("**/v1/feedback") as sent:
        page.get_by_role("button", name="The answer is here").click()
    expect(page.locator("#place-words")).to_contain_text("the place of the answer is noted")
    said: dict[str, Any] = json.loads(sent.value.post_data or "")
    start = text.index(words)
    assert said["verdict"] == "wrong"
    assert said["answer"]["text"] == "Lower Marrow"
    assert said["corrected"] == {
        "document_id": document,
        "span": {"start": start, "end": start + len(words)},
        "text": words,
    }
    assert [answer["text"] for question in exported(page_server) for answer in question["answers"]] == [words]


def test_what_was_missing_can_be_pointed_out_by_keyboard(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    exchange = ask(page, "How tall is the depot? Make a guess.")
    exchange.get_by_text("What it would have said").press("Enter")
    exchange.get_by_role("listitem").get_by_role("button").first.press("Enter")
    expect(page.locator("#source-text mark")).to_have_text("The")
    page.locator("#source-text").focus()
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#place-words")).to_contain_text("Selected: “The depot”")
    with page.expect_request("**/v1/feedback") as sent:
        page.get_by_role("button", name="The answer is here").press("Enter")
    said: dict[str, Any] = json.loads(sent.value.post_data or "")
    assert (said["verdict"], said["answer"], said["corrected"]["text"]) == ("missing", None, "The depot")
    expect(exchange).to_contain_text("the place of the answer is noted")


def test_pointing_at_the_answer_itself_says_that_it_is_right(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    exchange = ask(page, "Where? «Lower Marrow»")
    page.get_by_role("button", name="The answer is here").click()
    expect(exchange.get_by_role("button", name="Right")).to_have_attribute("aria-pressed", "true")


def test_feedback_that_is_refused_says_why(page: Page, page_server: PageServer, tolerated: set[str]) -> None:
    tolerated.add("Failed to load resource")
    document = page_server.add("Depot", NOTES)
    exchange = ask(page, "Where? «Lower Marrow»")
    httpx.delete(f"{page_server.url}/v1/documents/{document}")
    exchange.get_by_role("button", name="Right").click()
    expect(exchange).to_contain_text("That was not noted.")
    expect(exchange.get_by_role("button", name="Right")).to_have_attribute("aria-pressed", "false")

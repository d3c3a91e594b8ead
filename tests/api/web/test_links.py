"""Links to a question and to a span, and quotes that others can check."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.api.web.conftest import OpenPage
from tests.api.web.steps import NOTES, ask
from tests.conftest import PageServer

pytestmark = pytest.mark.browser


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_link_asks_its_question_once(open_page: OpenPage, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    question = "Where & why #1 + «Lower Marrow»?"
    page = open_page(f"{page_server.url}/#q={quote(question)}")
    expect(page.get_by_role("heading", name=question)).to_be_visible()
    expect(page.locator("blockquote mark")).to_have_text("Lower Marrow")
    page.reload()
    expect(page.locator("#source-text mark")).to_have_text("Lower Marrow")
    expect(page.locator(".exchange")).to_have_count(1)


def test_the_link_in_an_answer_for_other_programs_opens_the_page_at_the_quote(
    open_page: OpenPage, page_server: PageServer
) -> None:
    page_server.add("Depot", f"🧭 q̃ {NOTES}")
    body = {"messages": [{"role": "user", "content": "Who? «Ottilie Vance»"}]}
    completion = httpx.post(f"{page_server.url}/v1/chat/completions", json=body, timeout=60).json()
    (link,) = re.findall(r"\]\((http.*?)\)", completion["choices"][0]["message"]["content"])
    page = open_page(link)
    expect(page.locator("#source-text mark")).to_have_text("Ottilie Vance")
    expect(page.locator("#source-status")).to_have_text("The linked characters are highlighted.")


def test_the_link_of_a_question_leads_back_to_it(page: Page, open_page: OpenPage, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    exchange = ask(page, "Where, 100% & «Lower Marrow»? 🙂")
    exchange.get_by_role("button", name="Copy link").click()
    expect(exchange.get_by_role("button", name="Copied")).to_be_visible()
    link = clipboard(page)
    assert link.partition("#q=")[2] in page.url
    other = open_page(link)
    expect(other.get_by_role("heading", name="Where, 100% & «Lower Marrow»? 🙂")).to_be_visible()
    expect(other.locator("#source-text mark")).to_have_text("Lower Marrow")


def test_the_link_of_a_span_leads_back_to_it(page: Page, open_page: OpenPage, page_server: PageServer) -> None:
    document = page_server.add("Depot", f"🧭 q̃ {NOTES}")
    ask(page, "Who? «Ottilie Vance»")
    page.locator("#place").get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = clipboard(page)
    other = open_page(link)
    expect(other.locator("#source-text mark")).to_have_text("Ottilie Vance")
    expect(other.locator("#source-status")).to_contain_text("The linked characters are highlighted.")
    replaced = {"title": "Depot", "text": f"New. {NOTES}"}
    httpx.put(f"{page_server.url}/v1/documents/{document}", json=replaced).raise_for_status()
    other.reload()
    expect(other.locator("#source-status")).to_contain_text("has changed since it was linked to")


def test_a_link_past_the_end_highlights_nothing(open_page: OpenPage, page_server: PageServer) -> None:
    document = page_server.add("Depot", NOTES)
    page = open_page(f"{page_server.url}/#document={document}&span=5-99999")
    expect(page.locator("#source-status")).to_contain_text("nothing is highlighted")
    expect(page.locator("#source-text")).to_have_text(NOTES)


def test_a_link_to_a_document_that_is_gone_says_so(
    open_page: OpenPage, page_server: PageServer, tolerated: set[str]
) -> None:
    tolerated.add("Failed to load resource")
    page = open_page(f"{page_server.url}/#document=nothing&span=1-2")
    expect(page.locator("#source-status")).to_contain_text("no longer here")


def test_a_quote_is_copied_with_all_it_takes_to_check_it(page: Page, page_server: PageServer) -> None:
    document = page_server.add("Depot", f"🧭 {NOTES}", source="depot.txt")
    sha256 = httpx.get(f"{page_server.url}/v1/documents/{document}").json()["sha256"]
    exchange = ask(page, "Who? «Ottilie Vance»")
    exchange.get_by_role("button", name="Copy quote").click()
    expect(exchange.get_by_role("button", name="Copied")).to_be_visible()
    start = f"🧭 {NOTES}".index("Ottilie")
    where = f"Depot, depot.txt, characters {start}–{start + 13}, sha256 {sha256[:12]}"
    link = f"{page_server.url}/#document={document}&span={start}-{start + 13}&sha256={sha256[:12]}"
    assert clipboard(page) == f"“Its keeper is called Ottilie Vance.” — {where}\n{link}"
    exchange.get_by_role("button", name="Copy reference").click()
    expect(exchange.get_by_role("button", name="Copied")).to_be_visible()
    assert re.fullmatch(
        rf"Depot\. \(n\.d\.\)\. depot\.txt\. Retrieved \d+ \w+ \d{{4}}, from {re.escape(link)}", clipboard(page)
    )


def test_page_and_heading_are_shown_where_an_answer_has_them(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)

    def located(route: Route) -> None:
        headers = {**route.request.headers, "accept": "application/json"}
        response = route.fetch(headers=headers)
        body = response.json()
        body["answers"][0] |= {"page": 7, "heading": "The <b>keeper</b>"}
        route.fulfill(response=response, json=body)

    page.route("**/v1/ask", located)
    exchange = ask(page, "Who? «Ottilie Vance»")
    expect(exchange.locator("figcaption")).to_contain_text("Depot, page 7 › The <b>keeper</b>")
    expect(page.locator("#source-facts")).to_contain_text(re.compile("page 7.*The <b>keeper</b>"))
    exchange.get_by_role("button", name="Copy quote").click()
    expect(exchange.get_by_role("button", name="Copied")).to_be_visible()
    assert "Depot, page 7, The <b>keeper</b>, " in clipboard(page)

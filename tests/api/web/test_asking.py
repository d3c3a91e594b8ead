"""Asking on the page: what came of it at a glance, limits, stopping, busy servers, languages, paper and zoom."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from api.problems.types import TYPES
from rag.config import MAX_QUESTION_CHARACTERS
from tests.api.web.conftest import OpenPage
from tests.api.web.steps import NOTES, ask
from tests.conftest import PageServer

pytestmark = pytest.mark.browser


def test_the_box_has_the_focus_from_the_start(page: Page) -> None:
    expect(page.get_by_label("Your question")).to_be_focused()


def test_what_came_of_a_question_is_seen_at_a_glance(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    question = "Where? «Lower Marrow»"
    asked = {"question": question, "min_confidence": 1, "include_passages": True}
    unsure: dict[str, Any] = httpx.post(f"{page_server.url}/v1/ask", json=asked).json()
    looks = set()
    for words, status in {
        question: "answered",
        "How tall?": "not_found",
        "Wo steht das Lagerhaus?": "not_understood",
        "Where is it? «Lower Marrow»": "unsure",
    }.items():
        if status == "unsure":
            page.route("**/v1/ask", lambda route: route.fulfill(json=unsure))
        outcome = ask(page, words).locator(".outcome")
        expect(outcome).to_have_attribute("data-status", status)
        style = "node => { const s = getComputedStyle(node); return [s.color, s.backgroundColor, s.borderStyle] }"
        looks.add((outcome.locator("path").get_attribute("d"), *outcome.locator("svg").evaluate(style)))
    assert len(looks) == 4
    expect(page.locator("#source-status")).to_contain_text("Word for word")
    marks = page.evaluate("getComputedStyle(document.getElementById('source-status'), '::before').content")
    assert "✓" not in marks, "that a quote is exact does not say that it is true"


def test_a_yes_or_no_question_is_told_what_decides(page: Page, page_server: PageServer) -> None:
    page_server.add("House rules", "Bikes stand in the yard. Smoking is forbidden on the balcony.")
    answer = ask(page, "Is smoking allowed? «Smoking»").locator("figure.answer")
    expect(answer.locator("mark")).to_have_text("Smoking is forbidden on the balcony")
    expect(answer.get_by_text("what decides")).to_be_visible()
    assert ask(page, "What is forbidden? «Smoking»").get_by_text("what decides").count() == 0


def test_the_limit_is_shown_while_typing(page: Page) -> None:
    field, count = page.get_by_label("Your question"), page.locator("#count")
    assert field.get_attribute("data-limit") == str(MAX_QUESTION_CHARACTERS)
    field.fill("🙂" * 500)
    expect(count).to_be_hidden()
    field.fill("🙂" * MAX_QUESTION_CHARACTERS)
    expect(count).to_have_text("1,000 of 1,000 characters")
    expect(page.get_by_role("button", name="Ask")).to_be_enabled()
    page.keyboard.type("ab")
    expect(count).to_have_text("2 characters too many")
    expect(page.get_by_role("button", name="Ask")).to_be_disabled()
    page.keyboard.press("Enter")
    expect(page.locator(".exchange")).to_have_count(0)


@pytest.mark.parametrize("by", ["button", "key"])
def test_a_question_can_be_stopped(page: Page, page_server: PageServer, by: str) -> None:
    page_server.add("Depot", NOTES)
    page.route("**/v1/ask", lambda _: None)  # never answered
    page.get_by_label("Your question").fill("Where? «Lower Marrow»")
    page.keyboard.press("Enter")
    expect(page.locator(".reply")).to_have_attribute("aria-busy", "true")
    if by == "button":
        page.get_by_role("button", name="Stop").click()
    else:
        page.keyboard.press("Escape")
    expect(page.locator(".failure")).to_contain_text("Stopped")
    page.unroute("**/v1/ask")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("blockquote mark")).to_have_text("Lower Marrow")


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(page: Page, page_server: PageServer, tolerated: set[str], status: int) -> None:
    tolerated.add("Failed to load resource")
    page_server.add("Depot", NOTES)
    replies: list[int] = []

    def busy_twice(route: Route) -> None:
        replies.append(status)
        if len(replies) > 2:
            return route.continue_()
        return route.fulfill(status=status, headers={"Retry-After": "1"}, json={"title": "Busy", "status": status})

    page.route("**/v1/ask", busy_twice)
    page.get_by_label("Your question").fill("Where? «Lower Marrow»")
    page.keyboard.press("Enter")
    expect(page.locator(".reply")).to_contain_text("The server is busy. Trying again in 1 s…")
    expect(page.locator("blockquote mark")).to_have_text("Lower Marrow")
    assert len(replies) == 3


def test_waiting_for_a_busy_server_can_be_stopped(page: Page, tolerated: set[str]) -> None:
    tolerated.add("Failed to load resource")
    busy = {"title": "Busy", "status": 503}
    page.route("**/v1/ask", lambda route: route.fulfill(status=503, headers={"Retry-After": "600"}, json=busy))
    page.get_by_label("Your question").fill("Where?")
    page.keyboard.press("Enter")
    expect(page.locator(".reply")).to_contain_text("The server is busy.")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".failure")).to_contain_text("Stopped")


def test_the_page_speaks_german_and_english(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    page.get_by_role("button", name="Auf Deutsch").click()
    expect(page.get_by_role("heading", name="Antworten, die sich prüfen lassen")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_label("Frage", exact=True).fill("Where? «Lower Marrow»")
    page.keyboard.press("Enter")
    expect(page.locator(".outcome")).to_have_text("Antwort")
    expect(page.locator("#source-status")).to_contain_text("Wörtlich")
    page.get_by_role("button", name="In English").click()
    expect(page.locator(".outcome")).to_have_text("Answer")


def test_what_the_server_refuses_is_told_in_german_too(
    open_page: OpenPage, page_server: PageServer, tolerated: set[str]
) -> None:
    tolerated.add("Failed to load resource")
    page_server.add("Depot", NOTES)
    page = open_page(page_server.url, locale="de-DE")
    asked = page.get_by_label("Frage", exact=True)
    for question, words in (
        ("Wo steht das Lagerhaus?", "gelesen wird hier nur Englisch."),
        ("Thank you!", "Das ist keine Frage, auf die ein Zitat antworten könnte."),
        ("When does she arrive?", "Wofür „she“ steht, ist nicht klar"),
    ):
        asked.fill(question)
        page.keyboard.press("Enter")
        expect(page.locator(".not-understood").last).to_contain_text(words)
    files = [{"name": name, "mimeType": "", "buffer": data} for name, data in (("a.txt", b" "), ("b.exe", b"MZ"))]
    page.locator("#file").set_input_files(files)  # type: ignore[arg-type]
    expect(page.locator("#uploads")).to_contain_text("Es steht kein Text darin.")
    expect(page.locator("#uploads")).to_contain_text("Dateien dieser Art werden nicht gelesen.")
    page.route("**/v1/ask", lambda route: route.fulfill(status=418, json={"title": "Teapot", "detail": "no coffee"}))
    asked.fill("Who is the keeper?")
    page.keyboard.press("Enter")
    expect(page.locator(".failure")).to_contain_text("Der Server sagt dazu (englisch): no coffee")


def test_the_language_is_that_of_the_browser(open_page: OpenPage, page_server: PageServer) -> None:
    page = open_page(page_server.url, locale="de-AT")
    expect(page.get_by_label("Frage", exact=True)).to_be_focused()


def test_both_languages_have_the_same_words(page: Page) -> None:
    shapes = page.evaluate(
        """async () => {
            const load = async (name) => (await import(`/static/words/strings.${name}.js`)).default;
            const kind = ([name, said]) => `${name}: ${typeof said}`;
            const shape = (words) => Object.entries(words).map(kind);
            return [shape(await load("en")), shape(await load("de"))].map((one) => one.sort());
        }"""
    )
    assert shapes[0] == shapes[1]


def test_the_page_has_german_words_for_what_the_server_refuses(page: Page) -> None:
    known = page.evaluate("async () => Object.keys((await import('/static/words/strings.de.js')).default.problems)")
    # of these the page makes something itself
    assert {*known} == {*TYPES.values()} - {"original-not-kept", "no-pages", "name-taken"}


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 400)], ids=["320 px", "1280 px at 200 %"])
def test_nothing_is_cut_off_where_there_is_little_room(
    open_page: OpenPage, page_server: PageServer, width: int, height: int
) -> None:
    page_server.add("Depot", NOTES)
    page = open_page(page_server.url, width=width, height=height, touch=width == 320)
    exchange = ask(page, "Where? «Lower Marrow»")
    for button in page.locator("#top button, #composer button:visible").all():
        expect(button).to_be_in_viewport(ratio=1)
    exchange.get_by_role("button", name="Show in the source").click()
    expect(page.locator("#source-text mark")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_there_are_questions_and_answers_only(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    exchange = ask(page, "Where? «Lower Marrow»")
    page.emulate_media(media="print")
    expect(exchange.locator("blockquote mark")).to_be_visible()
    expect(exchange.locator("figure cite")).to_be_visible()
    for gone in ("#composer", "#pane", ".actions", ".top-actions", "#foot"):
        expect(page.locator(gone)).to_be_hidden()
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"

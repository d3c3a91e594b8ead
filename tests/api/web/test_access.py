"""Who may use the page, and how: keys, themes, axe-core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from api.keys import hash_of, new_key
from index.documents import DocumentDraft
from tests.api.web.conftest import OpenPage
from tests.api.web.steps import NOTES, ask, tab_to
from tests.api.web.test_source import FERRY, HARBOUR, put_in
from tests.conftest import PageServer, Server

pytestmark = pytest.mark.browser


def expect_no_barriers(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in grave] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious(
    open_page: OpenPage, page_server: PageServer, scheme: Literal["light", "dark"], width: int
) -> None:
    page_server.add("Depot", NOTES)
    page = open_page(page_server.url, width=width, height=740, touch=width < 400, scheme=scheme)
    expect(page.locator(".document")).to_have_count(1)
    expect_no_barriers(page)
    ask(page, "How tall is the depot? Make a guess.").get_by_text("Nearest passages").click()
    expect_no_barriers(page)
    exchange = ask(page, "Where? «Lower Marrow»")
    exchange.get_by_text("Passages read").click()
    exchange.get_by_role("button", name="Right").click()
    expect(exchange).to_contain_text("Thank you")
    expect_no_barriers(page)
    exchange.get_by_role("button", name="Show in the source").click()
    expect(page.locator("#source-text mark")).to_be_in_viewport()
    expect_no_barriers(page)


def test_axe_finds_nothing_serious_in_the_dialogs(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    page.reload()
    page.locator(".document summary").click()
    expect_no_barriers(page)
    page.get_by_role("button", name="Delete Depot").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect_no_barriers(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_sources_and_conversations(
    open_page: OpenPage, page_server: PageServer, scheme: Literal["light", "dark"]
) -> None:
    put_in(page_server, "ferry.pdf", FERRY)
    put_in(page_server, "harbour.md", HARBOUR.encode())
    page = open_page(page_server.url, scheme=scheme)
    ask(page, "Which boat is last? «called Gull»")
    expect(page.locator(".sheet .box")).to_be_in_viewport()
    page.locator("#source-more").click()
    expect_no_barriers(page)
    ask(page, "Who is it? «Tern»")
    expect(page.locator("#source-text mark")).to_be_in_viewport()
    expect_no_barriers(page)
    page.get_by_role("button", name="All documents").click()
    page.get_by_label("Select Timetable").check()
    page.get_by_role("group", name="Selected documents").get_by_role("button", name="Ask only these").click()
    expect_no_barriers(page)
    page.get_by_role("button", name="Conversations", exact=True).click()
    page.get_by_role("dialog").locator("summary").click()
    expect_no_barriers(page)


def test_the_keyboard_alone_finds_ticks_and_asks(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    page_server.add("Pier", "The ferry leaves from Pier Nine.")
    page.reload()
    expect(page.locator(".document")).to_have_count(2)
    tab_to(page, page.get_by_label("Search documents"))
    page.keyboard.type("dep")
    expect(page.locator(".document")).to_have_count(1)
    tab_to(page, page.get_by_label("Select Depot"))
    page.keyboard.press("Space")
    tab_to(page, page.locator("#ask-chosen"), key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.type("Which pier? «Nine»")
    page.keyboard.press("Enter")
    expect(page.locator(".exchange")).to_contain_text("The documents don’t say.")


def test_the_theme_follows_the_system_until_it_is_chosen(open_page: OpenPage, page_server: PageServer) -> None:
    def scheme() -> str:
        return str(page.evaluate("getComputedStyle(document.documentElement).colorScheme"))

    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page = open_page(page_server.url, scheme="dark")
    dark = background()
    page.emulate_media(color_scheme="light")
    assert background() != dark
    page.get_by_role("button", name="Switch to dark").click()
    assert (scheme(), background()) == ("dark", dark)
    page.reload()
    expect(page.get_by_role("button", name="Switch to light")).to_be_visible()
    assert background() == dark


def test_a_key_is_asked_for_and_kept_for_the_tab(
    start_server: Callable[..., Server], open_page: OpenPage, tolerated: set[str]
) -> None:
    tolerated.add("Failed to load resource")
    key = new_key()
    server = start_server(api_keys=f"write:{hash_of(key)}")
    page = open_page(server.url)
    dialog = page.get_by_role("dialog", name="This server asks for an API key")
    field = dialog.get_by_label("API key")
    expect(field).to_be_focused()
    expect_no_barriers(page)
    field.fill("ss_guess")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("The server did not accept that key.")
    field.fill(key)
    dialog.get_by_role("button", name="Use this key").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#documents-count")).to_contain_text("None yet")
    expect(ask(page, "Where?")).to_contain_text("The documents don’t say.")
    page.reload()
    expect(page.locator("#documents-count")).to_contain_text("None yet")
    expect(dialog).to_be_hidden()
    assert page.evaluate("JSON.stringify(localStorage)").count(key) == 0
    expect(page.get_by_role("button", name="Change API key")).to_be_visible()


def test_a_key_is_remembered_if_that_is_wanted(
    start_server: Callable[..., Server], open_page: OpenPage, tolerated: set[str]
) -> None:
    tolerated.add("Failed to load resource")
    key = new_key()
    page = open_page(start_server(api_keys=f"write:{hash_of(key)}").url)
    dialog = page.get_by_role("dialog", name="This server asks for an API key")
    dialog.get_by_label("API key").fill(key)
    dialog.get_by_label("Remember it in this browser").check()
    dialog.get_by_role("button", name="Use this key").click()
    expect(page.locator("#documents-count")).to_contain_text("None yet")
    tab = page.context.new_page()
    tab.goto(page.url)
    expect(tab.locator("#documents-count")).to_contain_text("None yet")
    tab.get_by_role("button", name="Forget API key").click()
    expect(tab.get_by_role("dialog")).to_be_visible()
    assert tab.evaluate("JSON.stringify(localStorage)").count(key) == 0


@pytest.mark.parametrize("scope", ["read", "write"])
def test_the_scope_of_a_key_decides_which_buttons_there_are(
    start_server: Callable[..., Server], open_page: OpenPage, tolerated: set[str], scope: str
) -> None:
    tolerated.add("Failed to load resource")
    key = new_key()
    server = start_server(api_keys=f"{scope}:{hash_of(key)}")
    server.index.add(DocumentDraft("Depot", NOTES))
    page = open_page(server.url)
    page.get_by_role("dialog").get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    expect(page.locator(".document")).to_have_count(1)
    expect(page.locator("#add-documents")).to_be_visible(visible=scope == "write")
    expect(page.locator(".document summary")).to_be_visible(visible=scope == "write")
    expect(ask(page, "Where? «Lower Marrow»").locator("blockquote mark")).to_have_text("Lower Marrow")


def test_without_a_key_the_page_says_what_is_missing(
    start_server: Callable[..., Server], open_page: OpenPage, tolerated: set[str]
) -> None:
    tolerated.add("Failed to load resource")
    page = open_page(start_server(api_keys=f"read:{hash_of(new_key())}").url)
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator("#documents-message")).to_contain_text("an API key is needed")

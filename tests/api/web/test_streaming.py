"""The answer as it comes, and the conversation as the browser keeps it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from playwright.sync_api import Page, Route, expect

from rag.interfaces import PassageSpan, Reading
from tests.api.web.conftest import OpenPage
from tests.api.web.steps import NOTES, ask
from tests.conftest import Server
from tests.fakes import QuotingReader

pytestmark = pytest.mark.browser


class PausingReader(QuotingReader):
    """Waits before its first pass, and again before its last result."""

    def __init__(self) -> None:
        self.start, self.finish = threading.Event(), threading.Event()

    def read_many(self, readings: Sequence[Reading]) -> Iterator[list[tuple[int, PassageSpan]]]:
        assert self.start.wait(60)
        yield from super().read_many(readings)
        assert self.finish.wait(60)


@pytest.fixture
def pausing() -> Iterator[PausingReader]:
    reader = PausingReader()
    yield reader
    reader.start.set()
    reader.finish.set()


def test_the_answer_appears_as_it_is_found(
    pausing: PausingReader, start_server: Callable[..., Server], open_page: OpenPage
) -> None:
    server = start_server(pausing)
    server.add("Depot", "It stands in Lower Marrow.")  # makes no example, which would be read first
    page = open_page(server.url)
    page.get_by_label("Your question").fill("Where? «Lower Marrow»")
    page.keyboard.press("Enter")
    reply = page.locator(".reply")
    expect(reply).to_have_text("Reading 1 passage…")
    pausing.start.set()
    expect(reply.locator("mark")).to_have_text("Lower Marrow")
    expect(reply).to_contain_text("Best so far, still reading…")
    expect(reply).to_have_attribute("aria-busy", "true")
    pausing.finish.set()
    expect(reply.get_by_role("button", name="Show in the source")).to_be_visible()
    expect(reply).not_to_contain_text("Best so far")
    expect(page.locator("#source-text mark")).to_have_text("Lower Marrow")


def test_a_server_that_does_not_stream_is_understood(page: Page, page_server: Server) -> None:
    page_server.add("Depot", NOTES)
    replies = []

    def plain(route: Route) -> None:
        response = route.fetch(headers={**route.request.headers, "accept": "application/json"})
        replies.append(response.headers["content-type"])
        route.fulfill(response=response)

    page.route("**/v1/ask", plain)
    exchange = ask(page, "Where? «Lower Marrow»")
    expect(exchange.locator("blockquote mark")).to_have_text("Lower Marrow")
    assert replies == ["application/json"]


def test_a_stream_that_is_cut_short_is_asked_for_again_without_streaming(page: Page, page_server: Server) -> None:
    page_server.add("Depot", NOTES)

    def cut(route: Route) -> None:
        if "event-stream" in route.request.headers["accept"]:
            route.fulfill(content_type="text/event-stream", body='event: passages\ndata: {"passages": []}\n\n')
        else:
            route.continue_()

    page.route("**/v1/ask", cut)
    exchange = ask(page, "Where? «Lower Marrow»")
    expect(exchange.locator("blockquote mark")).to_have_text("Lower Marrow")


def test_what_breaks_in_the_middle_of_a_stream_is_told(page: Page) -> None:
    body = 'event: error\ndata: {"title": "Service Unavailable", "status": 503, "detail": "Later, please."}\n\n'
    page.route("**/v1/ask", lambda route: route.fulfill(content_type="text/event-stream", body=body))
    exchange = ask(page, "Where?")
    expect(exchange).to_contain_text("Later, please.")
    expect(exchange.get_by_role("button", name="Try again")).to_be_visible()


def test_the_conversation_is_there_after_a_reload(page: Page, page_server: Server) -> None:
    page_server.add("Depot", NOTES)
    ask(page, "Where? «Lower Marrow»")
    ask(page, "How tall is it?")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/v1/ask") else None)
    page.reload()
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.locator(".exchange").last).to_contain_text("The documents don’t say.")
    page.get_by_role("button", name="Show in the source").click()
    expect(page.locator("#source-text mark")).to_have_text("Lower Marrow")
    expect(page.locator("#source-status")).to_contain_text("Word for word")
    assert asked == []


def test_a_browser_that_keeps_nothing_still_answers(page: Page, page_server: Server) -> None:
    page_server.add("Depot", NOTES)
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })")
    page.reload()
    exchange = ask(page, "Where? «Lower Marrow»")
    expect(exchange.locator("blockquote mark")).to_have_text("Lower Marrow")

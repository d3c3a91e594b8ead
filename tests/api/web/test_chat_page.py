"""The chat page in a real browser, against a real server whose answerer is a fast fake.

The fake answers with the words between « » when a document has them, and abstains otherwise: with a candidate when the
question says "guess", with none when it does not.
"""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.api.web.steps import NOTES, ask, stored_text, tab_to, upload
from tests.conftest import PageServer

pytestmark = pytest.mark.browser

# "q" with a tilde exists only as two code points, whatever form of Unicode the text is stored in
BEFORE_THE_SPAN = {
    "emoji": "🧭 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 lead the way. ",
    "combining marks": "q̃ and n̈́ and ẍ̣ were on the sign. ",
    "right to left": "שלום עולם, מה שלומך היום? مرحبا بالعالم.\n",
    "line ends": "one\r\ntwo\r\n\r\nthree\r\n",
    "tabs": "\tname\t\tplace\n\t",
    "outside the basic plane": "𝒜 𠮷 𐍈 stand here. ",
    "a byte order mark": "\ufeff",
    "the start of the text": "",
}


@pytest.mark.parametrize("before", BEFORE_THE_SPAN.values(), ids=list(BEFORE_THE_SPAN))
def test_the_highlight_is_exact(page: Page, page_server: PageServer, before: str) -> None:
    quote = "the harbour 🙂 of Nēva"
    document = page_server.add("Sign", f"{before}We met at {quote} at noon.\nThen it rained.\n")
    exchange = ask(page, f"Where is «{quote}»?")
    text = stored_text(page_server, document)
    start = text.index(quote)
    expect(page.locator("#source-text mark")).to_be_in_viewport()
    assert page.locator("#source-text mark").text_content() == quote
    assert exchange.locator("blockquote mark").text_content() == quote
    assert page.locator("#source-text").text_content() == text
    expect(page.locator("#source-details")).to_contain_text(f"characters {start}–{start + len(quote)}")
    expect(page.locator("#source-status")).to_contain_text("Word for word")


def test_the_mark_is_scrolled_to_in_a_long_document(page: Page, page_server: PageServer) -> None:
    filler = "Line after line of the ship's log 🚢, none of it of interest.\n\n" * 4000
    page_server.add("Log", f"{filler}The leak was found at frame Q77.\n\n{filler}")
    ask(page, "Where was the leak? «frame Q77»")
    expect(page.locator("#source-text mark")).to_be_in_viewport()
    expect(page.locator("#source-text mark")).to_have_text("frame Q77")


def test_the_source_says_where_the_quote_stands(page: Page, page_server: PageServer) -> None:
    document = page_server.add("Depot", NOTES, source="depot.txt")
    sha256 = httpx.get(f"{page_server.url}/v1/documents/{document}").json()["sha256"]
    ask(page, "Where? «Lower Marrow»")
    source = page.get_by_role("region", name="Depot", exact=True)
    expect(source.get_by_role("heading", name="Depot")).to_be_visible()
    expect(source).to_contain_text("depot.txt")
    expect(source.locator("code")).to_have_text(sha256[:12])
    expect(source.locator("code")).to_have_attribute("title", sha256)


def test_a_span_that_does_not_match_is_refused(page: Page, page_server: PageServer) -> None:
    document = page_server.add("Depot", NOTES)
    page.route(f"**/v1/documents/{document}/text", lambda route: route.fulfill(body=f"x{NOTES}"))
    ask(page, "Where? «Lower Marrow»")
    expect(page.locator("#source-status")).to_contain_text("nothing is highlighted")
    expect(page.locator("#source-text")).to_contain_text("Lower Marrow")
    expect(page.locator("#source-text mark")).to_have_count(0)


def test_an_answer_shows_its_sentence_title_and_confidence(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    answer = ask(page, "Who keeps it? «Ottilie Vance»").get_by_role("figure")
    expect(answer.locator("blockquote")).to_contain_text("Its keeper is called Ottilie Vance")
    expect(answer.locator("cite")).to_have_text("Depot")
    expect(answer).to_contain_text(re.compile(r"(Very likely|Likely|Plausible|Unsure) · (over |under )?\d+%"))


def test_markup_in_documents_and_questions_stays_text(page: Page, page_server: PageServer) -> None:
    def on_dialog(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    dialogs: list[str] = []
    page.on("dialog", on_dialog)
    text = "<script>alert(1)</script> <img src=x onerror=alert(2)> The password is swordfish & <b>salt</b>.\n"
    page_server.add("<img src=x onerror=alert(3)>", text, source="<i>x</i>.txt")
    page.reload()
    question = "<img src=x onerror=alert(4)> «swordfish»?"
    exchange = ask(page, question)
    expect(page.locator("#source-text mark")).to_have_text("swordfish")
    assert page.locator("#source-text").text_content() == text
    expect(exchange.locator("figure cite")).to_have_text("<img src=x onerror=alert(3)>")
    assert page.locator("main script, main img, main b, main i:not(:empty)").count() == 0
    assert dialogs == []


def test_abstaining_says_so_and_offers_what_was_read(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    exchange = ask(page, "How tall is the depot?")
    expect(exchange).to_contain_text("The documents don’t say.")
    expect(exchange.get_by_role("figure")).to_have_count(0)
    expect(exchange.get_by_text("Closest guess")).to_have_count(0)
    exchange.get_by_text("Nearest passages").click()
    expect(exchange.locator("cite")).to_have_text("Depot")
    exchange.get_by_role("listitem").get_by_role("button").first.click()
    expect(page.locator("#source-text .passage")).to_be_in_viewport()
    expect(page.locator("#source-status")).to_contain_text("Word for word")


def test_a_candidate_waits_behind_a_disclosure(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    exchange = ask(page, "How tall is the depot? Make a guess.")
    guess = exchange.get_by_text("Closest guess, not confident")
    expect(guess).to_be_hidden()
    exchange.get_by_text("What it would have said").click()
    expect(guess).to_be_visible()
    candidate = exchange.get_by_role("listitem").get_by_role("button").first
    expect(candidate).to_contain_text("%")
    candidate.click()
    expect(page.locator("#source-text mark")).to_be_in_viewport()


def test_what_it_is_not_sure_of_looks_like_no_answer(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    question = "Where? «Lower Marrow»"
    asked = {"question": question, "min_confidence": 1, "include_passages": True}
    unsure = httpx.post(f"{page_server.url}/v1/ask", json=asked).json()
    assert unsure["status"] == "unsure"
    page.route("**/v1/ask", lambda route: route.fulfill(json=unsure))
    exchange = ask(page, question)
    expect(exchange).to_contain_text("Not sure. This is the closest:")
    closest = exchange.get_by_role("figure")
    expect(closest).to_have_css("border-style", "dashed")
    expect(closest.locator("mark")).to_have_text("Lower Marrow")
    expect(page.locator("#source-text mark")).to_have_text("Lower Marrow")
    exchange.get_by_role("button", name="Right", exact=True).click()
    expect(exchange).to_contain_text("Thank you, noted.")


def test_what_is_not_understood_is_told_as_that(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    exchange = ask(page, "Wo steht das Lagerhaus?")
    expect(exchange).to_contain_text("This question seems to be in German; this reader knows English only.")
    expect(exchange).not_to_contain_text("The documents don’t say.")
    expect(exchange.locator(".thumbs")).to_have_count(0)


def test_a_follow_up_shows_what_it_was_read_as(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    ask(page, "Who is the keeper of the depot? «Ottilie Vance»")
    ask(page, "Danke für die schnelle Antwort!")
    exchange = ask(page, "And when was she born?")
    expect(exchange.locator(".read-as")).to_have_text("Read as: When was Ottilie Vance born?")
    page.reload()
    expect(page.locator(".read-as")).to_have_text("Read as: When was Ottilie Vance born?")
    exchange = ask(page, "Where?")
    expect(exchange.locator(".read-as")).to_have_text("Read as: Where was Ottilie Vance born?")


def test_the_conversation_accumulates(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    ask(page, "Where? «Lower Marrow»")
    ask(page, "Who? «Ottilie Vance»")
    expect(page.locator("#source-text mark")).to_have_text("Ottilie Vance")
    page.get_by_role("button", name="Show in the source").first.click()
    expect(page.locator("#source-text mark")).to_have_text("Lower Marrow")


def test_an_error_is_readable_and_keeps_the_question(page: Page, tolerated: set[str]) -> None:
    tolerated.add("Failed to load resource")
    fault = {"title": "Unprocessable", "status": 422, "errors": [{"field": "question", "detail": "is <b>odd</b>"}]}
    page.route("**/v1/ask", lambda route: route.fulfill(status=422, json=fault))
    exchange = ask(page, "Why?")
    expect(exchange.locator(".failure")).to_contain_text("question: is <b>odd</b>")
    expect(exchange.locator(".failure")).to_be_in_viewport()
    expect(page.get_by_label("Your question")).to_have_value("Why?")
    expect(page.get_by_role("button", name="Ask")).to_be_enabled()


def test_a_lost_server_is_readable_and_can_be_retried(page: Page, page_server: PageServer, tolerated: set[str]) -> None:
    tolerated.add("Failed to load resource")
    page_server.add("Depot", NOTES)
    page.route("**/v1/ask", lambda route: route.abort())
    exchange = ask(page, "Where? «Lower Marrow»")
    expect(exchange).to_contain_text("The server can’t be reached")
    page.unroute("**/v1/ask")
    exchange.get_by_role("button", name="Try again").click()
    expect(page.locator("blockquote mark")).to_have_text("Lower Marrow")
    expect(page.locator(".exchange")).to_have_count(1)


def test_waiting_is_busy_and_can_not_ask_twice(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/v1/ask", hold)
    page.get_by_label("Your question").fill("Where? «Lower Marrow»")
    with page.expect_request("**/v1/ask"):
        page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("button", name="Ask")).to_be_hidden()
    page.get_by_label("Your question").fill("And then?")
    page.keyboard.press("Enter")
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.locator(".reply")).to_have_attribute("aria-busy", "true")
    held[0].continue_()
    expect(page.get_by_role("button", name="Ask")).to_be_enabled()
    expect(page.locator("blockquote mark")).to_have_text("Lower Marrow")
    expect(page.locator("#announcer")).to_contain_text("Answer: Lower Marrow")


def test_the_keyboard_alone_asks_and_opens_the_source(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    field = page.get_by_label("Your question")
    tab_to(page, field)
    page.keyboard.type("Where? «Lower Marrow»")
    page.keyboard.press("Enter")
    expect(page.locator("#source-text mark")).to_have_text("Lower Marrow")
    page.get_by_role("button", name="All documents").press("Enter")
    expect(page.locator("#source-text")).to_be_hidden()
    show = page.get_by_role("button", name="Show in the source")
    tab_to(page, show, key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#source-text mark")).to_be_in_viewport()
    tab_to(page, page.locator("#source-text"))


def test_a_phone_has_a_sheet_and_never_scrolls_sideways(phone: Page, page_server: PageServer) -> None:
    def expect_no_overflow() -> None:
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360

    page_server.add("Depot-" + "long" * 30, NOTES + "\n" + "unbroken" * 80)
    phone.reload()
    expect(phone.locator(".document")).to_have_count(1)
    expect_no_overflow()
    exchange = ask(phone, "Where? «Lower Marrow»")
    expect(phone.locator("#source-text")).to_be_hidden()
    expect_no_overflow()
    show = exchange.get_by_role("button", name="Show in the source")
    show.tap()
    expect(phone.locator("#source-text mark")).to_be_in_viewport()
    expect_no_overflow()
    phone.get_by_role("button", name="Back to conversation").tap()
    expect(phone.locator("#source-text")).to_be_hidden()
    expect(show).to_be_focused()


def test_escape_closes_the_sheet(phone: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    ask(phone, "Where? «Lower Marrow»").get_by_role("button", name="Show in the source").tap()
    expect(phone.get_by_role("button", name="Back to conversation")).to_be_focused()
    phone.keyboard.press("Escape")
    expect(phone.get_by_label("Your question")).to_be_visible()
    expect(phone.locator("#source-text")).to_be_hidden()


def test_a_document_is_deleted_after_confirming(page: Page, page_server: PageServer, tolerated: set[str]) -> None:
    tolerated.add("Failed to load resource")
    document = page_server.add("Depot", NOTES)
    page.reload()
    exchange = ask(page, "Where? «Lower Marrow»")
    page.get_by_role("button", name="All documents").click()
    dialog = page.get_by_role("dialog", name="Delete this document?")

    page.locator(".document summary").click()
    page.get_by_role("button", name="Delete Depot").click()
    expect(dialog).to_contain_text("“Depot”")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    assert httpx.get(f"{page_server.url}/v1/documents/{document}").status_code == 200

    page.get_by_role("button", name="Delete Depot").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator("#documents-message")).to_have_text("Deleted “Depot”.")
    assert httpx.get(f"{page_server.url}/v1/documents/{document}").status_code == 404
    exchange.get_by_role("button", name="Show in the source").click()
    expect(page.locator("#source-status")).to_contain_text("no longer here")


def test_a_whole_document_can_be_read(page: Page, page_server: PageServer) -> None:
    page_server.add("Depot", NOTES)
    page.reload()
    page.get_by_role("button", name=re.compile("^Depot")).click()
    expect(page.locator("#source-text")).to_have_text(NOTES)
    expect(page.locator("#source-text mark")).to_have_count(0)


def test_examples_are_what_the_documents_answer(page: Page, page_server: PageServer) -> None:
    expect(page.locator("#documents-count")).to_contain_text("None yet")
    expect(page.locator("#examples")).to_be_hidden()
    upload(page, "faq.md", "# Where is the «depot»?\n\nThe depot is here.\n".encode())
    example = page.locator(".example", has_text="Where is the «depot»?")
    expect(example).to_be_visible()
    page_server.add("Another", "Another.")
    page.reload()
    expect(example).to_be_visible()
    upload(page, "more.md", b"# More\n\nThe depot is closed.\n")
    expect(page.locator("#uploads")).to_contain_text("Added “More”.")
    example.click()
    expect(page.locator("blockquote mark")).to_have_text("depot")
    expect(page.locator("#examples")).to_be_hidden()
    page.get_by_role("button", name="Documents", exact=True).click()
    expect(page.locator("#uploads")).to_be_empty()


def test_the_same_words_elsewhere_are_one_answer(page: Page, page_server: PageServer) -> None:
    page_server.add("First", "The ferry leaves from Pier Nine.")
    page_server.add("Second", "Tickets are sold at Pier Nine too.")
    exchange = ask(page, "Where does it leave? «Pier Nine»")
    first = exchange.locator("figure cite").inner_text()
    expect(page.locator("#source-title")).to_have_text(first)
    exchange.get_by_text("Also found at 1 other place").click()
    exchange.get_by_role("listitem").get_by_role("button").first.click()
    expect(page.locator("#source-title")).to_have_text("Second" if first == "First" else "First")
    expect(page.locator("#source-text mark")).to_have_text("Pier Nine")

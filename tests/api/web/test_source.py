"""The source as it is: a PDF as its pages, other files as their headings, lists and tables, and the plain text."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.api.web.conftest import OpenPage
from tests.api.web.steps import ask, stored_text
from tests.api.web.test_feedback import exported
from tests.conftest import PageServer
from tests.samples.files import pdf_of

pytestmark = pytest.mark.browser

FERRY = pdf_of(
    [
        [("Heading1", "Timetable"), ("BodyText", "The ferry leaves from Pier Nine at noon.")],
        [("BodyText", "It takes an hour to the island.")],
        *([("BodyText", f"Page {number} is about other things.")] for number in range(3, 31)),
        [("BodyText", "The last boat is called Gull.")],
    ]
)
HARBOUR = """# The harbour 🧭

Opened in 1920 🙂.

## Ships

- Gull, a ferry
  - its tender
- Tern

| name | berth |
|------|-------|
| Gull | Pier Nine |
| Tern | Pier 🚢 Two |

```
depart(noon)
```
"""


def put_in(server: PageServer, name: str, data: bytes) -> str:
    response = httpx.post(f"{server.url}/v1/documents", files={"files": (name, data)}, timeout=60)
    return str(response.raise_for_status().json()["id"])


def view(page: Page, name: str) -> None:
    page.get_by_role("group", name="Ways to show the document").get_by_role("button", name=name).click()


def shade(box: Locator) -> bool:
    """Whether what lies under a highlight on a page is dark somewhere: letters, no blank paper."""
    return bool(
        box.evaluate(
            """async (box) => {
                const canvas = box.parentElement.querySelector("canvas");
                const [paper, area] = [canvas.getBoundingClientRect(), box.getBoundingClientRect()];
                const by = canvas.width / paper.width;
                const at = [area.left - paper.left, area.top - paper.top, area.width, area.height];
                const { data } = canvas.getContext("2d").getImageData(...at.map((edge) => Math.round(edge * by)));
                return data.some((value, index) => index % 4 < 3 && value < 100);
            }"""
        )
    )


def test_a_pdf_is_shown_as_its_page_with_the_quote_on_it(page: Page, page_server: PageServer) -> None:
    put_in(page_server, "ferry.pdf", FERRY)
    ask(page, "Which boat is last? «called Gull»")
    sheet = page.locator(".sheet[data-page='31']")
    expect(sheet.locator("canvas[data-drawn]")).to_be_in_viewport()
    expect(sheet.locator(".box")).to_be_in_viewport()
    assert shade(sheet.locator(".box"))
    expect(page.locator(".box")).to_have_count(1)
    expect(page.locator("#source-status")).to_contain_text("Word for word")
    expect(page.locator("#source-legend")).to_have_text("the answer")
    expect(page.locator("#source-facts")).to_contain_text("page 31")
    assert page.locator(".sheet").count() == 31
    assert page.locator(".sheet canvas").count() < 6, "only what is near is drawn"
    page.get_by_role("group", name="This place").get_by_role("button", name="Copy quote").click()
    assert "The last boat is called Gull." in page.evaluate("navigator.clipboard.readText()")


def test_where_the_place_is_not_certain_nothing_is_drawn(page: Page, page_server: PageServer) -> None:
    put_in(page_server, "ferry.pdf", FERRY)
    unknown = {"page": 1, "label": "", "width": 595, "height": 842, "certain": False, "rectangles": []}
    page.route("**/boxes?*", lambda route: route.fulfill(json=[unknown]))
    ask(page, "From where? «Pier Nine»")
    expect(page.locator("#source-status")).to_contain_text("isn’t known for certain, so nothing is drawn")
    expect(page.locator(".sheet[data-page='1'] canvas[data-drawn]")).to_be_in_viewport()
    expect(page.locator(".box")).to_have_count(0)
    view(page, "Reading view")
    expect(page.locator("#source-text mark")).to_have_text("Pier Nine")


def test_a_quote_that_the_text_does_not_have_is_not_drawn_on_a_page(page: Page, page_server: PageServer) -> None:
    put_in(page_server, "ferry.pdf", FERRY)
    page.route("**/v1/documents/*/text", lambda route: route.fulfill(body="x" + "The ferry leaves. " * 500))
    ask(page, "From where? «Pier Nine»")
    expect(page.locator("#source-status")).to_contain_text("nothing is highlighted")
    expect(page.locator(".sheet[data-page='1'] canvas[data-drawn]")).to_be_in_viewport()
    expect(page.locator(".box")).to_have_count(0)


def test_a_file_is_read_as_headings_lists_and_tables(page: Page, page_server: PageServer) -> None:
    put_in(page_server, "harbour.md", HARBOUR.encode())
    page.reload()
    page.locator(".document-open").click()
    source = page.locator("#source-text")
    expect(source.get_by_role("heading", level=3)).to_have_text("The harbour 🧭")
    expect(source.get_by_role("heading", level=4)).to_have_text("Ships")
    expect(source.get_by_role("list")).to_have_count(1)
    expect(source.locator("li[data-level='2']")).to_contain_text("its tender")
    expect(source.get_by_role("columnheader")).to_have_text(["name", "berth"])
    expect(source.get_by_role("cell")).to_have_text(["Gull", "Pier Nine", "Tern", "Pier 🚢 Two"])
    expect(source.locator("pre")).to_have_text("depart(noon)")
    view(page, "Plain text")
    expect(source.locator(".plain")).to_have_count(1)
    assert source.text_content() == stored_text(
        page_server, page.locator("#source-text").get_attribute("data-document") or ""
    )


@pytest.mark.parametrize("quote", ["🙂", "Tern", "Pier 🚢 Two", "harbour 🧭", "depart(noon)"])
def test_the_highlight_is_exact_in_blocks(page: Page, page_server: PageServer, quote: str) -> None:
    document = put_in(page_server, "harbour.md", HARBOUR.encode())
    exchange = ask(page, f"What? «{quote}»")
    expect(page.locator("#source-text mark")).to_have_text(quote)
    expect(page.locator("#source-text mark")).to_be_in_viewport()
    expect(page.locator("#source-legend")).to_have_text("the answerthe passage it was read in")
    text = stored_text(page_server, document)
    link = page.locator("#place").get_by_role("button", name="Copy link")
    link.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    span = page.evaluate("navigator.clipboard.readText()").partition("span=")[2].partition("&")[0]
    start, _, end = span.partition("-")
    assert text[int(start) : int(end)] == quote
    assert exchange.locator("blockquote mark").text_content() == quote


def test_what_is_selected_in_blocks_is_a_span_of_the_text(page: Page, page_server: PageServer) -> None:
    put_in(page_server, "harbour.md", HARBOUR.encode())
    ask(page, "What? «Tern»")
    expect(page.locator("#source-text mark")).to_have_text("Tern")
    page.evaluate(
        """() => {
            const cells = [...document.querySelectorAll("#source-text td")];
            const words = (said) => {
                const cell = cells.find((one) => one.textContent === said);
                return document.createTreeWalker(cell, NodeFilter.SHOW_TEXT).nextNode();
            };
            getSelection().setBaseAndExtent(words("Gull"), 1, words("Pier Nine"), 4);
        }"""
    )
    expect(page.locator("#place-words")).to_have_text("Selected: “ull | Pier”")
    page.get_by_role("button", name="The answer is here").click()
    expect(page.locator("#place-words")).to_contain_text("noted")
    assert [answer["text"] for question in exported(page_server) for answer in question["answers"]] == ["ull | Pier"]


def test_one_steps_from_place_to_place(page: Page, page_server: PageServer) -> None:
    page_server.add("First", "The ferry leaves from Pier Nine.")
    page_server.add("Second", "Tickets are sold at Pier Nine too.")
    ask(page, "Where does it leave? «Pier Nine»")
    first = page.locator("#source-title").inner_text()
    steps = page.get_by_role("group", name="Places")
    expect(steps).to_contain_text("1 of 2")
    steps.get_by_role("button", name="Next place").click()
    expect(page.locator("#source-title")).to_have_text("Second" if first == "First" else "First")
    expect(page.locator("#source-text mark")).to_have_text("Pier Nine")
    expect(steps).to_contain_text("2 of 2")
    steps.get_by_role("button", name="Next place").press("Enter")
    expect(page.locator("#source-title")).to_have_text(first)
    page.go_back()
    expect(steps).to_contain_text("2 of 2")


def test_the_file_can_be_downloaded(page: Page, page_server: PageServer, tmp_path: Path) -> None:
    put_in(page_server, "Fährplan.pdf", FERRY)
    page_server.add("Note", "No file.")
    page.reload()
    page.locator(".document-open", has_text="Note").click()
    page.locator("#source-more").click()
    expect(page.get_by_role("button", name="Download")).to_be_hidden()
    page.get_by_role("button", name="All documents").click()
    page.locator(".document-open", has_text="Timetable").click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Download").click()
    assert saving.value.suggested_filename == "Fährplan.pdf"
    saving.value.save_as(tmp_path / "saved.pdf")
    assert (tmp_path / "saved.pdf").read_bytes() == FERRY


def test_a_link_keeps_page_and_heading(page: Page, open_page: OpenPage, page_server: PageServer) -> None:
    put_in(page_server, "ferry.pdf", FERRY)
    ask(page, "From where? «Pier Nine»")
    expect(page.locator("#source-facts")).to_contain_text("page 1")
    page.locator("#place").get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    other = open_page(page.evaluate("navigator.clipboard.readText()"))
    expect(other.locator(".sheet[data-page='1'] .box")).to_be_in_viewport()
    expect(other.locator("#source-facts")).to_contain_text("page 1")
    expect(other.locator("#source-legend")).to_have_text("what the link names")


def test_the_text_is_checked_each_time_that_a_place_is_shown(page: Page, page_server: PageServer) -> None:
    document = page_server.add("Depot", "The depot stands in Lower Marrow.")
    exchange = ask(page, "Where? «Lower Marrow»")
    expect(page.locator("#source-status")).to_contain_text("Word for word")
    for text, expected in (
        ("The depot stands in Lower Marrow, they say.", "The same words still stand at this place."),
        ("The depot was in Lower Marrow.", "so nothing is highlighted"),
    ):
        body = {"title": "Depot", "text": text}
        httpx.put(f"{page_server.url}/v1/documents/{document}", json=body).raise_for_status()
        exchange.get_by_role("button", name="Show in the source").click()
        expect(page.locator("#source-status")).to_contain_text(expected)


def test_pages_are_drawn_for_whoever_shows_a_key(page: Page, page_server: PageServer) -> None:
    put_in(page_server, "ferry.pdf", FERRY)
    sent: list[str] = []

    def note(route: Route) -> None:
        sent.append(route.request.headers.get("authorization", ""))
        route.continue_()

    page.route("**/pages/*/image?*", note)
    page.evaluate("sessionStorage.setItem('sourcespan.key', JSON.stringify('ss_of_this_tab'))")
    ask(page, "From where? «Pier Nine»")
    expect(page.locator("canvas[data-drawn]").first).to_be_visible()
    assert set(sent) == {"Bearer ss_of_this_tab"}


def test_arrow_keys_scroll_the_pages(page: Page, page_server: PageServer) -> None:
    put_in(page_server, "ferry.pdf", FERRY)
    ask(page, "From where? «Pier Nine»")
    expect(page.locator(".sheet[data-page='1'] canvas[data-drawn]")).to_be_in_viewport()
    page.locator("#source-text").focus()
    page.keyboard.press("End")
    expect(page.locator(".sheet[data-page='31'] canvas[data-drawn]")).to_be_in_viewport()
    expect(page.locator(".sheet[data-page='1'] canvas")).to_have_count(0)

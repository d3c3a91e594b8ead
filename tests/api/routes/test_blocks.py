"""The structure of a document over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from api.wire.documents.blocks import MOST_BLOCKS
from index.parsing.blocks import Block, Cell, from_blocks
from index.shown import rows
from tests.api.helpers import assert_problem, text_of
from tests.conftest import Server
from tests.samples.files import pdf_of

TEXT = "# Ships 🧭\n\nThree of them.\n\n- Gull\n- Tern\n\n| name | berth |\n|---|---|\n| Gull | Pier 9 |\n"


def put_in(server: Server, name: str, data: bytes) -> str:
    response = httpx.post(f"{server.url}/v1/documents", files={"files": (name, data)}, timeout=60)
    return str(response.raise_for_status().json()["id"])


def blocks(server: Server, document: str, **query: int) -> dict[str, Any]:
    response = httpx.get(f"{server.url}/v1/documents/{document}/blocks", params=query)
    found: dict[str, Any] = response.raise_for_status().json()
    return found


def test_blocks_are_ranges_of_the_stored_text(server: Server) -> None:
    document = put_in(server, "ships.md", TEXT.encode())
    text = text_of(server, document)
    found = blocks(server, document)
    assert found["sha256"] == httpx.get(f"{server.url}/v1/documents/{document}").json()["sha256"]
    said = [(block["kind"], block["level"], text[block["start"] : block["end"]]) for block in found["blocks"]]
    assert said[:4] == [
        ("heading", 1, "Ships 🧭"),
        ("paragraph", 0, "Three of them."),
        ("list_item", 1, "- Gull"),
        ("list_item", 1, "- Tern"),
    ]
    table = found["blocks"][4]
    assert [[(text[cell["start"] : cell["end"]], cell["header"]) for cell in row] for row in table["rows"]] == [
        [("name", True), ("berth", True)],
        [("Gull", False), ("Pier 9", False)],
    ]
    assert (found["pages"], found["next"]) == ([], None)


def test_they_are_given_part_by_part(server: Server) -> None:
    document = put_in(server, "ships.md", TEXT.encode())
    whole = blocks(server, document)["blocks"]
    parts, start = [], 0
    while start is not None:
        part = blocks(server, document, start=start, limit=2)
        parts += part["blocks"]
        start = part["next"]
    assert parts == whole
    inside = whole[1]["end"] - 1
    assert blocks(server, document, start=inside, limit=1)["blocks"] == whole[1:2]
    assert blocks(server, document, limit=0)["next"] == 0


def test_pages_are_told_and_plain_text_has_no_blocks(server: Server) -> None:
    paper = put_in(server, "a.pdf", pdf_of([[("BodyText", "First page.")], [("BodyText", "Second page.")]]))
    text = text_of(server, paper)
    assert [text[page["start"] :].split()[0] for page in blocks(server, paper)["pages"]] == ["First", "Second"]
    assert blocks(server, server.add("Note", "Just this."))["blocks"] == []


def test_what_is_not_there_is_refused(server: Server) -> None:
    url = f"{server.url}/v1/documents"
    assert_problem(httpx.get(f"{url}/nothing/blocks"), 404)
    document = server.add("Note", "Just this.")
    assert_problem(httpx.get(f"{url}/{document}/blocks", params={"start": -1}), 422)
    assert_problem(httpx.get(f"{url}/{document}/blocks", params={"limit": MOST_BLOCKS + 1}), 422)


WORDS = st.text("ab |\n", max_size=6)
TABLES = st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=4)


@given(TABLES, st.integers(0, 2))
def test_cells_hold_every_character_between_the_separators(table: list[list[str]], headers: int) -> None:
    given_rows = tuple(tuple(Cell(words, number < headers) for words in row) for number, row in enumerate(table))
    content = from_blocks([Block("before"), Block(kind="table", rows=given_rows), Block("after")])
    for block in content.outline.blocks:
        if block.kind != "table":
            continue
        lines = content.text[block.start : block.end].split("\n")
        shown = [[content.text[cell.start : cell.end] for cell in row] for row in rows(content.text, block)]
        assert [" | ".join(row) for row in shown] == lines
        bare = block.columns.bare if block.columns else ()
        assert all(" | " not in cell for row in shown for cell in row) or bare

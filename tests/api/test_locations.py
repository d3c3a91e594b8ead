"""An answer says its page and its heading, wherever it is shown."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from api.commands.terminal import show_failures, show_result
from index.errors import EmptyDocument
from index.parsing import drafts_of, parse_bytes
from index.passage_index import PassageIndex
from rag.pipeline import QuestionAnswerer
from tests.conftest import Server
from tests.files import pdf_of, zip_of

PDF = pdf_of(
    [
        [("Heading1", "Delivery"), ("BodyText", "The goods leave the harbour at noon. " * 6)],
        [("Heading1", "Terms of payment"), ("BodyText", "The buyer pays within thirty days. " * 6)],
    ]
)


def test_an_answer_and_its_passage_say_their_page_and_heading_over_http(server: Server) -> None:
    for parsed in drafts_of("all.zip", zip_of({"contract.pdf": PDF, "plain.txt": b"No page here, in plain text."})):
        assert parsed.draft is not None
        server.index.add(parsed.draft)
    body = httpx.post(
        f"{server.url}/v1/ask", json={"question": "«within thirty days»", "include_passages": True}
    ).json()
    answer = body["answers"][0]
    assert (answer["text"], answer["page"], answer["heading"]) == ("within thirty days", 2, "Terms of payment")
    assert answer["document"]["source"] == "all.zip/contract.pdf"
    assert {(p["page"], p["heading"]) for p in body["passages"]} >= {(None, None)}
    assert {(p["page"], p["heading"]) for p in body["passages"]} & {(1, "Delivery"), (2, "Terms of payment")}
    plain = httpx.post(f"{server.url}/v1/ask", json={"question": "«plain text»"}).json()["answers"][0]
    assert (plain["page"], plain["heading"]) == (None, None)


def test_an_answer_says_its_page_and_heading_in_the_terminal(
    index: PassageIndex, answerer: QuestionAnswerer, capsys: pytest.CaptureFixture[str]
) -> None:
    index.add(parse_bytes("contract.pdf", PDF))
    show_result(answerer.ask("«within thirty days»", n_best=1))
    assert "contract.pdf, page 2, “Terms of payment”, characters" in " ".join(capsys.readouterr().out.split())


def test_long_work_ends_with_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    show_failures([(Path("docs/[a].txt"), EmptyDocument("[a].txt"))])
    assert capsys.readouterr().err.splitlines() == [
        "1 file could not be read:",
        "  docs/[a].txt: '[a].txt' has no text in it",
    ]

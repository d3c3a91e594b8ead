"""An answer says its page and its heading, wherever it is shown."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from api.cli import app
from api.commands.terminal import show_failures, show_result
from index.errors import EmptyDocument
from index.parsing import drafts_of, parse_bytes
from index.passage_index import PassageIndex
from rag.answering.pipeline import QuestionAnswerer
from tests.conftest import Server
from tests.samples.files import pdf_of, zip_of

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


def test_every_protocol_says_page_and_heading(server: Server) -> None:
    (parsed,) = drafts_of("contract.pdf", PDF)
    assert parsed.draft is not None
    server.index.add(parsed.draft)
    question, where = "«within thirty days»", "Delivery (contract.pdf), page 2, “Terms of payment”"
    body = {"messages": [{"role": "user", "content": question}]}
    message = httpx.post(f"{server.url}/v1/chat/completions", json=body).json()["choices"][0]["message"]
    assert f"[{where}](" in message["content"]
    assert message["annotations"][0]["url_citation"]["title"] == where
    response = httpx.post(f"{server.url}/v1/responses", json={"input": question}).json()
    assert f"[{where}](" in response["output"][0]["content"][0]["text"]
    call = {"name": "ask", "arguments": {"question": question}}
    headers = {"Accept": "application/json, text/event-stream"}
    called = httpx.post(
        f"{server.url}/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call},
        headers=headers,
    ).json()["result"]
    assert f"[{where}](" in called["content"][0]["text"]
    (answer,) = called["structuredContent"]["answers"]
    assert (answer["page"], answer["heading"]) == (2, "Terms of payment")
    wanted = {"knowledge_id": "sourcespan", "query": "buyer pays", "retrieval_setting": {"top_k": 1}}
    (record,) = httpx.post(f"{server.url}/retrieval", json=wanted).json()["records"]
    assert record["metadata"]["page"] in (1, 2)


def test_an_answer_says_its_page_and_heading_in_the_terminal(
    index: PassageIndex, answerer: QuestionAnswerer, capsys: pytest.CaptureFixture[str]
) -> None:
    index.add(parse_bytes("contract.pdf", PDF))
    show_result(answerer.ask("«within thirty days»", n_best=1))
    assert "contract.pdf, page 2, “Terms of payment”, characters" in " ".join(capsys.readouterr().out.split())


def labelled() -> bytes:
    """Three pages that are called iv, v and 1."""
    file = io.BytesIO()
    canvas = Canvas(file)
    canvas.addPageLabel(0, style="ROMAN_LOWER", start=4)
    canvas.addPageLabel(2, style="ARABIC", start=1)
    for text in ("The preface is short.", "It thanks the harbour office.", "The ferry leaves at noon."):
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def test_the_printed_number_of_a_page_is_said_beside_its_place_in_the_file(
    server: Server, answerer: QuestionAnswerer, index: PassageIndex, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    httpx.post(f"{server.url}/v1/documents", files={"files": ("a.pdf", labelled())}, timeout=60).raise_for_status()
    body = httpx.post(f"{server.url}/v1/ask", json={"question": "«harbour office»", "include_passages": True}).json()
    assert (body["answers"][0]["page"], body["answers"][0]["page_label"]) == (2, "v")
    assert {(p["page"], p["page_label"]) for p in body["passages"]} <= {(1, "iv"), (2, "v"), (3, "1")}
    index.add(parse_bytes("a.pdf", labelled()))
    show_result(answerer.ask("«harbour office»", n_best=1))
    assert "a.pdf, p. v (page 2), characters" in " ".join(capsys.readouterr().out.split())
    (tmp_path / "a.pdf").write_bytes(labelled())
    shown = CliRunner().invoke(app, ["show", str(tmp_path / "a.pdf")]).stdout
    assert "── p. iv (page 1) ──" in shown
    assert "── p. 1 (page 3) ──" in shown


def test_a_page_that_is_called_by_its_place_has_no_label(server: Server) -> None:
    httpx.post(f"{server.url}/v1/documents", files={"files": ("a.pdf", PDF)}, timeout=60).raise_for_status()
    answer = httpx.post(f"{server.url}/v1/ask", json={"question": "«within thirty days»"}).json()["answers"][0]
    assert (answer["page"], answer["page_label"]) == (2, None)


def test_long_work_ends_with_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    show_failures([(Path("docs/[a].txt"), EmptyDocument("[a].txt"))])
    assert capsys.readouterr().err.splitlines() == [
        "1 file could not be read:",
        "  docs/[a].txt: '[a].txt' has no text in it",
    ]

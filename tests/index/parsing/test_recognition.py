"""Pages that are pictures of text, read by the real Tesseract where it is installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pypdfium2
import pytest
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from index.errors import ScannedDocument
from index.isolation.limits import Limits
from index.parsing.content import Content, File
from index.parsing.isolated import Parser
from index.parsing.pdf import pdf
from index.parsing.pdf.recognition import Recognition, wanted
from tests.api.routes.test_originals import upload
from tests.conftest import Server
from tests.index.parsing.test_pdf import Draw, drawn, lines
from tests.samples.files import pdf_of_pictures

installed = pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")

TEXT = (
    "The harbour office weighs each barrel twice, once on the quay and once in",
    "the store. The fee is 3,250 euros.",
)


def photographed(*texts: str) -> Draw:
    """A page that is a picture of a page with these lines."""
    page = pypdfium2.PdfDocument(drawn(lines(*texts, size=14)))[0]
    picture = ImageReader(page.render(scale=3).to_pil())

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(picture, 0, 0, 595, 842)

    return draw


@contextmanager
def in_languages(languages: str, seconds: float = 60.0) -> Iterator[None]:
    token = wanted.set(Recognition(languages, seconds))
    yield
    wanted.reset(token)


def read(*pages: Draw, languages: str = "eng", seconds: float = 60.0) -> Content:
    with in_languages(languages, seconds):
        return pdf(File("a.pdf", drawn(*pages)))


@installed
def test_pictures_between_other_pages_are_read_and_named() -> None:
    content = read(lines("A page of text."), photographed(*TEXT), lines("Another page."))
    first, second = content.outline.pages[1:]
    assert content.text[first:second].strip() == " ".join(TEXT)
    assert content.notes == ("page 2 was read by Tesseract",)
    assert content.text.startswith("A page of text.")
    assert content.text.endswith("Another page.")


@installed
def test_words_that_are_cut_at_the_end_of_a_line_are_put_together() -> None:
    content = read(photographed("It is paid by the harbour commis-", "sion in the first week of the year."))
    assert content.text == "It is paid by the harbour commission in the first week of the year."


@installed
def test_a_picture_without_text_is_said_to_be_one() -> None:
    with in_languages("eng"), pytest.raises(ScannedDocument, match="no text was found in it"):
        pdf(File("a.pdf", pdf_of_pictures(2)))
    content = read(lines("A page of text."), lambda canvas: canvas.rect(72, 72, 200, 300, fill=1))
    assert content.notes == ("page 2 is a picture in which Tesseract found no text",)


@installed
def test_it_is_read_within_the_limits_of_a_worker() -> None:
    data = io.BytesIO(drawn(photographed(*TEXT)))
    with Parser(Limits(), ocr="eng") as parser:
        (parsed,) = parser.drafts_of("a.pdf", data)
    draft = parsed.draft_or_error()
    assert (draft.text, draft.notes) == (" ".join(TEXT), ("page 1 was read by Tesseract",))


@installed
def test_a_language_that_is_not_there_is_named() -> None:
    (note,) = read(lines("A page of text."), photographed(*TEXT), languages="tlh").notes
    assert note.startswith("page 2 is a picture whose text was not read: Tesseract broke off (Error opening data file")


def test_what_takes_too_long_is_left_and_said() -> None:
    def slow(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("tesseract", timeout)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "which", lambda _: "/usr/bin/tesseract")
        patch.setattr(subprocess, "run", slow)
        for seconds in (5.0, 0.0):
            (note,) = read(lines("A page of text."), photographed(*TEXT), seconds=seconds).notes
            assert note.startswith("page 2 is a picture whose text was not read: that would take too long")


def test_without_the_program_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    content = read(photographed(*TEXT), lines("A page of text."), photographed(*TEXT))
    assert content.notes == (
        "pages 1 and 3 are pictures whose text was not read: install tesseract-ocr, or run text recognition (OCR) over "
        "the file first",
    )
    with pytest.raises(ScannedDocument, match="install tesseract-ocr"):
        read(photographed(*TEXT))


def test_it_can_be_switched_off(start_server: Callable[..., Server]) -> None:
    off = upload(start_server(ocr="none"), "a.pdf", drawn(lines("A page of text."), photographed(*TEXT)))
    assert off.json()["notes"] == [
        "page 2 is a picture whose text was not read: run text recognition (OCR) over the file first"
    ]


@installed
def test_it_is_on_by_default(server: Server) -> None:
    on = upload(server, "a.pdf", drawn(lines("A page of text."), photographed(*TEXT)))
    assert on.json()["notes"] == ["page 2 was read by Tesseract"]

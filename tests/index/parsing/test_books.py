"""Books (.epub)."""

from __future__ import annotations

import pytest

from index.documents import DocumentDraft
from index.errors import EncryptedFile
from index.parsing import parse_bytes
from tests.samples import files

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="in/c.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def book(*chapters: str, parts: dict[str, bytes] | None = None, order: str = "") -> bytes:
    """A book whose chapters lie in the archive the last one first; ``order`` are the attributes of the last."""
    names = [f"ch {number}.xhtml" for number in range(len(chapters))]
    items = "".join(
        f'<item id="i{n}" href="{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(names)
    )
    spine = "".join(f'<itemref idref="i{n}" {order if n == len(names) - 1 else ""}/>' for n in range(len(names)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>The Sea</dc:title><dc:creator>Ada</dc:creator></metadata><manifest>"
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f'{items}</manifest><spine><itemref idref="nav"/>{spine}</spine></package>'
    )
    pages = {
        f"in/{name}": (
            f'<html xmlns:epub="http://www.idpf.org/2007/ops"><head><title>x</title></head><body>{chapter}</body></html>'
        )
        for name, chapter in zip(names, chapters, strict=True)
    }
    nav = {"in/nav.xhtml": "<nav><h1>Contents</h1><ol><li><a href='x'>First</a></li></ol></nav>"}
    made = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "in/c.opf": package}
    made |= dict(reversed(pages.items())) | nav
    return files.zip_of({name: text.encode() for name, text in made.items()} | (parts or {}))


def read(*chapters: str, parts: dict[str, bytes] | None = None, order: str = "") -> DocumentDraft:
    return parse_bytes("a.epub", book(*chapters, parts=parts, order=order))


def test_chapters_are_read_in_the_order_of_the_book() -> None:
    draft = read("<h1>First</h1><p>Wind.</p>", "<h1>Second</h1><p>Waves.</p>")
    assert (draft.title, draft.text) == ("The Sea", "The Sea\n\nFirst\n\nWind.\n\nSecond\n\nWaves.")
    assert draft.notes == ("left out as the table of contents: “Contents First”",)


def test_notes_that_are_reached_by_links_only_are_read_and_their_marks_are_no_digits_of_a_number() -> None:
    mark = '<a epub:type="noteref" href="x#n">1</a>'
    draft = read(
        f"<p>Built in 1931{mark} of 14{mark.replace('epub:type', 'role').replace('note', 'doc-note', 1)}.</p>",
        '<aside epub:type="footnote"><p>1. Counted.</p></aside>',
        order='linear="no"',
    )
    assert draft.text == "The Sea\n\nBuilt in 1931¹ of 14¹.\n\n1. Counted."


def test_a_page_of_a_book_reads_as_it_is_seen() -> None:
    draft = read(
        '<link rel="stylesheet" href="../x.css"/><p class="h">4711</p><p>Seen<span epub:type="pagebreak">12</span>, 漢'
        '<rt>kan</rt>.</p><table><tr><td rowspan="2">A</td><td>1</td></tr><tr><td>2</td></tr></table>',
        parts={"x.css": b".h { display: none }"},
    )
    assert draft.text == "The Sea\n\nSeen, 漢(kan).\n\nA | 1\nA | 2"
    assert "left out as hidden on the page: “4711”" in draft.notes


def test_a_page_of_a_book_may_be_in_another_encoding() -> None:
    page = '<?xml version="1.0" encoding="iso-8859-1"?><p>Fähre</p>'.encode("latin-1")
    assert read("", parts={"in/ch 0.xhtml": page}).text.endswith("Fähre")


def test_a_book_that_is_locked_says_so() -> None:
    lock = b'<encryption><e><CipherReference URI="in/ch 0.xhtml"/></e></encryption>'
    with pytest.raises(EncryptedFile):
        read("<p>x</p>", parts={"META-INF/encryption.xml": lock})
    assert read("<p>x</p>", parts={"META-INF/encryption.xml": lock.replace(b"ch 0.xhtml", b"font.otf")}).text

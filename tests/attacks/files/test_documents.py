"""Files that are small to send and were large to read: each is read within a worker's limits, or refused by them."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Callable, Iterator

import pytest

from index.errors import DocumentTooComplex
from index.isolation.limits import Limits
from index.parsing import ParsedFile
from index.parsing.isolated import Parser

# far more than linear work takes on a busy machine, and less than quadratic work took on these
SECONDS = 30.0
MEMORY = 1_000_000_000


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(Limits(memory_bytes=MEMORY, seconds=SECONDS)) as opened:
        yield opened


def parsed(parser: Parser, name: str, data: bytes) -> ParsedFile:
    (file,) = parser.drafts_of(name, io.BytesIO(data))
    return file


def docx_of(paragraphs: int) -> bytes:
    """A Word file whose body is so many paragraphs of a number: a small part of the memory that its tree takes."""
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    # of changing text, so that it does not pack as an archive that is refused for its ratio
    body = "".join(f"<w:p><w:r><w:t>{n * 2_654_435_761 % 2**32:x}</w:t></w:r></w:p>" for n in range(paragraphs))
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'wordprocessingml.document.main+xml"/></Types>'
    )
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="word/document.xml"/></Relationships>'
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", relations)
        document = f'<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>'
        archive.writestr("word/document.xml", document)
    return packed.getvalue()


def nested_forms(levels: int, times: int) -> bytes:
    """A PDF of a page that draws a form, which draws another so many times, and so on: times ** levels texts."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        b"/Resources << /XObject << /F 6 0 R >> >> >>",
        _stream(b"", b"/F Do"),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for level in range(levels):
        inner = b"/Resources << /XObject << /F %d 0 R >> >>" % (7 + level)
        objects.append(_stream(b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] " + inner, b"/F Do " * times))
    font = b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /Font << /T 5 0 R >> >>"
    objects.append(_stream(font, b"BT /T 12 Tf 20 20 Td (The ferry) Tj ET"))
    pdf = b"%PDF-1.4\n"
    starts = []
    for number, content in enumerate(objects, start=1):
        starts.append(len(pdf))
        pdf += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = len(pdf)
    pdf += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    pdf += b"".join(b"%010d 00000 n \n" % start for start in starts)
    return pdf + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)


def _stream(entries: bytes, content: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("dots.txt", b"." * 40_000 + b"x"),
        ("stops.txt", b"?!" * 60_000 + b"x"),
        ("closers.txt", b'.")' * 60_000 + b"x"),
        ("breaks.txt", b"\n" * 200_000 + b"x"),
        ("blanks.txt", (b"\n" + b" " * 20_000) * 20 + b"x"),
        ("marks.txt", b"a" + "\u0301\u0323".encode() * 100_000),
        ("heading.md", b"# " + b"<![CDATA[" * 50_000),
        ("brackets.md", b"# " + b"[" * 50_000),
        ("front.md", b"---\n" * 50_000 + b"x"),
        ("title.html", b"<title>" + b"&amp;" * 200_000 + b"</title><p>x"),
        ("deep.html", b"<div>" * 50_000 + b"x"),
        ("inline.html", b"<li>" + b"<b>a</b>" * 50_000),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_repeats_is_read_in_linear_time(parser: Parser, name: str, data: bytes) -> None:
    file = parsed(parser, name, data)
    assert file.error is None
    assert file.draft is not None
    assert file.draft.text.strip()


def test_sentences_without_number_are_boundaries_not_objects(parser: Parser) -> None:
    file = parsed(parser, "short.txt", b"X! " * 2_000_000)
    assert file.draft is not None
    assert len(file.draft.text) == 6_000_000


@pytest.mark.parametrize(
    ("name", "make"),
    [("forms.pdf", lambda: nested_forms(levels=12, times=10)), ("paragraphs.docx", lambda: docx_of(2_500_000))],
    ids=["forms.pdf", "paragraphs.docx"],
)
def test_what_does_not_fit_is_refused_by_name_and_limit(parser: Parser, name: str, make: Callable[[], bytes]) -> None:
    file = parsed(parser, name, make())
    assert isinstance(file.error, DocumentTooComplex)
    assert name in str(file.error)
    after = parsed(parser, "next.txt", b"The ferry leaves at noon.")
    assert after.draft is not None, "the next file is read by another worker"


def test_text_is_still_brought_into_one_form(parser: Parser) -> None:
    file = parsed(parser, "form.txt", unicodedata.normalize("NFD", "Müller in Überlingen").encode())
    assert file.draft is not None
    assert file.draft.text == "Müller in Überlingen"

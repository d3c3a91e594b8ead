"""PDF files that no program of ours writes, put together object by object."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import reportlab
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.ttfonts import TTFontFile

_PAGE = b"/Type /Page /Parent 2 0 R /MediaBox [0 0 600 800]"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def of_objects(*objects: bytes) -> bytes:
    """A file of these objects, which are numbered from 1; the first is its catalog."""
    pdf = b"%PDF-1.7\n"
    starts = []
    for number, content in enumerate(objects, start=1):
        starts.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(pdf)
    pdf += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    pdf += b"".join(b"%010d 00000 n \n" % start for start in starts)
    return pdf + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def shown(*texts: str, top: int = 700) -> bytes:
    """What shows lines under one another in the font /H."""
    drawn = (b"1 0 0 1 72 %d Tm (%s) Tj" % (top - 40 * n, text.encode("cp1252")) for n, text in enumerate(texts))
    return b"BT /H 12 Tf %s ET" % b" ".join(drawn)


def picture() -> ImageReader:
    """A grey picture."""
    rows = b"".join(b"\0" + bytes([200]) * 8 for _ in range(8))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (8).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    png = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return ImageReader(BytesIO(b"\x89PNG\r\n\x1a\n" + png))


def without_characters(lines: Sequence[str], *, plain: str = "") -> bytes:
    """Lines in a font that has glyphs by number and says of none which character it is, and a line in another font."""
    path = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    glyphs = TTFontFile(str(path)).charToGlyph
    coded = (b"<%s> Tj T*" % b"".join(b"%04X" % glyphs[ord(letter)] for letter in line) for line in lines)
    content = b"BT /G 12 Tf 14 TL 72 600 Td %s ET %s" % (b" ".join(coded), shown(plain))
    font = path.read_bytes()
    return of_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< %s /Contents 4 0 R /Resources << /Font << /G 5 0 R /H 9 0 R >> >> >>" % _PAGE,
        stream(content),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /ABCDEF+Vera /Encoding /Identity-H /DescendantFonts [6 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /ABCDEF+Vera /CIDToGIDMap /Identity /DW 600 "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 7 0 R >>",
        b"<< /Type /FontDescriptor /FontName /ABCDEF+Vera /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 "
        b"/Ascent 900 /Descent -200 /CapHeight 700 /StemV 80 /FontFile2 8 0 R >>",
        stream(font, b"/Length1 %d" % len(font)),
        _FONT,
    )


def with_letters_of_formulas(text: str) -> bytes:
    """A line whose small letters are said to be the italic ones that formulas have, beyond the first 65,536."""
    letters = b" ".join(b"<%02X> <D835%04X>" % (97 + n, 0xDC4E + n) for n in range(26))
    return of_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< %s /Contents 4 0 R /Resources << /Font << /H 5 0 R >> >> >>" % _PAGE,
        stream(shown(text)),
        _FONT.replace(b">>", b"/ToUnicode 6 0 R >>"),
        stream(
            b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange "
            b"26 beginbfchar %s endbfchar endcmap end" % letters
        ),
    )


def with_notes() -> bytes:
    """A page with a field and free notes that have no looks of their own, and one that is hidden."""
    return of_objects(
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /DR << /Font << /H 5 0 R >> >> >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< %s /Contents 4 0 R /Resources << /Font << /H 5 0 R >> >> /Annots [6 0 R 7 0 R 8 0 R] >>" % _PAGE,
        stream(shown("Rent:", "Garden plots by the sea")),
        _FONT,
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (rent) /V (1,250 euros) /F 4 /Rect [110 695 300 712] >>",
        b"<< /Type /Annot /Subtype /FreeText /Contents (Not valid after May) /F 4 /DA (/H 12 Tf) "
        b"/Rect [72 400 300 420] >>",
        b"<< /Type /Annot /Subtype /FreeText /Contents (hidden) /F 2 /DA (/H 12 Tf) /Rect [72 300 300 320] >>",
    )


def with_xfa() -> bytes:
    """A form of which only its XML has the values."""
    data = (
        b'<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><form>'
        b"<FamilyName>Brandvold</FamilyName><Plot>North field</Plot><Note/></form></xfa:data></xfa:datasets>"
    )
    return of_objects(
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] /XFA [(datasets) 6 0 R] >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< %s /Contents 4 0 R /Resources << /Font << /H 5 0 R >> >> >>" % _PAGE,
        stream(shown("Application")),
        _FONT,
        stream(data),
    )


def with_tags(parts: Sequence[tuple[str, str]]) -> bytes:
    """Lines of one size, each with a tag that says what it is."""
    lines = (
        b"/%s << /MCID %d >> BDC BT /H 12 Tf 72 %d Td (%s) Tj ET EMC"
        % (tag.encode(), number, 700 - 40 * number, text.encode("cp1252"))
        for number, (tag, text) in enumerate(parts)
    )
    first = 8
    elements = [
        b"<< /Type /StructElem /S /%s /P 7 0 R /Pg 3 0 R /K %d >>" % (tag.encode(), number)
        for number, (tag, _) in enumerate(parts)
    ]
    kids = b" ".join(b"%d 0 R" % (first + number) for number in range(len(parts)))
    return of_objects(
        b"<< /Type /Catalog /Pages 2 0 R /MarkInfo << /Marked true >> /StructTreeRoot 6 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< %s /Contents 4 0 R /StructParents 0 /Resources << /Font << /H 5 0 R >> >> >>" % _PAGE,
        stream(b" ".join(lines)),
        _FONT,
        b"<< /Type /StructTreeRoot /K 7 0 R /ParentTree << /Nums [0 [%s]] >> >>" % kids,
        b"<< /Type /StructElem /S /Document /P 6 0 R /K [%s] >>" % kids,
        *elements,
    )

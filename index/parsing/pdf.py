"""PDF: the text of its pages through PDFium, in paragraphs, with its bookmarks as headings."""

from __future__ import annotations

import ctypes
import math
import re
import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import pypdfium2
from pypdfium2 import raw

from index.documents import Heading, Outline
from index.errors import DocumentTooLarge, EmptyDocument, EncryptedFile, MalformedFile, ScannedDocument
from index.parsing.content import MAX_HEADING, Content, File, composed, malformed, one_line
from index.parsing.layout import Laid, Line, Page, lay_out

# PDFium keeps state of its own: one thread at a time may use it
_pdfium = threading.Lock()

_HYPHEN_AT_LINE_END = (0x02, 0xAD, 0xFFFE)
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_MAX_BOOKMARKS = 10_000
# of pages, for the words of bookmarks; of those words, as many as tell one bookmark from another
_CHARACTERS_LOOKED_THROUGH = 20_000_000
_CHARACTERS_LOOKED_FOR = 100
# what programs write where nobody gave a title
_NO_TITLE = re.compile(
    r"(untitled|\(anonymous\)|microsoft (word|powerpoint)\b.*|.*\.(docx?|pptx?|indd|tex|dvi|pdf|rtf|odt))?", re.I
)


def pdf(file: File) -> Content:
    """Raises EncryptedFile, MalformedFile, ScannedDocument, EmptyDocument, DocumentTooLarge."""
    with _pdfium, malformed(file.name, "a damaged PDF"), _opened(file) as document:
        pages = list(_pages(file, document))
        if not any(page.lines for page in pages):
            raise _without_text(file, document)
        bookmarks = list(_bookmarks(document))
        title = _said(lambda: document.get_metadata_value("Title"))
    laid = lay_out(pages)
    headings = tuple(_placed(bookmarks, laid)) or laid.headings
    if _NO_TITLE.fullmatch(title):
        title = headings[0].text if headings else ""
    return Content(laid.text, Outline(laid.pages, headings), title)


def _opened(file: File) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(file.data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise EncryptedFile(file.name) from error
        raise MalformedFile(file.name, "not a PDF, or a damaged one") from error


def _without_text(file: File, document: pypdfium2.PdfDocument) -> Exception:
    drawn = any(raw.FPDFPage_CountObjects(page) for page in document)
    return ScannedDocument(file.name, len(document)) if drawn else EmptyDocument(file.name)


def _pages(file: File, document: pypdfium2.PdfDocument) -> Iterator[Page]:
    characters = 0
    for page in document:
        text_page = page.get_textpage()
        characters += text_page.count_chars()
        if characters > file.max_bytes:
            raise DocumentTooLarge(file.name, characters, file.max_bytes)
        _, foot, _, top = page.get_bbox()
        yield Page(list(_lines(text_page, foot)), top - foot)
        text_page.close()
        page.close()


def _lines(page: pypdfium2.PdfTextPage, foot: float) -> Iterator[Line]:
    """The lines as PDFium tells them apart; a word that it found to be cut at the end of one gets its hyphen back."""
    codes: list[int] = []
    places: list[int] = []
    for at in range(page.count_chars()):
        code = raw.FPDFText_GetUnicode(page.raw, at)
        cut = code in _HYPHEN_AT_LINE_END and raw.FPDFText_IsHyphen(page.raw, at) == 1
        if cut or code in (0x0A, 0x0D):
            yield from _line(page, [*codes, 0x2D] if cut else codes, places, foot)
            codes, places = [], []
        elif code > 0x20 and code not in (0xFFFE, 0xFFFF):
            codes.append(code)
            places.append(at)
        else:
            codes.append(0x20)
    yield from _line(page, codes, places, foot)


def _line(page: pypdfium2.PdfTextPage, codes: Sequence[int], places: Sequence[int], foot: float) -> Iterator[Line]:
    """None for a blank one. Type and base are those of most of three letters: one may be a footnote's mark."""
    units = "".join(map(chr, codes)).encode("utf-16-le", errors="surrogatepass")
    text = one_line(composed(units.decode("utf-16-le", errors="ignore")).translate(_LIGATURES))
    if not text or not places:
        return
    first, middle, last = places[0], places[len(places) // 2], places[-1]
    yield Line(
        text,
        left=page.get_charbox(first, loose=True)[0],
        right=page.get_charbox(last, loose=True)[2],
        base=statistics.median(_base(page, at) for at in (first, middle, last)) - foot,
        size=statistics.median(_size(page, at) for at in (first, middle, last)),
    )


def _base(page: pypdfium2.PdfTextPage, at: int) -> float:
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(page.raw, at, x, y)
    return y.value


def _size(page: pypdfium2.PdfTextPage, at: int) -> float:
    """The size of the type as it is seen: some programs set it at 1 and scale it."""
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(page.raw, at, matrix)
    scale = math.sqrt(abs(matrix.a * matrix.d - matrix.b * matrix.c))
    return max(0.1, float(raw.FPDFText_GetFontSize(page.raw, at)) * scale)


def _bookmarks(document: pypdfium2.PdfDocument) -> Iterator[tuple[int, int, str]]:
    """Page from 0, level from 1, title."""
    for bookmark in islice(document.get_toc(), _MAX_BOOKMARKS):
        title = _said(bookmark.get_title)
        target = bookmark.get_dest()
        page = target.get_index() if target else None
        if title and page is not None:
            yield page, bookmark.level + 1, title


def _said(read: Callable[[], str]) -> str:
    """A title in one line; nothing where it is not proper UTF-16."""
    try:
        return one_line(composed(read()[:MAX_HEADING]))
    except UnicodeDecodeError:
        return ""


def _placed(bookmarks: Sequence[tuple[int, int, str]], laid: Laid) -> list[Heading]:
    """Each where its words stand on its page, else where the page begins; in the order of the text.

    Where there are so many bookmarks on so long pages that nobody could have set them, they are not looked for.
    """
    ends = (*laid.pages[1:], len(laid.text))
    left = _CHARACTERS_LOOKED_THROUGH
    found: list[Heading] = []
    for page, level, title in bookmarks:
        if not 0 <= page < len(laid.pages):
            continue
        start, end = laid.pages[page], ends[page]
        left -= end - start
        at = _stands_at(title[:_CHARACTERS_LOOKED_FOR], laid.text, start, end) if left >= 0 else start
        found.append(Heading(at, level, title))
    return sorted(found, key=lambda heading: heading.start)


def _stands_at(title: str, text: str, start: int, end: int) -> int:
    words = r"\s+".join(map(re.escape, title.split()))
    on_page = text[start:end]
    found = re.search(rf"^{words}", on_page, re.I | re.M) or re.search(words, on_page, re.I)
    return start + found.start() if found else start

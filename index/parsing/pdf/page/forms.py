"""What is filled into forms, and notes that are written on a page: seen like its text, but no part of it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree
from pypdfium2 import PdfDocument, PdfPage, raw

from index.parsing.content import composed, one_line

_MOST = 10_000  # annotations of a page
_MOST_VALUES = 100_000
_UNSEEN = raw.FPDF_ANNOT_FLAG_INVISIBLE | raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_WRITTEN = (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP)
_TICKED = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
_VALUED = (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)
_PASSWORD = 1 << 13
TICK = "☑"
"""A box that is ticked."""
_XFA_DATA = "{http://www.xfa.org/schema/xfa-data/1.0/}data"


@dataclass(frozen=True, slots=True)
class Written:
    """A text that was written on a page, and where, in the file's coordinates; a mark for a box that is ticked."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def written_on(page: PdfPage) -> list[Written] | None:
    """What was filled in and written on a page; None where it has no fields and notes."""
    count = min(raw.FPDFPage_GetAnnotCount(page), _MOST)
    written: list[Written] | None = None
    for number in range(count):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if raw.FPDFAnnot_GetSubtype(annotation) in _WRITTEN:
            written = written or []
            text = "" if raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN else _text(page, annotation)
            if text:
                box = raw.FS_RECTF()
                raw.FPDFAnnot_GetRect(annotation, box)
                written.append(Written(text, box.left, box.bottom, box.right, box.top))
        raw.FPDFPage_CloseAnnot(annotation)
    return written


def _text(page: PdfPage, annotation: raw.FPDF_ANNOTATION) -> str:
    if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_WIDGET:
        return _string(lambda buffer, size: raw.FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size))
    if page.formenv is None:
        return ""
    form = page.formenv.raw
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _TICKED:
        return TICK if raw.FPDFAnnot_IsChecked(form, annotation) else ""
    if kind not in _VALUED or raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return ""
    return _string(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))


def _string(read: Callable[[object, int], int]) -> str:
    """A string that PDFium gives in UTF-16; ``read`` is called with a buffer and its size, and says what it needs."""
    size = read(None, 0)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    read(buffer, size)
    return composed(bytes(buffer)[: max(0, size - 2)].decode("utf-16-le", errors="replace")).strip("\0")


def values_of_xfa(document: PdfDocument) -> Iterator[tuple[str, str]]:
    """The names and values of the fields of a form that Adobe LiveCycle made, which keeps them as XML."""
    for number in range(raw.FPDF_GetXFAPacketCount(document)):
        root = _parsed(_packet(document, number))
        if root is None:
            continue
        for data in root.iter(_XFA_DATA):
            elements = (element for element in data.iter(etree.Element) if not len(element))
            for element, _ in zip(elements, range(_MOST_VALUES), strict=False):
                value = one_line(composed(element.text or ""))
                if value:
                    yield etree.QName(element).localname, value


def _packet(document: PdfDocument, number: int) -> bytes:
    size = ctypes.c_ulong()
    raw.FPDF_GetXFAPacketContent(document, number, None, 0, size)
    content = ctypes.create_string_buffer(size.value)
    raw.FPDF_GetXFAPacketContent(document, number, content, size.value, size)
    return content.raw


def _parsed(packet: bytes) -> etree._Element | None:
    if b"datasets" not in packet[:1_000]:
        return None
    try:
        return etree.fromstring(packet, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    except etree.XMLSyntaxError:
        return None

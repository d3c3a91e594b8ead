"""Opens PDF files, for one thread at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pypdfium2 import PdfDocument, PdfiumError, raw

from index.errors import EncryptedFile, MalformedFile
from index.parsing.content import malformed

# PDFium keeps state of its own: one thread at a time may use it
_pdfium = threading.Lock()
# it warns of forms that it does not show, whose values are read here
logging.getLogger("pypdfium2").setLevel(logging.ERROR)


@contextmanager
def opened_file(name: str, file: bytes | str) -> Iterator[PdfDocument]:
    """The document in a file, given as its bytes or its path. Raises EncryptedFile, MalformedFile."""
    with _pdfium, _opened(name, file) as document:
        with malformed(name, "a damaged PDF"):
            if document.get_formtype() != raw.FORMTYPE_NONE:
                document.init_forms()
        yield document


def _opened(name: str, file: bytes | str) -> PdfDocument:
    try:
        return PdfDocument(file)
    except PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise EncryptedFile(name) from error
        raise MalformedFile(name, "not a PDF, or a damaged one") from error

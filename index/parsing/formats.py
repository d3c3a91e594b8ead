"""Which format a file is in, by its name and by what it holds; one file → one draft."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import PurePath

from index.documents import DocumentDraft, is_blank
from index.errors import DocumentTooLarge, EmptyDocument, EncryptedFile, MislabelledFile, UnsupportedFormat
from index.parsing.content import MAX_BYTES, Content, File, one_line
from index.parsing.docx import docx
from index.parsing.html import html
from index.parsing.markdown import markdown
from index.parsing.pdf import pdf
from index.parsing.text import plain

_READERS: Mapping[str, Callable[[File], Content]] = {
    ".md": markdown,
    ".markdown": markdown,
    ".txt": plain,
    ".html": html,
    ".htm": html,
    ".pdf": pdf,
    ".docx": docx,
}
ARCHIVE = ".zip"
SUPPORTED_SUFFIXES = (*_READERS, ARCHIVE)

_PDF, _WORD, _ZIP = "a PDF", "a Word document", "a zip archive"
_SUFFIX_OF = {_PDF: ".pdf", _WORD: ".docx", _ZIP: ARCHIVE}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# how a file begins that is nothing else
_SIGNATURES = (
    (b"%PDF-", _PDF),
    (b"PK\x03\x04", _ZIP),
    (b"PK\x05\x06", _ZIP),
    (_OLE, "a document of an old Word or another old Office program"),
    (b"{\\rtf", "a rich-text (RTF) document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
)
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_MAX_TITLE = 300


def parse_bytes(name: str, data: bytes, *, max_bytes: int = MAX_BYTES) -> DocumentDraft:
    """The document in ``data``, a file called ``name``, which becomes its source.

    Its text is what will be stored and what all offsets refer to. Raises DocumentError.
    """
    suffix = suffix_of(name)
    reader = _READERS.get(suffix)
    if reader is None:
        raise UnsupportedFormat(name, tuple(other for other in SUPPORTED_SUFFIXES if other != suffix))
    if len(data) > max_bytes:
        raise DocumentTooLarge(name, len(data), max_bytes)
    check_label(name, data)
    content = reader(File(name, data, max_bytes))
    if is_blank(content.text):
        raise EmptyDocument(name)
    if (size := len(content.text.encode(errors="surrogatepass"))) > max_bytes:
        raise DocumentTooLarge(name, size, max_bytes)
    title = one_line(content.title or "")[:_MAX_TITLE].strip() or PurePath(name).stem
    return DocumentDraft(title=title, text=content.text, source=name, outline=content.outline)


def suffix_of(name: str) -> str:
    """The end of the name that says the format, in small letters."""
    return PurePath(name).suffix.lower()


def check_label(name: str, data: bytes) -> None:
    """Raises EmptyDocument, MislabelledFile, EncryptedFile."""
    if not data:
        raise EmptyDocument(name)
    suffix = suffix_of(name)
    if suffix == ".docx" and data.startswith(_OLE) and _ENCRYPTED_OFFICE in data:
        raise EncryptedFile(name)
    holds = next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)
    if holds == _ZIP and suffix != ".docx" and _is_word(data):
        holds = _WORD
    right = _SUFFIX_OF.get(holds or "", "")
    if holds is None or right == suffix or (holds == _ZIP and suffix == ".docx"):
        return
    raise MislabelledFile(name, holds, f"name it {right}" if right else f"{', '.join(SUPPORTED_SUFFIXES)} are read")


def _is_word(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "word/document.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False  # whatever is wrong with it is told when it is unpacked

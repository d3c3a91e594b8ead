"""Which format a file is in, by its name and by what it holds; one file → one draft."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePath

from index.documents import DocumentDraft, is_blank
from index.errors import DocumentTooLarge, EmptyDocument, EncryptedFile, MislabelledFile, UnsupportedFormat
from index.parsing.containers.books import epub
from index.parsing.containers.mail import eml
from index.parsing.containers.outlook import msg
from index.parsing.content import MAX_BYTES, Content, File, one_line
from index.parsing.html import html
from index.parsing.office.docx import docx
from index.parsing.office.latex import written_out
from index.parsing.office.opendocument.sheets import ods
from index.parsing.office.opendocument.texts import odt
from index.parsing.office.rtf import rtf
from index.parsing.office.sheets import xlsx
from index.parsing.office.slides import pptx
from index.parsing.office.texts import by_pandoc, xml
from index.parsing.pdf import pdf
from index.parsing.plain.calendars import ics
from index.parsing.plain.delimited import delimited
from index.parsing.plain.markdown import markdown
from index.parsing.plain.records import json_document, json_lines
from index.parsing.plain.subtitles import subtitles
from index.parsing.plain.text import plain, source_code

_READERS: Mapping[str, Callable[[File], Content]] = {
    ".csv": delimited,
    ".docbook": by_pandoc("docbook"),
    ".docx": docx,
    ".eml": eml,
    ".epub": epub,
    ".fb2": by_pandoc("fb2"),
    ".htm": html,
    ".html": html,
    ".ics": ics,
    ".ipynb": by_pandoc("ipynb"),
    ".markdown": markdown,
    ".md": markdown,
    ".mediawiki": by_pandoc("mediawiki"),
    ".msg": msg,
    ".ods": ods,
    ".odt": odt,
    ".org": by_pandoc("org"),
    ".pdf": pdf,
    ".pptx": pptx,
    ".rst": by_pandoc("rst"),
    ".rtf": rtf,
    ".tex": by_pandoc("latex", written_out),
    ".tsv": delimited,
    ".txt": plain,
    ".typ": by_pandoc("typst"),
    ".xlsx": xlsx,
    ".json": json_document,
    **dict.fromkeys((".jsonl", ".ndjson"), json_lines),
    **dict.fromkeys((".mdx", ".qmd", ".rmd"), markdown),
    **dict.fromkeys((".srt", ".vtt"), subtitles),
    **dict.fromkeys(
        (".c", ".cpp", ".css", ".go", ".h", ".java", ".js", ".py", ".rb", ".rs", ".sh", ".sql", ".ts"), source_code
    ),
    **dict.fromkeys((".adoc", ".asciidoc"), by_pandoc("asciidoc")),
    **dict.fromkeys((".cfg", ".conf", ".ini", ".log", ".properties", ".toml", ".yaml", ".yml"), source_code),
    ".xhtml": html,
    ".xml": xml,
}
ARCHIVE = ".zip"
_OUTLOOK = ".msg"
SUPPORTED_SUFFIXES = tuple(sorted((*_READERS, ARCHIVE)))
# what the programs that write these can write instead
_WAYS_OUT: Mapping[str, str] = {
    **dict.fromkeys((".doc", ".dot", ".wps", ".wpd", ".pages"), "save it as .docx or PDF"),
    **dict.fromkeys((".ppt", ".pps", ".odp", ".key"), "save it as .pptx or PDF"),
    **dict.fromkeys((".xls", ".xlsb", ".numbers"), "save it as .xlsx"),
}

_ARCHIVE_OF_ANY_KIND = "a zip archive"
# of archives that are documents: what is in them, by which they are known
_PACKAGES: Mapping[str, tuple[str, bytes]] = {
    "a Word document": ("word/document.xml", b""),
    "a workbook": ("xl/workbook.xml", b""),
    "a presentation": ("ppt/presentation.xml", b""),
    "an OpenDocument text": ("mimetype", b"application/vnd.oasis.opendocument.text"),
    "an OpenDocument spreadsheet": ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
    "an EPUB book": ("mimetype", b"application/epub+zip"),
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RICH_TEXT = "a rich-text (RTF) document"
# how a file begins that is nothing else
_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", _ARCHIVE_OF_ANY_KIND),
    (b"PK\x05\x06", _ARCHIVE_OF_ANY_KIND),
    (_OLE, "a document of an old Word or another old Office program"),
    (b"{\\rtf", _RICH_TEXT),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
)
_SUFFIX_OF: Mapping[str, str] = {
    "a PDF": ".pdf",
    "a Word document": ".docx",
    "a workbook": ".xlsx",
    "a presentation": ".pptx",
    "an OpenDocument text": ".odt",
    "an OpenDocument spreadsheet": ".ods",
    "an EPUB book": ".epub",
    _RICH_TEXT: ".rtf",
    _ARCHIVE_OF_ANY_KIND: ARCHIVE,
}
_PACKED = frozenset((".docx", ".xlsx", ".pptx", ".odt", ".ods", ".epub", ARCHIVE))
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_MAX_TITLE = 300


def parse_bytes(name: str, data: bytes, *, max_bytes: int = MAX_BYTES) -> DocumentDraft:
    """The document in ``data``, a file called ``name``, which becomes its source.

    Its text is what will be stored and what all offsets refer to. Raises DocumentError.
    """
    suffix = suffix_of(name)
    reader = _READERS.get(suffix)
    if reader is None:
        supported = tuple(other for other in SUPPORTED_SUFFIXES if other != suffix)
        raise UnsupportedFormat(name, supported, _WAYS_OUT.get(suffix, ""))
    if len(data) > max_bytes:
        raise DocumentTooLarge(name, len(data), max_bytes)
    check_label(name, data)
    content = _without_nul(reader(File(name, data, max_bytes)))
    if is_blank(content.text):
        raise EmptyDocument(name)
    if (size := len(content.text.encode(errors="surrogatepass"))) > max_bytes:
        raise DocumentTooLarge(name, size, max_bytes)
    title = one_line(content.title or "")[:_MAX_TITLE].strip() or PurePath(name).stem
    return DocumentDraft(title=title, text=content.text, source=name, outline=content.outline, notes=content.notes)


def _without_nul(content: Content) -> Content:
    """With U+FFFD in the place of U+0000, which not every database holds. The end of a title goes without either."""
    outline = content.outline
    headings = [heading.text for heading in outline.headings]
    if not any(
        "\0" in part for part in (content.text, content.title or "", *outline.labels, *content.notes, *headings)
    ):
        return content
    return Content(
        _replaced(content.text),
        replace(
            outline,
            headings=tuple(replace(heading, text=_replaced(heading.text)) for heading in outline.headings),
            labels=tuple(map(_replaced, outline.labels)),
        ),
        content.title and _replaced(content.title.strip("\0 ")),
        tuple(map(_replaced, content.notes)),
    )


def _replaced(text: str) -> str:
    return text.replace("\0", "\ufffd")


def suffix_of(name: str) -> str:
    """The end of the name that says the format, in small letters."""
    return PurePath(name).suffix.lower()


def check_label(name: str, data: bytes) -> None:
    """Raises EmptyDocument, MislabelledFile, EncryptedFile."""
    if not data:
        raise EmptyDocument(name)
    suffix = suffix_of(name)
    if suffix in _PACKED and data.startswith(_OLE) and _ENCRYPTED_OFFICE in data:
        raise EncryptedFile(name)
    holds = next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)
    if holds == _ARCHIVE_OF_ANY_KIND:
        holds = _package(data)
    right = _SUFFIX_OF.get(holds or "", "")
    # what an archive that no document is known by holds is told when it is read
    if holds is None or right == suffix or (holds == _ARCHIVE_OF_ANY_KIND and suffix in _PACKED):
        return
    if suffix == _OUTLOOK and data.startswith(_OLE):
        return
    advice = f"name it {right}" if right else f"{', '.join(SUPPORTED_SUFFIXES)} are read"
    raise MislabelledFile(name, holds, "save it as .docx, .xlsx, .pptx or PDF" if data.startswith(_OLE) else advice)


def _package(data: bytes) -> str:
    """The kind of document that an archive is, if it is one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = frozenset(archive.namelist())
            for kind, (part, content) in _PACKAGES.items():
                if part in names and (not content or archive.open(part).read(len(content) + 1).strip() == content):
                    return kind
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        pass  # whatever is wrong with it is told when it is unpacked
    return _ARCHIVE_OF_ANY_KIND

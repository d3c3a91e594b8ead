"""The bytes of a file → a document draft."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath

from index.documents import DocumentDraft
from index.errors import DocumentTooLarge, MalformedFile, UnsupportedFormat

SUPPORTED_SUFFIXES = (".md", ".markdown", ".txt")
MAX_BYTES = 50_000_000

_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


def parse_file(path: Path, *, max_bytes: int = MAX_BYTES) -> DocumentDraft:
    """Reads and parses one file; its name becomes the document's source. Raises DocumentError."""
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise DocumentTooLarge(path.name, size, max_bytes)
        data = path.read_bytes()
    except OSError as error:
        raise MalformedFile(path.name, error.strerror or str(error)) from error
    return parse(path.name, data)


def parse_bytes(name: str, data: bytes) -> DocumentDraft:
    """The document in ``data``, a file called ``name``. Raises DocumentError."""
    return parse(name, data)


def parse(name: str, data: bytes) -> DocumentDraft:
    """The document in ``data``, a file called ``name``.

    Its text is what will be stored and what all offsets refer to: without a byte order mark, lines ended by LF, in
    Unicode form NFC. Raises UnsupportedFormat, MalformedFile, EmptyDocument.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUPPORTED_SUFFIXES:
        raise UnsupportedFormat(name, SUPPORTED_SUFFIXES)
    text = unicodedata.normalize("NFC", _decode(name, data).replace("\r\n", "\n").replace("\r", "\n"))
    heading = _HEADING.search(text) if suffix != ".txt" else None
    title = heading.group(1) if heading else PurePath(name).stem
    return DocumentDraft(title=title, text=text, source=name)


def files_in(paths: Iterable[Path]) -> list[Path]:
    """The files among ``paths``, and the files of a supported kind in the folders among them, sorted."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (p for p in path.rglob("*") if p.suffix.lower() in SUPPORTED_SUFFIXES and p.is_file())
            found.extend(sorted(inside))
        else:
            found.append(path)
    return found


def _decode(name: str, data: bytes) -> str:
    label, codec = ("UTF-16", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("UTF-8", "utf-8-sig")
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise MalformedFile(name, f"not {label} text at byte {error.start:,}") from error
    if "\0" in text:
        raise MalformedFile(name, "not a text file: it holds NUL characters")
    return text

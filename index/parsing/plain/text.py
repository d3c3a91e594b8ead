"""Plain text, and the decoding that every format written in characters needs."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from index.documents import Outline
from index.errors import MalformedFile
from index.parsing.content import Content, File, one_line, settled
from index.parsing.plain.encodings import guessed, is_escaped
from index.passages.headings import outlined

# UTF-32's little-endian mark begins with that of UTF-16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FOREIGN_LINE = re.compile(r"^.*[^\x00-\x7f\n\r].*$", re.MULTILINE)
_HIGHEST_OF_ALPHABETS = 0x22
"""The high byte of letters and marks in UTF-16, but for writing that has a sign for each syllable or word."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SHOWN = 80
"""Characters that a note shows of a line."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The characters of a file, lines ended by LF, in Unicode form NFC."""

    text: str
    notes: tuple[str, ...] = ()
    """A doubt about the encoding, with a line to judge it by."""


def plain(file: File) -> Content:
    """The text as it stands, with the headings that it seems to have."""
    read = decoded(file)
    return Content(read.text, outlined(read.text), notes=read.notes)


def source_code(file: File) -> Content:
    """The text as it stands."""
    read = decoded(file)
    return Content(read.text, Outline(), notes=read.notes)


def decode(file: File, declared: str | None = None) -> str:
    """The characters of the file: by its mark, as UTF-8, as ``declared``, or as they look. Raises MalformedFile."""
    return _read(file, declared)[0]


def decoded(file: File, declared: str | None = None) -> Decoded:
    """As `decode`, brought into the form that is stored, with a note where the encoding is a guess."""
    text, guess = _read(file, declared)
    text = settled(text)
    if not guess:
        return Decoded(text)
    found = _FOREIGN_LINE.search(text)
    line = one_line(found.group()) if found else ""
    shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
    return Decoded(text, (f"read as {_name(guess)}: “{shown}”; if it is not so, save the file as UTF-8",))


def _read(file: File, declared: str | None) -> tuple[str, str]:
    """The characters, and the encoding where it is a guess."""
    for mark, encoding in _MARKS:
        if file.data.startswith(mark):
            return _checked(file, _strictly(file, len(mark), encoding)), ""
    guess = ""
    try:
        text = file.data.decode("utf-8")
    except UnicodeDecodeError as error:
        if not declared:
            guess = _guess(file, error.start)
        text = _strictly(file, 0, declared or guess)
    else:
        if "\0" in text:
            text = _strictly(file, 0, _unmarked_utf16(file))
        elif is_escaped(file.data):
            guess = guessed(file, 0)
            text = _strictly(file, 0, guess)
    return _checked(file, text), guess


def _name(encoding: str) -> str:
    """As people and other programs call it."""
    return re.sub(r"^cp(125\d)$", r"windows-\1", encoding).replace("_", "-")


def _strictly(file: File, start: int, encoding: str) -> str:
    try:
        return file.data[start:].decode(encoding)
    except UnicodeDecodeError as error:
        reason = f"not {encoding.upper()} text at byte {start + error.start:,}"
        raise MalformedFile(file.name, reason) from error
    except (LookupError, ValueError) as error:
        raise MalformedFile(file.name, f"it says that its encoding is {encoding!r}, which is unknown") from error


def _checked(file: File, text: str) -> str:
    if "\0" in text:
        raise MalformedFile(file.name, "not a text file: it holds NUL characters")
    return text


def _guess(file: File, first_fault: int) -> str:
    """The encoding of bytes that are not UTF-8 from ``first_fault`` on."""
    sound = file.data.decode("utf-8", errors="ignore")
    lost = len(file.data) - len(sound.encode())
    if sum(not c.isascii() for c in sound) > 2 * lost:
        raise MalformedFile(file.name, f"not UTF-8 text at byte {first_fault:,}, though nearly all of it is")
    return _unmarked_utf16(file) if b"\0" in file.data else guessed(file, first_fault)


def _unmarked_utf16(file: File) -> str:
    """The byte order in which the NULs are the high bytes of Latin letters and of spaces. Raises MalformedFile."""
    first, second = file.data[::2], file.data[1::2]
    high, low = (first, second) if 0 in first else (second, first)
    order = "utf-16-be" if high is first else "utf-16-le"
    is_alphabet = high.count(0) >= 0.3 * len(file.data) or max(high) <= _HIGHEST_OF_ALPHABETS
    if 0 in low or not is_alphabet or _CONTROL.search(file.data.decode(order, "ignore")):
        raise MalformedFile(file.name, "not a text file: it holds NUL characters")
    return order

"""Plain text, and the decoding that every format written in characters needs."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

from index.documents import Outline
from index.errors import MalformedFile
from index.parsing.content import Content, File, settled

# UTF-32's little-endian mark begins with that of UTF-16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# those that documents are still found in, the likelier first; among all that exist, German looks Baltic
_LEGACY = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "koi8_r"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
_SAMPLE = 100_000


def plain(file: File) -> Content:
    """The text as it stands."""
    return Content(settled(decode(file)), Outline())


def decode(file: File, declared: str | None = None) -> str:
    """The characters of the file: by its mark, as UTF-8, as ``declared``, or as they look. Raises MalformedFile."""
    for mark, encoding in _MARKS:
        if file.data.startswith(mark):
            return _checked(file, _strictly(file, len(mark), encoding))
    try:
        text = file.data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = _strictly(file, 0, declared or _guess(file, error.start))
    else:
        text = _strictly(file, 0, _unmarked_utf16(file)) if "\0" in text else text
    return _checked(file, text)


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
    if b"\0" in file.data:
        return _unmarked_utf16(file)
    sample = file.data[max(0, first_fault - _SAMPLE) : first_fault + _SAMPLE]
    found = from_bytes(sample, cp_isolation=list(_LEGACY))
    best = found.best()
    if best is None:
        raise MalformedFile(file.name, "not a text file, or in an encoding that cannot be told: save it as UTF-8")
    alike = (match.encoding for match in found if (match.chaos, match.coherence) == (best.chaos, best.coherence))
    return min(alike, key=_LEGACY.index)


def _unmarked_utf16(file: File) -> str:
    """The byte order in which the NULs are the high bytes of Latin letters. Raises MalformedFile."""
    high, low = file.data[::2].count(0), file.data[1::2].count(0)
    if max(high, low) < 0.3 * len(file.data) or min(high, low):
        raise MalformedFile(file.name, "not a text file: it holds NUL characters")
    return "utf-16-be" if high else "utf-16-le"

"""The encoding of old text files, which nothing in them names."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

import chardet
from chardet import EncodingEra

from index.errors import MalformedFile
from index.parsing.content import File

_SAMPLE = 100_000
# all but those of mainframes, whose texts hold other bytes than files of people do
_ERAS = EncodingEra.ALL & ~EncodingEra.MAINFRAME
# what is meant is the larger set of characters that programs wrote under these names
_LARGER = {"ascii": "cp1252", "iso8859-1": "cp1252", "shift_jis": "cp932", "euc_kr": "cp949", "gb2312": "gb18030"}
_LARGER |= {"gbk": "gb18030", "big5": "cp950", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis_620": "cp874"}
_WINDOWS = "cp1252"
_UNTOLD = 0.1
"""A confidence below which a short text may be in any encoding."""
_NO_TEXT = 0.05
"""A confidence below which a long one is no text."""
_SHORT = 100
"""Bytes outside ASCII."""
_OUTSIDE_ASCII = re.compile(rb"[\x80-\xff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_SYMBOLS = re.compile(r"[\x00-\x7f€“”‘’–—…©®™°§«»²³¹½¼¾·•£µ±×÷ªº¿¡¶¢¥]*")
# Greek, Cyrillic, Hebrew or Arabic letters in a word of Latin ones
_MIXED = re.compile("[A-Za-z][\u0370-\u06ff]|[\u0370-\u06ff][A-Za-z]")
# no word that is read as it was written has a capital behind a small letter, or a mark between letters
_MISREAD = re.compile(
    r"[a-zà-ÿ][A-ZÀ-ÞŠŒŽŸ]|(?<=[A-Za-zÀ-ÿ])[^\x00-\x7fA-Za-zÀ-ÿŠŒŽŸšœž’–—](?=[A-Za-z])|[‚„†‡ˆ‰˜¢¤¥¦¨¬¯±¶¸¹¼¾ªºƒÝÞþð]"
)


def guessed(file: File, first_fault: int) -> str:
    """The encoding of bytes that are not UTF-8 from ``first_fault`` on. Raises MalformedFile where none is likely."""
    sample = file.data[max(0, first_fault - _SAMPLE) : first_fault + _SAMPLE]
    foreign = len(_OUTSIDE_ASCII.findall(sample))
    for encoding, confidence in _candidates(sample, foreign):
        if confidence < _NO_TEXT and foreign > _SHORT:
            break
        text = _decoded(file.data, encoding)
        if text is None or _CONTROLS.search(text) or (foreign <= _SHORT and _MIXED.search(text)):
            continue
        return encoding
    raise MalformedFile(file.name, "not a text file, or in an encoding that cannot be told: save it as UTF-8")


def meant(declared: str) -> str:
    """The encoding that is meant where a text says ``declared``. Raises LookupError where nobody knows it."""
    name = codecs.lookup(declared).name
    return _LARGER.get(name, name)


def is_escaped(data: bytes) -> bool:
    """Whether the text may be in one of the encodings of East Asia that consist of ASCII and escapes."""
    return b"\x1b$" in data


def _candidates(sample: bytes, foreign: int) -> Iterator[tuple[str, float]]:
    """Encodings, the likelier first, each with a confidence from 0 to 1."""
    found = chardet.detect_all(sample, compat_names=False, encoding_era=_ERAS, no_match_encoding=_WINDOWS)
    windows = _decoded(sample, _WINDOWS)
    if windows is not None and foreign and (_SYMBOLS.fullmatch(windows) or _is_likely(windows, found[0]["confidence"])):
        yield _WINDOWS, 1.0
    for candidate in found:
        if encoding := candidate["encoding"]:
            yield _LARGER.get(encoding, encoding), candidate["confidence"]
            yield encoding, candidate["confidence"]


def _is_likely(windows: str, confidence: float) -> bool:
    """Whether so few words speak for anything else that they are in what most files are in, as which they read well."""
    return confidence < _UNTOLD and not _MISREAD.search(windows)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None

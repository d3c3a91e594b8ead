"""Rich text (.rtf): pandoc reads it, but takes the bytes of every old character set for Western ones."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from index.parsing.blocks import from_blocks
from index.parsing.content import Content, File, malformed
from index.parsing.office.converter import syntax_tree
from index.parsing.office.pandoc import blocks_of

# by the number of the character set of a font
_CHARACTER_SETS: Mapping[int, str] = {
    **{77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254"},
    **{163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"},
}
_TOKEN = re.compile(
    rb"(?P<bytes>(?:\\'[0-9A-Fa-f]{2}|[\x80-\xff])+)|(?P<open>\{)|(?P<close>\})"
    rb"|\\(?P<word>[A-Za-z]+)(?P<number>-?\d+)? ?|\\.|(?P<text>[^\\{}\x80-\xff]+)",
    re.DOTALL,
)
_AROUND_PAGES = re.compile(rb"\{\\(?:header|footer)[lrf]?(?![a-z])")
_BYTE = re.compile(rb"\\'([0-9A-Fa-f]{2})|([\x80-\xff])")


def rtf(file: File) -> Content:
    """Raises MalformedFile, DocumentTooComplex."""
    with malformed(file.name, "not a rich-text document (.rtf), or a damaged one"):
        # marked as what a reader may pass over, which pandoc then does
        data = _in_unicode(file.data.replace(rb"{\*\footnote", rb"{\footnote"))
    notes = ["not read: headers and footers"] if _AROUND_PAGES.search(file.data) else []
    return from_blocks(blocks_of(syntax_tree(file, data, "rtf")), notes=notes)


def _in_unicode(data: bytes) -> bytes:
    r"""The same document, all its characters in UTF-8, which pandoc reads: "О" instead of ``\'ce`` or ``\u1054?``."""
    usual = "cp1252"
    fonts: dict[int, str] = {}
    font = 0  # the one whose description comes, or in which text is set
    around: list[tuple[str, int]] = []  # of each open group: the encoding outside it, and what stands in for a \u
    encoding, stand_ins = usual, 1
    skipped = 0  # how many of the next characters only stand in for one that was written by its number
    made: list[str] = []
    for token in _TOKEN.finditer(data):
        word, number = token["word"], int(token["number"] or 0)
        if token["bytes"]:
            raw = bytes(int(found[1], 16) if found[1] else found[2][0] for found in _BYTE.finditer(token["bytes"]))
            made.append(raw[skipped:].decode(encoding, errors="replace"))
        elif token["text"]:
            made.append(token["text"][skipped:].decode("ascii"))
        elif word == b"u":
            made.append(chr(number % 0x10000))
        elif word:
            # apart from what follows, which may be a letter now
            made.append("" if word == b"uc" else token.group().decode("ascii").rstrip() + " ")
        else:
            made.append(token.group().decode("latin-1"))
        skipped = stand_ins if word == b"u" else 0
        if token["open"]:
            around.append((encoding, stand_ins))
        elif token["close"] and around:
            encoding, stand_ins = around.pop()
        elif word == b"ansicpg":
            usual = encoding = _known(f"cp{number}")
        elif word == b"mac":
            usual = encoding = "mac_roman"
        elif word == b"uc":
            stand_ins = number
        elif word == b"f":
            font, encoding = number, fonts.get(number, usual)
        elif word == b"fcharset":
            fonts[font] = encoding = _CHARACTER_SETS.get(number, usual)
        elif word == b"plain":
            encoding = usual
    # a character beyond the first 65,536 is written as a pair of numbers
    return "".join(made).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return "cp1252"

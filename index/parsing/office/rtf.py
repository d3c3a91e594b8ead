"""Rich text (.rtf): pandoc reads it, but takes the bytes of every old character set for Western ones."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from index.parsing.blocks import BULLET, Block, Cell, Row, from_blocks
from index.parsing.content import Content, File, malformed
from index.parsing.office.converter import syntax_tree
from index.parsing.office.marks import GOES_ON, MARKER, level_of, marked
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
# entries of an index and of a table of contents, which stand where they point to but are not seen there
_UNSEEN = re.compile(rb"\{\\(xe|tcn?)(?![a-z])")
# the rows of tables in cells become lines of these
_END_OF_INNER_ROW = re.compile(rb"\{\\\*\\nesttableprops[^{}]*\}")
_WORD = re.compile(r"\\(?P<word>[A-Za-z]+)(?P<number>-?\d+)? ?|\\.|[{}]|[^\\{}]+", re.DOTALL)
_BYTE = re.compile(rb"\\'([0-9A-Fa-f]{2})|([\x80-\xff])")


def rtf(file: File) -> Content:
    """Raises MalformedFile, DocumentTooComplex."""
    with malformed(file.name, "not a rich-text document (.rtf), or a damaged one"):
        # marked as what a reader may pass over, which pandoc then does
        data = _UNSEEN.sub(rb"{\*\\\1", file.data.replace(rb"{\*\footnote", rb"{\footnote"))
        data = _END_OF_INNER_ROW.sub(rb"\\line ", data.replace(rb"\nestcell", rb"\tab"))
        text, is_whole = _in_unicode(data)
    notes = ["not read: headers and footers"] if _AROUND_PAGES.search(file.data) else []
    if not is_whole:
        notes.append("the file ends in the middle: what follows is missing")
    return from_blocks(_completed(blocks_of(syntax_tree(file, _marked(text).encode(), "rtf"))), notes=notes)


def _completed(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks with what pandoc did not tell of them."""
    for block in blocks:
        if block.kind == "table":
            yield replace(block, rows=_with_merged(block.rows))
        elif (found := MARKER.match(block.text)) and block.kind in ("paragraph", "heading"):
            text = _plain(block.text[found.end() :])
            if block.kind == "heading":
                yield replace(block, text=text, marker=found[2].strip())
            else:
                yield Block(text, level_of(found) + 1, "list_item", _sign(found[2]))
        else:
            yield replace(block, text=_plain(block.text))


def _with_merged(rows: Iterable[Row]) -> tuple[Row, ...]:
    made: list[Row] = []
    for row in rows:
        above = made[-1] if made else ()
        cells = [replace(cell, text=_plain(cell.text)) if cell.text != GOES_ON else None for cell in row]
        made.append(tuple(cell or (above[n] if n < len(above) else Cell("")) for n, cell in enumerate(cells)))
    return tuple(made)


def _plain(text: str) -> str:
    return MARKER.sub(lambda found: f"{_sign(found[2])} ", text).replace(GOES_ON, "")


def _sign(marker: str) -> str:
    """What stands before a paragraph: fonts of symbols have bullets in the places of all kinds of characters."""
    marker = marker.strip()
    return marker if (len(marker) > 1 and any(map(str.isalnum, marker))) or marker.isdigit() else BULLET


def _in_unicode(data: bytes) -> tuple[str, bool]:
    r"""The same document, all its characters in UTF-8, which pandoc reads: "О" instead of ``\'ce`` or ``\u1054?``.

    Also whether it is whole.
    """
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
    made.append("}" * len(around))
    # a character beyond the first 65,536 is written as a pair of numbers
    return "".join(made).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), not around


def _marked(text: str) -> str:
    """The same document with marks around what stands before paragraphs, and in cells that go on from above.

    pandoc would count the items of lists itself, and loses count at each paragraph between them.
    """
    marking = _Marking(has_markers="\\listtext" in text or "\\pntext" in text)
    return "".join(map(marking.written, _WORD.finditer(text)))


class _Marking:
    """One way through a document, token by token."""

    def __init__(self, *, has_markers: bool) -> None:
        """``has_markers``: what stands before paragraphs is written there, and need not be counted."""
        self._has_markers = has_markers
        self._depth = 0
        self._unseen = 0  # how deep the group is that is not shown where it stands
        self._is_marker = False  # whether this group is what stands before the paragraph
        self._marker: str | None = None  # of the paragraph, until its first character comes
        self._level = 0  # of the paragraph's list
        self._goes_on: list[bool] = []  # of each cell of the row, from the one above
        self._cell = 0

    def written(self, token: re.Match[str]) -> str:
        """The token as it is to stand there, with a mark before it where there is to be one."""
        word, text = token["word"], token.group()
        self._depth += (text == "{") - (text == "}")
        if self._depth < self._unseen:
            self._unseen, self._is_marker = 0, False
        if word in ("listtext", "pntext"):
            self._marker, self._is_marker, self._unseen = "", True, self._depth
            return f"\\*{text}"
        is_said = word in ("par", "cell", "tab", "line") if word else text.strip() not in ("", "{", "}", "\\*")
        if self._unseen:
            if self._is_marker and is_said and not word:
                self._marker = f"{self._marker}{text}"
            return text
        if text == "\\*":
            self._unseen = self._depth
        mark = self._mark() if is_said else ""
        return mark + (self._command(word, int(token["number"] or 0), text) if word else text)

    def _mark(self) -> str:
        marker, self._marker = self._marker, None
        return "" if marker is None else marked(marker, self._level)

    def _command(self, word: str, number: int, text: str) -> str:
        match word:
            case "ls" if self._has_markers:
                return ""
            case "pard" | "ilvl":
                self._level = number
            case "trowd":
                self._goes_on = [False]
            case "clvmrg" if self._goes_on:
                self._goes_on[-1] = True
            case "cellx":
                self._goes_on.append(False)
            case "cell":
                goes_on = any(self._goes_on[self._cell : self._cell + 1])
                self._cell += 1
                return GOES_ON * goes_on + text
            case "row":
                self._cell = 0
        return text


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return "cp1252"

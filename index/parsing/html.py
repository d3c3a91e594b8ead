"""HTML: what a reader would see of the page, without its menus."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from lxml import etree

from index.parsing.blocks import Block, from_blocks
from index.parsing.content import Content, File, malformed, one_line, settled
from index.parsing.text import decode

_UNSEEN = frozenset(
    (
        "script",
        "style",
        "template",
        "noscript",
        "nav",
        "svg",
        "math",
        "iframe",
        "object",
        "select",
        "button",
        "textarea",
    )
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# what runs on in its line; any other element begins and ends a block
_INLINE = re.compile(
    "a|abbr|acronym|audio|b|bdi|bdo|big|canvas|cite|code|data|del|dfn|em|embed|font|i|img|input|ins|kbd|label|map|mark|"
    "meter|output|picture|progress|q|rp|rt|ruby|s|samp|small|span|strike|strong|sub|sup|time|tt|u|var|video|wbr"
).fullmatch
# a cell of a table that only lays the page out holds these
_BLOCK_IN_CELL = frozenset(["li", "table", *_HEADINGS])
_EDGE_OF_CELL = re.compile(r"\s*\n\s*\|\s*|\s*\|\s*\n\s*")
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_DECLARED_WITHIN = 4_096
_ITEM = "-"


def html(file: File) -> Content:
    """Paragraphs, headings, list items and table rows, each a block of its own."""
    text = settled(decode(file, _declared(file.data)))
    reader = _Reader()
    # libxml2 reads in one pass whatever the nesting; a tree of HTML5 takes quadratic time where it is deep
    parser = etree.HTMLParser(target=reader)
    with malformed(file.name, "its HTML cannot be parsed"):
        parser.feed(text)
        parser.close()
    return from_blocks(reader.blocks, one_line(reader.title))


def _declared(data: bytes) -> str | None:
    found = _DECLARED.search(data[:_DECLARED_WITHIN])
    if found is None:
        return None
    encoding = found.group(1).decode("ascii")
    try:
        encoding = codecs.lookup(encoding).name
    except LookupError:
        return None  # as browsers do: what nobody knows was not declared
    # browsers too take these names for the larger Windows set, since that is what is meant
    return "cp1252" if encoding in ("ascii", "iso8859-1") else encoding


class _Reader:
    """Hears of tags and characters one after the other, as `etree.HTMLParser` tells of them."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._title: list[str] = []
        self._pieces: list[str] = []
        self._beginning = ""
        self._level = 0
        self._unseen = 0
        self._preformatted = 0
        self._in_title = False
        self._cells = 0

    @property
    def title(self) -> str:
        """What the page calls itself."""
        return "".join(self._title)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """A tag opens."""
        if tag in _UNSEEN or self._unseen:
            self._unseen += tag in _UNSEEN
            return
        if tag == "br":
            self._hear("\n")
        elif tag in ("td", "th"):
            self._hear(" | " if self._cells else "")
            self._cells += 1
        elif tag in _BLOCK_IN_CELL or (not _INLINE(tag) and not self._cells):
            self._begin(tag)
        elif not _INLINE(tag):
            self._hear("\n")
        self._in_title = self._in_title or (tag == "title" and not self._title)

    def end(self, tag: str) -> None:
        """A tag closes."""
        if tag in _UNSEEN or self._unseen:
            self._unseen -= tag in _UNSEEN
        elif tag == "title":
            self._in_title = False
        elif tag == "br":
            return  # it said all at its start
        elif tag in _BLOCK_IN_CELL or tag == "tr" or (not _INLINE(tag) and not self._cells):
            self._finish()
            self._preformatted -= tag == "pre" and self._preformatted > 0

    def data(self, text: str) -> None:
        """Characters, as many at a time as the parser likes."""
        if self._in_title:
            self._title.append(text)
        elif not self._unseen:
            self._hear(text if self._preformatted else re.sub(r"\s+", " ", text))

    def comment(self, text: str) -> None:
        """Nobody sees it."""

    def close(self) -> None:
        """The page is over."""
        self._finish()

    def _hear(self, text: str) -> None:
        self._pieces.append(text)
        if len(self._beginning) <= len(_ITEM):
            self._beginning += text.strip()[: len(_ITEM) + 1]

    def _begin(self, tag: str) -> None:
        if tag == "li" or self._beginning != _ITEM:
            self._finish()  # but an item's first paragraph is the item
        self._level = _HEADINGS.get(tag, 0)
        self._preformatted += tag == "pre"
        if tag == "li":
            self._hear(_ITEM + " ")

    def _finish(self) -> None:
        """What has been heard so far is a block."""
        raw = "".join(self._pieces)
        text = raw.strip("\n") if self._preformatted else _lines(raw)
        if text.strip(" |\n\t") not in ("", _ITEM):
            self.blocks.append(Block(text, self._level, "heading" if self._level else "paragraph"))
        self._pieces, self._beginning, self._cells, self._level = [], "", 0, 0


def _lines(text: str) -> str:
    """With one space between words, and only the line breaks that the page asks for."""
    lines = "\n".join(line for part in text.split("\n") if (line := one_line(part)))
    return _EDGE_OF_CELL.sub(r" | ", lines).strip()

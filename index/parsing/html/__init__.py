"""HTML: what a reader would see of the page, without its menus."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from index.parsing.blocks import Block, from_blocks
from index.parsing.content import Content, File, left_out, malformed, one_line
from index.parsing.html.clutter import remove_clutter
from index.parsing.html.tree import Node, parse
from index.parsing.html.visible import keep_visible
from index.parsing.html.walk import blocks_of
from index.parsing.plain.encodings import meant
from index.parsing.plain.text import decoded

_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})|^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{1,40})",
    re.IGNORECASE,
)
_DECLARED_WITHIN = 4_096


@dataclass(frozen=True, slots=True)
class Page:
    """What a reader sees of a page, the title that it gives itself, and notes of what is left out."""

    blocks: list[Block]
    title: str
    notes: list[str]


def html(file: File) -> Content:
    """Paragraphs, headings, list items, tables, code and captions, each a block of its own."""
    read = decoded(file, declared(file.data))
    with malformed(file.name, "its HTML cannot be parsed"):
        page = page_of(read.text)
    return from_blocks(page.blocks, page.title, notes=[*read.notes, *page.notes])


def page_of(text: str, *, has_menus: bool = True) -> Page:
    """The page that ``text`` is in HTML. It is wholly content unless it ``has_menus`` and the like around that."""
    root = parse(text)
    title = _title(root)
    notes = left_out("hidden on the page", keep_visible(root))
    if has_menus:
        notes += left_out("menus, lists of links and notices around the content", remove_clutter(root))
    return Page(blocks_of(root), title, notes)


def _title(root: Node) -> str:
    """What the page calls itself. Pictures drawn in it have titles of their own."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.tag == "title":
            return one_line(node.text())
        if node.tag != "svg":
            waiting += [*node.elements()][::-1]
    return ""


def declared(data: bytes) -> str | None:
    """The encoding that a page or an XML file says it is in, if anybody knows it."""
    found = _DECLARED.search(data[:_DECLARED_WITHIN])
    if found is None:
        return None
    with suppress(LookupError):  # as browsers do: what nobody knows was not declared
        return meant((found.group(1) or found.group(2)).decode("ascii"))
    return None

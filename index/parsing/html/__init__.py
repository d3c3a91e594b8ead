"""HTML: what a reader would see of the page, without its menus."""

from __future__ import annotations

import codecs
import re

from index.parsing.blocks import from_blocks
from index.parsing.content import Content, File, left_out, malformed, one_line
from index.parsing.html.clutter import remove_clutter
from index.parsing.html.tree import Node, parse
from index.parsing.html.visible import keep_visible
from index.parsing.html.walk import blocks_of
from index.parsing.plain.text import decoded

_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})|^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{1,40})",
    re.IGNORECASE,
)
_DECLARED_WITHIN = 4_096


def html(file: File) -> Content:
    """Paragraphs, headings, list items, tables, code and captions, each a block of its own."""
    read = decoded(file, _declared(file.data))
    with malformed(file.name, "its HTML cannot be parsed"):
        root = parse(read.text)
    title = _title(root)
    notes = [
        *read.notes,
        *left_out("hidden on the page", keep_visible(root)),
        *left_out("menus, lists of links and notices around the content", remove_clutter(root)),
    ]
    return from_blocks(blocks_of(root), title, notes=notes)


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


def _declared(data: bytes) -> str | None:
    found = _DECLARED.search(data[:_DECLARED_WITHIN])
    if found is None:
        return None
    encoding = (found.group(1) or found.group(2)).decode("ascii")
    try:
        encoding = codecs.lookup(encoding).name
    except LookupError:
        return None  # as browsers do: what nobody knows was not declared
    # browsers too take these names for the larger Windows set, since that is what is meant
    return "cp1252" if encoding in ("ascii", "iso8859-1") else encoding

"""What an element is to the eye: a heading, a block with lines of its own, or a part of a line."""

from __future__ import annotations

import re

from index.parsing.html.tree import Node
from index.parsing.html.visible import style

HEADINGS = {f"h{level}": level for level in range(1, 7)}
# what begins and ends a line; browsers take all elements that they don't know for parts of a line
_BLOCK = re.compile(
    "#document|address|article|aside|blockquote|body|caption|center|dd|details|dialog|dir|div|dl|dt|fieldset|"
    "figcaption|figure|footer|form|frameset|h[1-6]|header|hgroup|hr|html|legend|li|listing|main|menu|nav|ol|optgroup|p|"
    "plaintext|pre|search|section|summary|table|tbody|td|tfoot|th|thead|tr|ul|xmp"
).fullmatch


def level_of(node: Node) -> int:
    """The level of a heading, from 1; 0 for any other element."""
    if node.tag in HEADINGS:
        return HEADINGS[node.tag]
    if node.get("role") == "heading":
        level = node.get("aria-level")
        return int(level) if level in "123456" and level else 2
    return 0


def is_block(node: Node) -> bool:
    """Whether a line begins and ends with it."""
    if "style" in node.attributes and (shown := re.search(r"(?:^|;)display:([\w-]+)", style(node))):
        if shown.group(1) == "inline" and node.tag in ("div", "p", "section"):
            return False
        if shown.group(1) in ("block", "flex", "grid", "table", "table-row", "list-item", "flow-root"):
            return True
    return _BLOCK(node.tag) is not None

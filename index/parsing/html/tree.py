"""The elements of a page as a tree, in time proportional to the page whatever is nested in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern

from lxml import etree

from index.parsing.content import one_line

MAX_DEPTH = 120
"""Elements nested more deeply, which no page needs, stand beside one another at this depth."""
# their characters are no text of the page, so they stay in them at any depth
_RAW = frozenset(("script", "style", "title", "textarea", "noscript", "template", "iframe", "object", "svg"))
_VOID_IN_XHTML = re.compile(r"<(script|style|title|textarea|iframe|noscript)\b([^<>]*)/>", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Node:
    """An element. Its measures are set by `index.parsing.html.visible.keep_visible`."""

    tag: str
    attributes: Mapping[str, str]
    children: list[Node | str] = field(default_factory=list)
    start: int = 0
    """How many visible characters, white space not counted, stand before it on the page."""
    length: int = 0
    """How many visible characters it holds, white space not counted."""
    linked: int = 0
    """How many of them are in links."""
    links: int = 0
    """How many links with text it holds."""

    @property
    def end(self) -> int:
        """How many visible characters stand before what follows it."""
        return self.start + self.length

    @property
    def unlinked(self) -> int:
        """How many of its visible characters are in no link."""
        return self.length - self.linked

    def get(self, name: str) -> str:
        """The value of an attribute, empty where it has none."""
        return self.attributes.get(name) or ""

    def elements(self) -> Iterator[Node]:
        """The elements directly in it."""
        return (child for child in self.children if isinstance(child, Node))

    def descendants(self) -> Iterator[Node]:
        """The elements in it, in document order."""
        waiting = [*self.elements()][::-1]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += [*node.elements()][::-1]

    def text(self) -> str:
        """All characters in it, with the breaks of its lines."""
        return "".join(child if isinstance(child, str) else _text(child) for child in self.children)

    def words(self) -> str:
        """What it says, on one line, for people to recognise it by."""
        return one_line(" ".join(child if isinstance(child, str) else child.words() for child in self.children))


def _text(node: Node) -> str:
    return "\n" if node.tag == "br" else "" if node.tag in ("script", "style") else node.text()


def parse(text: str) -> Node:
    """The tree of a page. Raises whatever lxml raises where it isn't HTML at all."""
    if text.lstrip("\ufeff \t\n").startswith("<?xml"):
        text = _VOID_IN_XHTML.sub(r"<\1\2></\1>", text)  # HTML would take what follows as theirs
    builder = _Builder()
    # libxml2 reads in one pass whatever the nesting, but its own tree ends at 2,048 elements in one another, and the
    # trees of HTML5 parsers take quadratic time to walk
    parser = etree.HTMLParser(target=builder)
    parser.feed(text)
    parser.close()
    return builder.root


class _Builder:
    """Hears of tags and characters one after the other, as `etree.HTMLParser` tells of them."""

    def __init__(self) -> None:
        self.root = Node("#document", {})
        self._open = [self.root]

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """A tag opens."""
        node = Node(intern(tag), attributes)
        self._open[min(len(self._open) - 1, MAX_DEPTH)].children.append(node)
        self._open.append(node)

    def end(self, tag: str) -> None:
        """A tag closes."""
        if len(self._open) > 1 and self._open[-1].tag == tag:
            self._open.pop()

    def data(self, text: str) -> None:
        """Characters, as many at a time as the parser likes."""
        holder = self._open[-1]
        if len(self._open) > MAX_DEPTH + 1 and holder.tag not in _RAW:
            holder = self._open[MAX_DEPTH]
        holder.children.append(text)

    def comment(self, text: str) -> None:
        """Nobody sees it."""

    def close(self) -> None:
        """The page is over."""

"""Menus, notices and lists of links around the content of a page.

What holds sentences is content unless its author calls it something else: trafilatura and resiliparse leave out more,
and with it rows of tables, headings, captions and the linked words of sentences.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from index.parsing.html.tree import Node

_MENU_ROLES = frozenset(("navigation", "menu", "menubar", "search", "toolbar", "dialog", "alertdialog"))
_AROUND_CONTENT = frozenset(("banner", "complementary", "contentinfo"))
# names that authors give to what is not their content, in classes and ids
_LINK_LISTS = re.compile(
    r"(?:^|[\s_-])(?:\w*nav(?:bar|igation)?|\w*menu\w*|bread-?crumbs?|side-?bar|side|rail|(?:site|page|top|sub|main)?-?"
    r"(?:header|footer)|masthead|top-?bar|related\w*|recommend\w*|popular|trending|most-?(?:read|viewed|popular)|social|"
    r"shar(?:e|ing)\w*|follow|languages?|lang|locales?|interlanguage|tags?|tagcloud|categor(?:y|ies)|catlinks|labels|"
    r"pag(?:er|ination)|skip|jump|blogroll|archives?|widget|toolbar|tools|sister\w*|next|prev\w*|promo\w*)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_PATHS = re.compile(r"(?:^|[\s_-])(?:bread-?crumbs?|mw-editsection)(?:$|[\s_-])", re.IGNORECASE)
_RELATED = re.compile(
    r"(?:^|[\s_-])(?:related\w*|recommend\w*|most-?(?:read|viewed|popular)|trending|read-?(?:more|next|also))(?:$|[\s_-])",
    re.IGNORECASE,
)
_COOKIES = re.compile(
    r"(?:cookie|consent|gdpr|ccpa)s?[\s_-]*(?:law|consent|policy)?[\s_-]*(?:bar|banner|notice|notification|message|info|"
    r"popup|modal|overlay|alert|dialog|disclaimer|wrapper|container|consent|box|hint|layer|manager)|onetrust|"
    r"cookiebot|cc-(?:window|banner)|cookieconsent",
    re.IGNORECASE,
)
_ABOUT_COOKIES = re.compile(r"\bcookies?\b|クッキー|файлы cookie", re.IGNORECASE)
_AGREE = re.compile(
    r"\b(?:accept|agree|allow|got it|ok|okay|dismiss|reject|understand|akzeptieren|zustimmen|einverstanden|verstanden|"
    r"ablehnen|accepter|j'accepte|refuser|aceptar|acepto|rechazar|accett\w+|aceitar|akkoord|akceptuj\w*|принять|"
    r"соглас\w+)\b",
    re.IGNORECASE,
)
_RELATED_HEADING = re.compile(
    r"\s*(?:related|similar|recommended|more (?:on this|from|stories|news|articles)|most (?:read|popular|viewed)|"
    r"popular|trending|you (?:may|might) also|read (?:more|next|also)|share\b|follow us|(?:other |in other )?languages|"
    r"navigation|menu|weitere (?:artikel|meldungen|themen)|mehr zum thema|das könnte|lesen sie auch|à lire|"
    r"articles? (?:liés|similaires)|sur le même|artículos relacionados|te puede|lee también|leggi anche|"
    r"читайте также|関連)",
    re.IGNORECASE,
)
_RIGHTS = re.compile(r"©|\bcopyright\b|all rights reserved", re.IGNORECASE)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_PARTS_OF_TABLES = frozenset(("tr", "th", "thead", "tbody", "tfoot"))
_NOTICE = 700
"""Characters that a notice about cookies takes at most."""
_LONGEST_NAME = 300
_SENTENCE = 40
"""Characters outside links that show that something is said."""
_FEW = 20
"""Characters outside links that are marks between them, and a word or two."""
_MANY = 3
"""Links that make a list of links."""


def remove_clutter(root: Node) -> list[str]:
    """Empties menus and the like of what they hold. Returns their texts.

    Where nearly nothing else is on the page, its links are what it is about, and stay.
    """
    cleaner = _Cleaner(_Page(root))
    cleaner.clean(root, named=False, few_rows=False)
    left = root.length - sum(node.length for node in cleaner.clutter)
    if left < min(_SENTENCE, root.length // 20):
        return []
    texts = [node.words() for node in cleaner.clutter]
    for node in cleaner.clutter:
        node.children = []
    return [text for text in texts if text]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where on the page something stands, in visible characters from its beginning, in order."""

    starts: tuple[int, ...]

    def within(self, node: Node) -> int:
        """How many of them are in the element."""
        return bisect_left(self.starts, node.end) - bisect_left(self.starts, node.start)


class _Page:
    """What is found out about a page in one pass, so that each element can be judged at once."""

    def __init__(self, root: Node) -> None:
        nodes = [node for node in root.descendants() if node.length]
        headings = [node for node in nodes if node.tag in ("h1", "h2", "h3") and node.unlinked]
        speaking = [node for node in nodes if _says_something(node)]
        title = next((node for node in headings if node.tag == "h1"), headings[0] if headings else None)
        beginnings = [*([title] if title else []), *speaking[:1]]
        self.length = root.length
        self.headings = _places(headings)
        self.begins = min((node.start for node in beginnings), default=0)
        self.ends = max((node.end for node in speaking), default=root.length)
        self.cookies = _places(node for node in nodes if _own_text(node, _ABOUT_COOKIES))
        self.agreements = _places(
            node
            for node in nodes
            if node.tag in ("button", "a") and node.length < _SENTENCE and _AGREE.search(node.text())
        )
        self.languages = _places(
            node for node in nodes if node.tag == "a" and not node.attributes.keys().isdisjoint(("lang", "hreflang"))
        )


def _places(nodes: Iterable[Node]) -> _Places:
    return _Places(tuple(node.start for node in nodes))


def _own_text(node: Node, pattern: re.Pattern[str]) -> bool:
    return any(isinstance(child, str) and pattern.search(child) for child in node.children)


def _says_something(node: Node) -> bool:
    """Whether sentences stand directly in it, not in elements of a line of their own."""
    if node.unlinked < _SENTENCE or node.linked > node.unlinked:
        return False
    own = [child for child in node.children if isinstance(child, str) and not child.isspace()]
    return sum(map(len, own)) >= _SENTENCE and not any(map(_RIGHTS.search, own))


class _Cleaner:
    def __init__(self, page: _Page) -> None:
        self.clutter: list[Node] = []
        self._page = page

    def clean(self, parent: Node, *, named: bool, few_rows: bool) -> None:
        """Finds the clutter in an element, which is ``named`` where it or one around it is called a menu."""
        heading: Node | None = None
        children = [node for node in parent.elements() if node.length]
        rows = sum(node.tag == "tr" for node in children)
        beside = max((node.unlinked for node in children if node.tag == "td"), default=0) if few_rows else 0
        for node in children:
            called = named or self._is_called_links(node)
            if self._is_clutter(node, called, heading, beside):
                if heading is not None and _RELATED_HEADING.match(heading.text()):
                    self.clutter.append(heading)
                self.clutter.append(node)
            elif node.tag != "a":
                self.clean(node, named=called, few_rows=0 < rows <= _MANY)
            heading = node if node.tag in _HEADINGS else None

    def _is_called_links(self, node: Node) -> bool:
        if node.tag in ("aside", "footer", "header") or node.get("role") in _AROUND_CONTENT:
            return True
        if not node.attributes or node.tag in _PARTS_OF_TABLES or node.tag in ("html", "body", "main", "article"):
            return False
        return node.length * 2 < self._page.length and bool(_LINK_LISTS.search(_name(node)))

    def _is_clutter(self, node: Node, called: bool, heading: Node | None, beside: int) -> bool:
        if node.tag == "nav" or node.get("role") in _MENU_ROLES:
            return True
        if self._is_notice(node) or self._is_about_other_pages(node, heading):
            return True
        if node.tag == "a":  # a link to a place of the page, ahead of its content
            return node.end <= self._page.begins and node.get("href").startswith("#")
        has_heading = self._page.headings.within(node)
        if node.links and node.unlinked < _SENTENCE and not has_heading and _PATHS.search(_name(node)):
            return True
        least = 0.5 if called and node.unlinked < _FEW and node.links >= _MANY and not has_heading else 0.8
        ahead = node.end <= self._page.begins
        if node.linked < least * node.length:
            return False
        if node.links < (2 if called or (ahead and node.tag != "td") else _MANY):
            return False
        if called or ahead:
            return True
        if self._page.languages.within(node) * 2 > node.links:
            return node.tag != "td"
        if node.tag == "td":
            return beside >= 5 * _SENTENCE and node.links > _MANY
        if node.tag in _PARTS_OF_TABLES:
            return False
        return node.start >= self._page.ends and heading is None

    def _is_notice(self, node: Node) -> bool:
        """Whether it asks for leave to store cookies."""
        page = self._page
        if node.length > max(_NOTICE, page.length // 2) or node.tag in ("main", "article", "body", "html"):
            return False
        if node.start <= page.begins < node.end and page.begins:
            return False
        if node.attributes and _COOKIES.search(_name(node)):
            return True
        if node.length > _NOTICE or node.tag in ("p", "li", "td", "a", *_HEADINGS):
            return False
        asks = page.cookies.within(node) and page.agreements.within(node)
        return bool(asks) and not any(
            page.cookies.within(child) and page.agreements.within(child) for child in node.elements()
        )

    def _is_about_other_pages(self, node: Node, heading: Node | None) -> bool:
        """Whether its name or the heading over it says so."""
        if not node.links or node.length * 3 > self._page.length or node.start < self._page.begins:
            return False
        if heading is not None and node.linked * 2 > node.length and _RELATED_HEADING.match(heading.text()):
            return True
        return bool(node.attributes) and bool(_RELATED.search(_name(node)))


def _name(node: Node) -> str:
    return " ".join(node.get(name)[:_LONGEST_NAME] for name in ("class", "id", "aria-label"))

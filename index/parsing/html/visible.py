"""What of a page is seen: hidden elements leave the tree, values stand where form fields do, the rest is measured."""

from __future__ import annotations

import re

from index.parsing.content import one_line
from index.parsing.html.styles import AWAY, FADED, HIDDEN, LOWERED, RAISED, STRUCK_OUT, TINY, Look, Styles, names_of
from index.parsing.html.tree import Node

_UNSEEN = re.compile(
    "head|title|script|style|template|noscript|noframes|iframe|object|applet|svg|audio|video|canvas|datalist|colgroup|"
    "rp|del|s|strike|ix:hidden|ix:header|area|param|source|track"
).fullmatch
_NO_TEXT_FIELDS = frozenset(("hidden", "password", "file", "color", "range", "image"))
_BUTTONS = frozenset(("submit", "button", "reset"))
# where pages of the printed book begin
_PAGE_BREAKS = frozenset(("pagebreak", "doc-pagebreak"))
_HOLD_FORMULAS = frozenset(("math", "span", "mjx-assistive-mml"))
_ADDRESS = re.compile(r"\s*(?:mailto|tel|sms|callto):", re.IGNORECASE).match
# names that style sheets, which mostly lie elsewhere, give to what is only read aloud
_READ_ALOUD = re.compile(
    r"(?<![\w:-])(?!not-)(?:[a-z\d]+[_-]+)*(?:sr-?only|visually-?hidden|hidden-?visually|screen-?readers?-?(?:text|only)|"
    r"element-invisible)(?:-focusable)?(?![a-z\d-])(?!.*not-sr-only)",
    re.IGNORECASE,
).search
_LONGEST_NAMES = 1_000
_WITHIN_LINES = frozenset(("a", "b", "em", "font", "i", "small", "span", "strong", "u"))
_MOST = 5
"""Parts, white space among them, of what is only drawn and described."""
_TICKS = {"checkbox": "☑☐", "radio": "◉○"}


def keep_visible(root: Node) -> list[str]:
    """Takes out of the tree what isn't seen, and measures what stays. Returns the texts that the page hides."""
    keeper = _Keeper(Styles.of(root))
    keeper.keep(root)
    return keeper.hidden


def style(node: Node) -> str:
    """The declarations of its own style, in small letters and without white space."""
    return "".join(node.get("style").lower().split())


def roles(node: Node) -> list[str]:
    """What it is in the words of ARIA and of EPUB."""
    return [*node.get("role").split(), *node.get("epub:type").split()]


class _Keeper:
    def __init__(self, styles: Styles) -> None:
        self.hidden: list[str] = []
        self._styles = styles
        self._around: tuple[str, ...] = ()
        self._length = 0

    def keep(self, node: Node) -> None:
        """Cleans and measures the element and all in it."""
        node.start = self._length
        around = self._around
        if self._styles:
            self._shift(node)
            self._around = (*around, *names_of(node))
        if node.tag in ("input", "select", "textarea"):
            _show_value(node)
        has_formula = any(_is_formula(child) for child in node.elements() if child.tag in _HOLD_FORMULAS)
        _write_scripts_of_formulas(node)
        has_words = any(isinstance(child, str) and not child.isspace() for child in node.children)
        node.children = [
            child
            for child in node.children
            if isinstance(child, str) or self._is_seen(child, node, has_formula, has_words)
        ]
        for child in node.children:
            if isinstance(child, str):
                self._length += len("".join(child.split()))
            else:
                self.keep(child)
                node.linked += child.linked
                node.links += child.links
        node.length = self._length - node.start
        self._around = around
        if node.tag == "a" and "href" in node.attributes and not _ADDRESS(node.get("href")):
            node.linked, node.links = node.length, int(node.length > 0)

    def _shift(self, node: Node) -> None:
        """Says of an element itself where a style sheet raises or lowers it."""
        for look, declaration in ((RAISED, "vertical-align:super"), (LOWERED, "vertical-align:sub")):
            if self._has(node, look):
                node.attributes = {**node.attributes, "style": f"{node.get('style')};{declaration}"}

    def _is_seen(self, node: Node, parent: Node, has_formula: bool, has_words: bool) -> bool:
        if not _PAGE_BREAKS.isdisjoint(roles(node)):
            return False
        if _UNSEEN(node.tag):
            return node.tag == "template" and "shadowrootmode" in node.attributes
        if self._has(node, STRUCK_OUT):
            return False
        if has_formula and node.get("aria-hidden") == "true":
            return False  # the same formula once more, drawn
        if node.tag in ("html", "body") or not self._is_hidden(node, parent, has_words) or _is_formula(node):
            return True
        if words := node.words():
            self.hidden.append(words)
        return False

    def _is_hidden(self, node: Node, parent: Node, has_words: bool) -> bool:
        if "hidden" in node.attributes and node.get("hidden") != "until-found":
            return True
        if node.tag == "dialog" and "open" not in node.attributes:
            return True
        if self._has(node, HIDDEN):
            return True
        if _READ_ALOUD(node.get("class")[:_LONGEST_NAMES]) or self._has(node, AWAY):
            return has_words or len(parent.children) > _MOST or not _describes_picture(node, parent)
        # what begins at size 0 may hold elements that are larger
        if self._has(node, TINY) and not any(node.elements()):
            return True
        # scripts fade in whole sections, and each word of a heading: to lose those would be worse than to show what
        # is never faded in, so only what would stand between words that are seen is left out
        return has_words and node.tag in _WITHIN_LINES and self._has(node, FADED)

    def _has(self, node: Node, look: Look) -> bool:
        own = style(node) if "style" in node.attributes else ""
        if look.in_declarations(own):
            return True
        return not look.is_set(own) and self._styles.give(look, node, self._around)


def _describes_picture(node: Node, parent: Node) -> bool:
    """Whether the words of an element are the only ones beside something drawn: "yes" in a cell with a tick."""
    others = [child for child in parent.elements() if child is not node]
    return bool(others) and not any(child.words() for child in others if child.tag != "svg")


def _is_formula(node: Node) -> bool:
    """Whether it holds MathML and nothing else."""
    while node.tag != "math":
        children = [child for child in node.children if not isinstance(child, str) or child.strip()]
        if len(children) != 1 or isinstance(children[0], str):
            return False
        node = children[0]
    return True


def _write_scripts_of_formulas(node: Node) -> None:
    """Formulas that the page's own script has yet to draw become text, as it is written between ``\\(`` and ``\\)``."""
    drawn = False
    for child in node.elements():
        if child.tag == "script" and child.get("type").startswith("math/tex"):
            if not drawn:
                child.tag, child.children = "span", [f"\\({child.text().strip()}\\)"]
        else:
            drawn = "MathJax" in child.get("class") and bool(child.words())


def _show_value(field: Node) -> None:
    """What the field shows becomes its text."""
    if field.tag == "select":
        field.children = [", ".join(_chosen(field))]
    elif field.tag == "input":
        kind = field.get("type").lower()
        if kind in _BUTTONS:
            field.tag = "button"
        if kind in _TICKS:
            field.children = [_TICKS[kind][0 if "checked" in field.attributes else 1]]
        elif kind not in _NO_TEXT_FIELDS:
            field.children = [field.get("value")]


def _chosen(field: Node) -> list[str]:
    options = [node for node in field.descendants() if node.tag == "option"]
    chosen = [option for option in options if "selected" in option.attributes]
    if not chosen and "multiple" not in field.attributes:
        chosen = options[:1]
    return [one_line(option.text()) for option in chosen]

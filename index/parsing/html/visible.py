"""What of a page is seen: hidden elements leave the tree, values stand where form fields do, the rest is measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from index.parsing.content import one_line
from index.parsing.html.tree import Node

_UNSEEN = re.compile(
    "head|title|script|style|template|noscript|noframes|iframe|object|applet|svg|audio|video|canvas|datalist|colgroup|"
    "rp|del|s|strike|ix:hidden|ix:header|area|param|source|track"
).fullmatch
_HIDDEN_STYLE = re.compile(
    r"(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|(?:left|top|right):-\d{3,}(?:px|r?em|pt|%))"
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SELECTOR = re.compile(r"(?:[.#]?[\w-]+(?:[.#][\w-]+)*[\s>]+)*[.#]?[\w-]+(?:[.#][\w-]+)*")
_NAME = re.compile(r"[.#]?[\w-]+")
_NO_TEXT_FIELDS = frozenset(("hidden", "password", "file", "color", "range", "image"))
_BUTTONS = frozenset(("submit", "button", "reset"))
_HOLD_FORMULAS = frozenset(("math", "span", "mjx-assistive-mml"))
_ADDRESS = re.compile(r"\s*(?:mailto|tel|sms|callto):", re.IGNORECASE).match
_Rule = tuple[frozenset[str], frozenset[str]]
"""The names of an element, as {"p", ".draft"}, and those of elements around it."""
_TICKS = {"checkbox": "☑☐", "radio": "◉○"}


def keep_visible(root: Node) -> list[str]:
    """Takes out of the tree what isn't seen, and measures what stays. Returns the texts that the page hides."""
    keeper = _Keeper(_hiding_rules(root))
    keeper.keep(root)
    return keeper.hidden


def style(node: Node) -> str:
    """The declarations of its own style, in small letters and without white space."""
    return "".join(node.get("style").lower().split())


class _Keeper:
    def __init__(self, rules: Mapping[str, list[_Rule]]) -> None:
        self.hidden: list[str] = []
        self._rules = rules
        self._around: tuple[str, ...] = ()
        self._length = 0

    def keep(self, node: Node) -> None:
        """Cleans and measures the element and all in it."""
        node.start = self._length
        around = self._around
        if self._rules:
            self._around = (*around, *_names(node))
        if node.tag in ("input", "select", "textarea"):
            _show_value(node)
        has_formula = any(_is_formula(child) for child in node.elements() if child.tag in _HOLD_FORMULAS)
        node.children = [
            child for child in node.children if isinstance(child, str) or self._is_seen(child, has_formula)
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

    def _is_seen(self, node: Node, has_formula: bool) -> bool:
        if _UNSEEN(node.tag):
            return node.tag == "template" and "shadowrootmode" in node.attributes
        if has_formula and node.get("aria-hidden") == "true":
            return False  # the same formula once more, drawn
        if node.tag in ("html", "body") or not self._is_hidden(node) or _is_formula(node):
            return True
        if words := node.words():
            self.hidden.append(words)
        return False

    def _is_hidden(self, node: Node) -> bool:
        if "hidden" in node.attributes and node.get("hidden") != "until-found":
            return True
        if node.tag == "dialog" and "open" not in node.attributes:
            return True
        own = style(node) if "style" in node.attributes else ""
        if _HIDDEN_STYLE.search(own):
            return True
        if not self._rules or "display:" in own:
            return False
        names = _names(node)
        rules = (rule for name in names for rule in self._rules.get(name, ()))
        return any(own <= names and around.issubset(self._around) for own, around in rules)


def _names(node: Node) -> set[str]:
    return {node.tag, f"#{node.get('id')}", *(f".{name}" for name in node.get("class").split())}


def _hiding_rules(root: Node) -> Mapping[str, list[_Rule]]:
    """What the page's own style sheets never show, each by one of its names.

    Rules for other media count for nothing, nor does what another rule may show again.
    """
    never: set[_Rule] = set()
    sometimes: set[frozenset[str]] = set()
    for sheet in (node for node in root.descendants() if node.tag == "style"):
        for selectors, declarations in _rules(_COMMENT.sub("", sheet.text())):
            hides = _HIDDEN_STYLE.search("".join(declarations.lower().split()))
            for selector in selectors.split(","):
                names = frozenset(_NAME.findall(selector))
                if hides and _SELECTOR.fullmatch(selector.strip()):
                    own = frozenset(_NAME.findall(re.split(r"[\s>]+", selector.strip())[-1]))
                    never.add((own, names - own))
                elif not hides and ("display" in declarations or "visibility" in declarations):
                    sometimes.add(names)
    rules: dict[str, list[_Rule]] = {}
    for own, around in never:
        if not any(own | around <= shown for shown in sometimes):
            rules.setdefault(min(own), []).append((own, around))
    return rules


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules that stand in no other rule."""
    depth = 0
    before = selectors = ""
    for piece in re.split("([{}])", sheet):
        if piece == "{":
            depth += 1
            selectors = before if depth == 1 else "@"
        elif piece == "}":
            if depth == 1 and not selectors.lstrip().startswith("@"):
                yield selectors, before
            depth = max(0, depth - 1)
        before = piece


def _is_formula(node: Node) -> bool:
    """Whether it holds MathML and nothing else."""
    while node.tag != "math":
        children = [child for child in node.children if not isinstance(child, str) or child.strip()]
        if len(children) != 1 or isinstance(children[0], str):
            return False
        node = children[0]
    return True


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

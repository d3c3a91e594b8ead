"""What the style sheets of a page say of its elements: which are hidden, struck out, raised and lowered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from index.parsing.html.tree import Node

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SELECTOR = re.compile(r"(?:[.#]?[\w-]+(?:[.#][\w-]+)*[\s>]+)*[.#]?[\w-]+(?:[.#][\w-]+)*")
_NAME = re.compile(r"[.#]?[\w-]+")
_IN_PASSING = re.compile(":(?:focus|active)")
_Rule = tuple[frozenset[str], frozenset[str]]
"""The names of an element, as {"p", ".draft"}, and those of elements around it."""


@dataclass(frozen=True, slots=True)
class Look:
    """A way in which declarations set an element, by a pattern, and the properties that may undo it."""

    pattern: re.Pattern[str]
    properties: tuple[str, ...]

    def in_declarations(self, declarations: str) -> bool:
        """Whether declarations in small letters and without white space set it."""
        return bool(self.pattern.search(declarations))

    def is_set(self, declarations: str) -> bool:
        """Whether declarations say anything about it."""
        return any(name in declarations for name in self.properties)


HIDDEN = Look(
    re.compile(r"(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|(?:left|top|right):-\d{3,}(?:px|r?em|pt|%))"),
    ("display", "visibility"),
)
AWAY = Look(
    re.compile(
        r"(?:^|;)(?:clip:rect\((?:[01](?:px)?,?){4}\)|clip-path:inset\((?:50|100)%\)"
        r"|(?:text-indent|margin(?:-left|-top)?):-(?:9{3,}|\d{5,})(?:px|r?em|pt))"
        # the same white as what is behind it
        r"|^(?=(?:.*;)?color:(?:white|#f{3}|#f{6})(?:!|;|$))(?=(?:.*;)?background(?:-color)?:(?:white|#f{3}|#f{6})(?:!|;|$))"
    ),
    ("clip", "text-indent", "margin", "color"),
)
"""Not seen, but said by programs that read a page aloud."""
TINY = Look(re.compile(r"(?:^|;)font-size:0+(?:\.0+)?(?:px|pt|r?em|%)?(?:!|;|$)"), ("font",))
FADED = Look(re.compile(r"(?:^|;)opacity:0+(?:\.0+)?%?(?:!|;|$)"), ("opacity",))
STRUCK_OUT = Look(re.compile(r"(?:^|;)text-decoration(?:-line)?:[^;]*line-through"), ("text-decoration",))
RAISED = Look(re.compile(r"(?:^|;)vertical-align:super"), ("vertical-align",))
LOWERED = Look(re.compile(r"(?:^|;)vertical-align:sub(?!\w|er)"), ("vertical-align",))
_LOOKS = (HIDDEN, AWAY, TINY, FADED, STRUCK_OUT, RAISED, LOWERED)


class Styles:
    """The rules of a page's own style sheets that give one of the looks."""

    def __init__(self, rules: Mapping[Look, Mapping[str, list[_Rule]]]) -> None:
        self._rules = rules

    @classmethod
    def of(cls, root: Node) -> Styles:
        """Those of a page."""
        sheets = (node for node in root.descendants() if node.tag == "style")
        rules = [rule for sheet in sheets for rule in _rules(_COMMENT.sub("", sheet.text()))]
        return cls({look: found for look in _LOOKS if (found := _giving(look, rules))})

    def __bool__(self) -> bool:
        return bool(self._rules)

    def give(self, look: Look, node: Node, around: Sequence[str]) -> bool:
        """Whether an element always has a look, where elements with the names ``around`` are around it."""
        known = self._rules.get(look)
        if known is None:
            return False
        names = names_of(node)
        rules = (rule for name in names for rule in known.get(name, ()))
        return any(own <= names and outer.issubset(around) for own, outer in rules)


def names_of(node: Node) -> set[str]:
    """The names by which selectors call an element."""
    return {node.tag, f"#{node.get('id')}", *(f".{name}" for name in node.get("class").split())}


def _giving(look: Look, rules: Sequence[tuple[str, str]]) -> Mapping[str, list[_Rule]]:
    """The rules that give a look, each by one of the names of its elements.

    Rules for other media count for nothing, nor does what another rule may undo.
    """
    always: set[_Rule] = set()
    sometimes: set[frozenset[str]] = set()
    for selectors, declarations in rules:
        gives = look.in_declarations("".join(declarations.lower().split()))
        for selector in selectors.split(","):
            names = frozenset(_NAME.findall(selector))
            if gives and _SELECTOR.fullmatch(selector.strip()):
                own = frozenset(_NAME.findall(re.split(r"[\s>]+", selector.strip())[-1]))
                always.add((own, names - own))
            elif not gives and look.is_set(declarations) and not _IN_PASSING.search(selector):
                sometimes.add(names)
    found: dict[str, list[_Rule]] = {}
    for own, around in always:
        if not any(own | around <= undone for undone in sometimes):
            found.setdefault(min(own), []).append((own, around))
    return found


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

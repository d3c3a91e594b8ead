"""The numbers of ordered lists, as browsers count them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.parsing.html.tree import Node
from index.parsing.html.visible import style
from index.parsing.office.numerals import roman

_INTEGER = re.compile(r"\s*([+-]?\d{1,9})")
_KIND = re.compile(r"list-style(?:-type)?:(?:[\w-]+ )*?(none|decimal|(?:lower|upper)-(?:alpha|latin|roman))")
_KINDS = {"lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A"}
_KINDS |= {"lower-roman": "i", "upper-roman": "I", "decimal": "1", "none": ""}


def numbers_of(parent: Node) -> Iterator[int]:
    """The number of each item of a list."""
    items = [node for node in parent.elements() if node.tag == "li"]
    step = -1 if "reversed" in parent.attributes else 1
    start = _integer(parent.get("start"))
    number = start if start is not None else len(items) if step < 0 else 1
    for item in items:
        own = _integer(item.get("value"))
        number = number if own is None else own
        yield number
        number += step


def marker_of(parent: Node, item: Node, number: int) -> str:
    """What stands before an item: "1.", "c.", "IV.", or a dash."""
    kind = _kind(item) or _kind(parent)
    if kind == "" or (kind is None and parent.tag != "ol"):
        return "-"
    if kind in ("a", "A") and number > 0:
        letters = _letters(number)
        return f"{letters if kind == 'a' else letters.upper()}."
    if kind in ("i", "I"):
        return f"{roman(number) if kind == 'i' else roman(number).upper()}."
    return f"{number}."


def _kind(node: Node) -> str | None:
    if node.get("type") in ("1", "a", "A", "i", "I"):
        return node.get("type")
    if "style" not in node.attributes or not (found := _KIND.search(style(node))):
        return None
    return _KINDS[found.group(1)]


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("a") + letter) + letters
    return letters


def _integer(text: str) -> int | None:
    found = _INTEGER.match(text)
    return int(found.group(1)) if found else None

"""MathML as a line of plain text: a fraction is "3/40", a power "10⁵"."""

from __future__ import annotations

import re

from index.parsing.content import one_line
from index.parsing.html.tree import Node
from index.parsing.office.formulas import grouped, readable
from index.parsing.plain.raised import subscript, superscript

_INVISIBLE = re.compile("[\u2061-\u2064\u200b]")
_SPACED = frozenset("=<>≤≥≠≈→+−-±×·÷∈:⇒")
_FRACTION = re.compile(r"/|√")
_TEX = re.compile(r"\\\((.{1,2000}?)\\\)|\\\[(.{1,5000}?)\\\]|\$\$([^$]*[\\^_][^$]*)\$\$", re.DOTALL)


def with_formulas(text: str) -> str:
    r"""``text`` with its formulas in TeX, between ``\(`` and ``\)`` and the like, as people would type them."""
    if "\\" not in text and "$$" not in text:
        return text
    return _TEX.sub(lambda found: readable(found[1] or found[2] or found[3]), text)


def formula(node: Node) -> str:
    """A `<math>` element, or one in it, as people would type it."""
    return one_line(_written(node))


def _written(node: Node) -> str:
    parts = [_written(child) for child in node.elements() if not child.tag.startswith("annotation")]
    first, second, third = (*parts, "", "", "")[:3]
    match node.tag:
        case "mi" | "mn" | "mtext" | "ms":
            return _INVISIBLE.sub("", one_line(node.text()))
        case "mo":
            sign = _INVISIBLE.sub("", one_line(node.text()))
            return f" {sign} " if sign in _SPACED else f"{sign} " if sign in (",", ";") else sign
        case "mfrac":
            return f"{grouped(one_line(first))}/{grouped(one_line(second))}"
        case "msup":
            return f"{first}{superscript(second.strip())}"
        case "msub" | "munder":
            return f"{first}{subscript(second.strip())}"
        case "mover":
            return f"{first}{second.strip()}"
        case "msubsup" | "munderover":
            return f"{first}{subscript(second.strip())}{superscript(third.strip())}"
        case "msqrt":
            return f"√{grouped(one_line(_row(parts)))}"
        case "mroot":
            return f"{superscript(second.strip())}√{grouped(one_line(first))}"
        case "mfenced":
            return f"{node.get('open') or '('}{', '.join(part.strip() for part in parts)}{node.get('close') or ')'}"
        case "mtable":
            return "; ".join(part.strip() for part in parts)
        case "mtr":
            return ", ".join(part.strip() for part in parts)
        case "mspace":
            return " "
        case "mphantom":
            return ""
        case _:
            return _row(parts) if parts else _INVISIBLE.sub("", one_line(node.text()))


def _row(parts: list[str]) -> str:
    """The parts side by side, a fraction or a root apart from the number before it."""
    row = ""
    for part in parts:
        touches = row[-1:].isalnum() and part[:1].isalnum()
        row += f" {part}" if touches and (_FRACTION.search(part) or _FRACTION.search(row[-8:])) else part
    return row

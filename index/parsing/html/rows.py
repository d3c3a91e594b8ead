"""Tables that a page does not mark up as such: rows by their roles, or boxes made alike, with short cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.parsing.html.tree import Node

_TABLES = frozenset(("table", "grid", "treegrid"))
_CELLS = frozenset(("cell", "gridcell", "columnheader", "rowheader"))
_BOXES = frozenset(("div", "p", "section", "article"))
_PARTS = re.compile("h[1-6]|ul|ol|li|dl|table|pre|blockquote|figure|button|input|select|textarea|br|summary").fullmatch
_MOST_CELLS = 6
_LONGEST_FIRST, _LONGEST = 40, 120
"""Characters, white space not counted, of a box's first cell, which counts or names what follows, and of any other."""
_SENTENCE_ENDS = (".", "!", "?", ":")


def rows_by_role(node: Node) -> list[list[Node]]:
    """The cells of each row of an element that is a table by its ``role``; empty where it is none."""
    if node.tag == "table" or node.get("role") not in _TABLES:
        return []
    rows = [[*_with_role(row, _CELLS)] for row in _with_role(node, frozenset(("row",)))]
    return [row for row in rows if row]


def rows_of_boxes(children: Sequence[Node | str], first: int) -> list[list[Node]]:
    """The cells of the box ``children[first]`` and of those after it that are made alike; empty where they are no rows.

    So are ingredients with their amounts, or the names and values of a profile. Two boxes at least make rows.
    """
    begins = children[first]
    if isinstance(begins, str) or not (cells := _cells(begins)):
        return []
    rows = [cells]
    for number in range(first + 1, len(children)):
        child = children[number]
        if isinstance(child, str):
            if child.strip():
                break
        elif child.length:
            is_like = (child.tag, child.get("class")) == (begins.tag, begins.get("class"))
            if not is_like or len(cells := _cells(child)) != len(rows[0]):
                break
            rows.append(cells)
    return rows if len(rows) > 1 else []


def _with_role(node: Node, roles: frozenset[str]) -> Iterator[Node]:
    """The elements with one of these roles, not those inside another."""
    for child in node.elements():
        if child.get("role") in roles:
            yield child
        else:
            yield from _with_role(child, roles)


def _cells(box: Node) -> list[Node]:
    """The cells of a box that looks like a row: short, of which no word is a link or stands outside of them."""
    if box.tag not in _BOXES or box.links or any(isinstance(child, str) and child.strip() for child in box.children):
        return []
    cells = [child for child in box.elements() if child.length]
    if not 1 < len(cells) <= _MOST_CELLS or cells[0].length > _LONGEST_FIRST:
        return []
    are_plain = all(cell.tag in _BOXES and cell.length <= _LONGEST and _is_plain(cell) for cell in cells)
    return cells if are_plain and not cells[0].words().endswith(_SENTENCE_ENDS) else []


def _is_plain(cell: Node) -> bool:
    """Whether it is a single line of words."""
    inside = [node for node in cell.descendants() if node.length]
    return sum(node.tag in _BOXES for node in inside) <= 1 and not any(_PARTS(node.tag) for node in inside)

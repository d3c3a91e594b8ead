"""Code that a page shows beside the numbers of its lines, which are no part of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from index.parsing.html.tree import Node
from index.parsing.html.visible import style

_CODE = re.compile(r"(?:^|\s)(?:code|(?:code)?highlight\w*|hljs)(?:$|[\s_-])", re.IGNORECASE).search
_LINE = re.compile(r"(?:^|\s)(?:blob|hljs-ln|crayon|line)[_-]code(?:$|[\s_-])", re.IGNORECASE).search
_NUMBER = re.compile(r"(?:^|[\s_-])(?:line-?no\w*|line-?num\w*|lnt?|gutter)(?:$|[\s_-])", re.IGNORECASE).search


def code_in(table: Node, rows: Sequence[Sequence[Node]]) -> list[Node]:
    """What holds the code of a table that has the numbers of its lines before it; nothing of any other table."""
    if not rows or not all(len(row) > 1 and _is_code(row[-1], table, alone=len(rows) == 1) for row in rows):
        return []
    words = [word for row in rows for cell in row[:-1] for word in cell.words().split()]
    if not all(word.isdecimal() and len(word) < 8 for word in words):
        return []
    are_in_order = all(int(after) == int(before) + 1 for before, after in pairwise(words))
    return [_preformatted(row[-1]) for row in rows] if are_in_order else []


def is_line_number(node: Node) -> bool:
    """Whether an element within code is the number of a line."""
    is_called_so = _NUMBER(node.get("class")) or "user-select:none" in style(node)
    return bool(is_called_so) and node.text().strip().isdecimal()


def _is_code(cell: Node, table: Node, *, alone: bool) -> bool:
    if _LINE(cell.get("class")) or (alone and _CODE(cell.get("class"))):
        return True
    inside = {node.tag for node in cell.descendants()}
    return "pre" in inside if alone else bool(inside & {"pre", "code"} and _CODE(table.get("class")))


def _preformatted(cell: Node) -> Node:
    """Where the white space of a cell is seen."""
    found = [node for node in cell.descendants() if node.tag == "pre"]
    return found[0] if len(found) == 1 else cell

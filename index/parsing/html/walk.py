"""One walk through the tree of a page, which makes its blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby

from index.parsing.blocks import Block, Cell, within_cell
from index.parsing.content import one_line
from index.parsing.html.formulas import formula, with_formulas
from index.parsing.html.inline import seen_lines
from index.parsing.html.kinds import HEADINGS, is_block, level_of
from index.parsing.html.listings import code_in, is_line_number
from index.parsing.html.lists import marker_of, numbers_of
from index.parsing.html.rows import rows_by_role, rows_of_boxes
from index.parsing.html.tables import bullets, mark_headers, only_lays_out, rows_of, span, tables_in, tidy
from index.parsing.html.tree import Node
from index.parsing.html.visible import roles, style
from index.parsing.plain.raised import raised_mark, subscript, superscript, with_fractions

_NOTE = "footnote-definition"
_NOTE_MARKS = frozenset(("noteref", "doc-noteref"))
_PREFORMATTED = frozenset(("pre", "listing", "xmp", "plaintext"))
_LONGEST_HEADING = 600
"""Characters; what is longer is a heading that was never closed."""
_PERMALINKS = frozenset((*"¶#§🔗↩", "↩\ufe0e"))


def blocks_of(node: Node, *, counts_alone: bool = False) -> list[Block]:
    """The blocks of an element in reading order.

    What is said only beside other words, as a picture's description is, makes a block of its own if ``counts_alone``.
    """
    walk = _Walk(counts_alone=counts_alone)
    walk.children(node)
    walk.close()
    return walk.blocks


def lines_of(node: Node) -> str:
    """What an element says, its blocks under one another."""
    return "\n".join(filter(None, map(within_cell, blocks_of(node, counts_alone=True))))


class _Beside(str):
    """What is said only beside other words: a picture's description, a short button."""

    __slots__ = ()


class _Walk:
    def __init__(self, *, counts_alone: bool) -> None:
        self.blocks: list[Block] = []
        self._counts_alone = counts_alone
        self._pieces: list[str] = []
        self._preformatted = self._verbatim = 0
        self._lists = 0
        self._begun: Block | None = None  # a list item or a note of which nothing has been written
        self._terms: list[str] = []  # what the next paragraph defines

    def children(self, node: Node) -> None:
        """What is in the element."""
        row_count = 0  # boxes that stand in the table before them
        for number, child in enumerate(node.children):
            if isinstance(child, str):
                self._pieces.append(child if self._verbatim else with_formulas(child))
            elif row_count:
                row_count -= child.length > 0
            elif is_block(child) and (rows := rows_of_boxes(node.children, number)):
                row_count = len(rows) - 1
                self._rows(rows)
            else:
                self._element(child)

    def close(self) -> None:
        """Nothing comes after what has been heard."""
        self._finish()
        self._write_terms()

    def _element(self, node: Node) -> None:
        known = _ELEMENTS.get(node.tag)
        if known is not None:
            known(self, node)
        elif level_of(node) and node.length <= _LONGEST_HEADING:
            self._heading(node)
        elif node.get("class") == _NOTE and any(child.tag == "sup" for child in node.elements()):
            self._note(node)
        elif rows := rows_by_role(node):
            self._rows(rows)
        elif is_block(node):
            self._end_line()
            self.children(node)
            self._end_line()
        elif self._preformatted and is_line_number(node):
            return
        else:
            self._inline(node)

    def _finish(self) -> None:
        """What has been heard so far is a block."""
        pieces, self._pieces = self._pieces, []
        if not self._counts_alone and all(isinstance(piece, _Beside) or piece.isspace() for piece in pieces):
            return
        raw = "".join(pieces)
        if self._preformatted:
            if text := raw.strip("\n"):
                self._write(Block(text.rstrip(), kind="code"))
            return
        for text in re.split(r"\n\s*\n", seen_lines(raw)):
            if text:
                self._paragraph(with_fractions(text))

    def _end_line(self) -> None:
        """A block is over, or a line of code."""
        if not self._preformatted:
            self._finish()
        elif self._pieces and not self._pieces[-1].endswith("\n"):
            self._pieces.append("\n")

    def _paragraph(self, text: str) -> None:
        if self._begun is not None:
            begun, self._begun = self._begun, None
            self._write(replace(begun, text=text))
        else:
            terms, self._terms = self._terms, []
            self.blocks.append(Block("\n".join([*terms, text])))

    def _write(self, block: Block) -> None:
        self._write_terms()
        self.blocks.append(block)

    def _write_terms(self) -> None:
        if self._terms:
            self.blocks.append(Block("\n".join(self._terms)))
            self._terms = []

    def _heading(self, node: Node) -> None:
        self._finish()
        if text := with_fractions(one_line(lines_of(node))):
            marker, self._begun = self._begun.marker if self._begun else "", None
            self._write(Block(text, level_of(node), "heading", marker if marker != "-" else ""))

    def _inline(self, node: Node) -> None:
        raised = style(node) if "style" in node.attributes else ""
        if node.tag == "a" and not _NOTE_MARKS.isdisjoint(roles(node)) and node.text().strip().isalnum():
            raised = "vertical-align:super"
        if node.tag == "sup" or "vertical-align:super" in raised:
            self._pieces.append(raised_mark(one_line(lines_of(node)), superscript))
        elif node.tag == "sub" or "vertical-align:sub" in raised:
            self._pieces.append(raised_mark(one_line(lines_of(node)), subscript))
        elif node.tag == "a" and len(node.children) == 1 and node.children[0] in _PERMALINKS:
            return
        else:
            self.children(node)

    def _line_break(self, node: Node) -> None:
        self._pieces.append("\n" if self._preformatted else "\v")

    def _picture(self, node: Node) -> None:
        self._pieces.append(_Beside(f" {one_line(node.get('alt'))} "))

    def _field(self, node: Node) -> None:
        self._pieces.append(f" {node.text().strip()} ")

    def _button(self, node: Node) -> None:
        if any(child.tag in HEADINGS for child in node.elements()):
            self.children(node)
            return
        text = one_line(lines_of(node))
        says = len(text.split()) > 2 or text.endswith(("?", "？", "؟"))
        self._pieces.append(f" {text} " if says else _Beside(f" {text} "))

    def _formula(self, node: Node) -> None:
        self._pieces.append(f" {formula(node)} " if node.get("display") == "block" else formula(node))

    def _enclosed(self, node: Node) -> None:
        begins, ends = "“”" if node.tag == "q" else "()"
        self._pieces.append(begins)
        self.children(node)
        self._pieces.append(ends)

    def _code(self, *nodes: Node) -> None:
        self._finish()
        self._preformatted += 1
        for node in nodes:
            self._inline_code(node)
            self._end_line()
        self._finish()
        self._preformatted -= 1

    def _inline_code(self, node: Node) -> None:
        self._verbatim += 1
        self.children(node)
        self._verbatim -= 1

    def _list(self, node: Node) -> None:
        self._finish()
        self._lists += 1
        numbers = numbers_of(node)
        for child in node.children:
            if isinstance(child, str):
                self._pieces.append(child)
            elif child.tag == "li":
                self._list_item(child, marker_of(node, child, next(numbers)))
            else:
                self._element(child)
        self._finish()
        self._lists -= 1

    def _list_item(self, node: Node, marker: str = "-") -> None:
        self._finish()
        self._begun = Block("", max(self._lists, 1), "list_item", marker)
        self.children(node)
        self._finish()
        self._begun = None

    def _note(self, node: Node) -> None:
        self._finish()
        label, *_ = (*node.elements(), node)
        self._begun = Block("", kind="note", marker=superscript(one_line(label.text())))
        label.children = []
        self.children(node)
        self._finish()
        self._begun = None

    def _term(self, node: Node) -> None:
        self._finish()
        self._begun = None
        if text := one_line(lines_of(node)):
            self._terms.append(text)

    def _definitions(self, node: Node) -> None:
        self._finish()
        self.children(node)
        self.close()

    def _summary(self, node: Node) -> None:
        self._finish()
        if any(child.tag in HEADINGS for child in node.elements()):
            self.children(node)
        else:
            self._pieces.append(one_line(lines_of(node)))
        self._finish()

    def _caption(self, node: Node) -> None:
        self._finish()
        if text := lines_of(node):
            self._write(Block(text, kind="caption"))

    def _table(self, node: Node) -> None:
        self._finish()
        rows = rows_of(node)
        if code := code_in(node, rows):
            self._code(*code)
            return
        for caption in (child for child in node.elements() if child.tag == "caption"):
            self._caption(caption)
        if not (lays_out := only_lays_out(node, rows)):
            mark_headers(node, rows)
        for is_frame, some in groupby(rows, lambda row: lays_out or tables_in(row) == [True]):
            if not is_frame:
                self._rows([*some])
                continue
            for cell in chain.from_iterable(some):
                self.children(cell)
                self._finish()

    def _rows(self, rows: Sequence[Sequence[Node]]) -> None:
        self._finish()
        cells = [[_cell(cell) for cell in row] for row in rows]
        if items := bullets(cells):
            for marker, text in items:
                self._write(Block(text, self._lists + 1, "list_item", marker))
        elif table := tidy(cells):
            self._write(Block(kind="table", rows=table))


_ELEMENTS: Mapping[str, Callable[[_Walk, Node], None]] = {
    **dict.fromkeys(_PREFORMATTED, _Walk._code),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), _Walk._inline_code),
    **dict.fromkeys(("ul", "ol", "menu", "dir"), _Walk._list),
    **dict.fromkeys(("input", "select", "textarea"), _Walk._field),
    "br": _Walk._line_break,
    "button": _Walk._button,
    "dl": _Walk._definitions,
    "dt": _Walk._term,
    "figcaption": _Walk._caption,
    "img": _Walk._picture,
    "li": _Walk._list_item,
    "math": _Walk._formula,
    "q": _Walk._enclosed,
    "rt": _Walk._enclosed,
    "summary": _Walk._summary,
    "table": _Walk._table,
}


def _cell(node: Node) -> Cell:
    is_header = node.tag == "th" or node.get("role") in ("columnheader", "rowheader")
    return Cell(with_fractions(lines_of(node)), is_header, span(node.get("colspan")), span(node.get("rowspan")))

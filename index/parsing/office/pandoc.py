"""pandoc's tree of a document → blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, count, groupby
from typing import Any

from index.documents import BlockKind
from index.parsing.blocks import BULLET, Block, Cell, Row, heading, within_cell, written
from index.parsing.content import one_line
from index.parsing.office.formulas import readable
from index.parsing.office.numerals import OF_PANDOC
from index.parsing.plain.raised import raised_mark, subscript, superscript, with_fractions
from index.parsing.tables import only_frames

Tree = Any
"""A part of pandoc's tree: words, a list of parts, or a dictionary of ``t``, its kind, and ``c``, its content."""
Placed = tuple[Tree, int, BlockKind]
"""A part of the tree, how many lists it is in, and the kind of the paragraphs in it."""

MARKER_STYLE = "Sourcespan marker"
"""The style of characters that are the number of their paragraph, followed by a space and the level of its list."""
NOTE_STYLE = "Sourcespan note"
"""The style of characters that are the mark of the note that comes next."""
CAPTION_STYLE = "Sourcespan caption"
"""The style of paragraphs that say what a picture or table shows."""
_ENCLOSED = {"OneParen": "{})", "TwoParens": "({})"}
_QUOTES = {"SingleQuote": "‘’", "DoubleQuote": "“”"}
_UNSEEN = frozenset(("Strikeout", "RawInline", "Image"))
_IN_SECOND_PLACE = frozenset(("Cite", "Link", "Span"))
_AROUND_LINES = re.compile(r"[ \t]*\n[ \t]*|[ \t]+")
# a hyphen that is seen at the end of a line only
_UNSEEN_HYPHEN = {0xAD: ""}
_RUN_TOGETHER = re.compile(r"[^\W_⁰-₎²³¹]{2}")
_NUMBERS = re.compile(r"\d{1,3}(?:[,–-]\d{1,3})*")
_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<[^<>]*>", re.DOTALL)
_BYLINE = ("subtitle", "author", "date", "abstract")


def blocks_of(tree: dict[str, Tree], raw: list[str] | None = None) -> Iterator[Block]:
    """The blocks of a document: its title, whose and of when it is, then what it says.

    What stands there in another language of markup, such as a template of a wiki, is added to ``raw``.
    """
    walk = _Walk([] if raw is None else raw)
    fields = tree.get("meta", {})
    body = list(walk.blocks(tree["blocks"]))
    title = walk.field(fields.get("title"))
    first = next((block.text for block in body if block.kind == "heading"), "")
    if title and one_line(title) != one_line(first):
        yield heading(title, 1)
    yield from (Block(text) for name in _BYLINE if (text := walk.field(fields.get(name))))
    yield from body


class _Walk:
    """One way through a tree. It is no recursion, but for what is in cells, notes and raised characters."""

    def __init__(self, raw: list[str]) -> None:
        self._raw = raw
        self._of_item: tuple[str, int] | None = None  # what stands before the next paragraph of a list, and its level
        self._of_paragraph: tuple[str, int] | None = None  # the same, from the characters of the paragraph itself
        self._note_mark = ""
        self._numbers = count(1)
        self._notes: list[tuple[str, Tree]] = []

    def blocks(
        self, parts: Iterable[Tree], kind: BlockKind = "paragraph", *, in_table: bool = False
    ) -> Iterator[Block]:
        """The blocks in ``parts``, each followed by the notes to it.

        In a table notes are kept for later, and paragraphs without words count: they are lines of their cell.
        """
        waiting: list[Placed] = [(part, 0, kind) for part in reversed(list(parts))]
        while waiting:
            placed = waiting.pop()
            inner = _inner(*placed)
            if inner is not None:
                waiting.extend(reversed(inner))
                continue
            yield from (block for block in self._leaf(*placed) if in_table or block.text or block.kind == "table")
            if not in_table:
                yield from self._notes_so_far()

    def field(self, value: Tree) -> str:
        """What a document says of itself in a field, each of several values on lines of its own."""
        kind, content = (value["t"], value["c"]) if isinstance(value, dict) else ("", "")
        if kind == "MetaList":
            return "\n".join(filter(None, map(self.field, content)))
        if kind == "MetaBlocks":
            return "\n".join(map(written, self.blocks(content)))
        return self.text([content]) if kind in ("MetaInlines", "MetaString") else ""

    def text(self, parts: Iterable[Tree]) -> str:
        """The characters of ``parts`` as a reader sees them. Notes are kept, and marked."""
        pieces: list[str] = []
        waiting = list(reversed(list(parts)))
        apart = False  # a fraction must not run into the number before or after it
        while waiting:
            part = waiting.pop()
            if pieces and pieces[-1][-1:].isalnum() and _is_reference(part):
                part = {"t": "Superscript", "c": part["c"][1]}
            if not isinstance(part, str):
                part = part if isinstance(part, list) else self._inline(part)
            if isinstance(part, list):
                waiting.extend(reversed(part))
                continue
            was_apart, apart = apart, isinstance(part, _Formula) and ("/" in part or "√" in part)
            if (apart or was_apart) and pieces and _RUN_TOGETHER.fullmatch(f"{pieces[-1][-1:]}{part[:1]}"):
                pieces.append(" ")
            if part:
                pieces.append(part)
        text = _AROUND_LINES.sub(lambda found: "\n" if "\n" in found.group() else " ", "".join(pieces))
        return with_fractions(text.translate(_UNSEEN_HYPHEN).strip())

    def _leaf(self, part: Tree, level: int, kind: BlockKind) -> Iterator[Block]:
        content = part.get("c")
        match part["t"]:
            case "Marker":
                before, above = self._of_item or ("", level)
                self._of_item = (f"{before} {content}" if above < level else content, level)
            case "Plain" | "Para":
                yield from self._paragraph(self.text(content), level, kind)
            case "LineBlock":
                yield from self._paragraph("\n".join(map(self.text, content)), level, kind)
            case "Header":
                text = self.text(content[2])
                marker, _ = self._marker(level)
                yield heading(text, content[0], marker=marker if text else "")
            case "CodeBlock":
                yield Block(content[1], kind="code")
            case "RawBlock":
                self._keep_raw(content)
            case "Table":
                yield from self._table(content, kind)

    def _keep_raw(self, content: Tree) -> None:
        if re.search(r"\w", _TAG.sub("", content[1])):
            self._raw.append(one_line(content[1]))

    def _paragraph(self, text: str, level: int, kind: BlockKind) -> Iterator[Block]:
        marker, level = self._marker(level)
        if kind == "paragraph" and level:
            kind = "list_item"
        yield Block(text, level if kind == "list_item" else 0, kind, marker)

    def _marker(self, level: int) -> tuple[str, int]:
        """What stands before a paragraph, and the level of the list that it is in, 0 for none."""
        if self._of_paragraph is not None:
            mark, self._of_paragraph = self._of_paragraph, None
            return mark
        marker = self._of_item[0] if self._of_item and self._of_item[1] <= level else ""
        self._of_item = None
        return marker, level

    def _inline(self, part: Tree) -> str | list[Tree]:
        kind, content = part["t"], part.get("c")
        if kind == "RawInline":
            self._keep_raw(content)
        if kind in _UNSEEN:
            return ""
        match kind:
            case "Quoted":
                quotes = _QUOTES[content[0]["t"]]
                return [quotes[0], content[1], quotes[1]]
            case "Superscript":
                return raised_mark(self.text(content), superscript)
            case "Subscript":
                return raised_mark(self.text(content), subscript)
            case "Math":
                return _Formula(readable(content[1]))
            case "Code":
                return str(content[1])
            case "Note":
                return self._note(content)
            case "Span":
                return self._span(content)
        return [content[1] if kind in _IN_SECOND_PLACE else content]

    def _span(self, content: Tree) -> str | list[Tree]:
        style = _style(content[0])
        if style.startswith(MARKER_STYLE):
            self._of_paragraph = (self.text(content[1]), int(style.removeprefix(MARKER_STYLE)))
            return ""
        if style == NOTE_STYLE:
            self._note_mark = self.text(content[1])
            return ""
        return [content[1]]

    def _note(self, content: Tree) -> str:
        """The mark of a note that comes after the block it is in."""
        mark, self._note_mark = self._note_mark or str(next(self._numbers)), ""
        mark = superscript(mark) if mark.isdigit() or not mark.isalnum() else f"[{mark}]"
        self._notes.append((mark, content))
        return mark

    def _notes_so_far(self) -> Iterator[Block]:
        notes, self._notes = self._notes, []
        for mark, content in notes:
            for block in self.blocks(content, "note"):
                yield replace(block, marker=f"{mark} {block.marker}".strip()) if block.kind != "table" else block
                mark = ""

    def _table(self, content: Tree, kind: BlockKind) -> Iterator[Block]:
        _, (_, caption), *_ = content
        yield from self.blocks(caption, "caption", in_table=True)
        for is_frame, rows in groupby(_rows(content), lambda row: _tables_in(row[0]) == [True]):
            if is_frame:
                yield from self.blocks((part for cells, _ in rows for cell in cells for part in cell[4]), kind)
            else:
                yield Block(kind="table", rows=tuple(self._row(cells, headers) for cells, headers in rows))

    def _row(self, cells: list[Tree], headers: int) -> Row:
        return tuple(
            Cell("\n".join(map(within_cell, self.blocks(inside, in_table=True))), number < headers, columns, rows)
            for number, (_, _, rows, columns, inside) in enumerate(cells)
        )


class _Formula(str):
    """The text of a formula."""

    __slots__ = ()


def _is_reference(part: Tree) -> bool:
    """Whether it leads to a note or an entry by numbers alone, which would run into the word or number before them."""
    if not isinstance(part, dict) or part["t"] not in ("Cite", "Link"):
        return False
    _, shown, *target = part["c"]
    is_within = part["t"] == "Cite" or target[0][0].startswith("#")
    return is_within and bool(_NUMBERS.fullmatch("".join(one for one in shown if isinstance(one, str))))


def _inner(part: Tree, level: int, kind: BlockKind) -> list[Placed] | None:
    """What is in a part that only holds others; None of one that says something itself."""
    content = part.get("c")
    match part["t"]:
        case "BlockQuote":
            return [(inner, level, kind) for inner in content]
        case "Div":
            return [(inner, level, _kind_in(content[0], kind)) for inner in content[1]]
        case "Figure":
            _, (_, caption), shown = content
            return [*((inner, level, "caption") for inner in caption), *((inner, level, kind) for inner in shown)]
        case "BulletList":
            return _items(((BULLET, item) for item in content), level + 1)
        case "OrderedList":
            (start, style, enclosed), items = content
            write = OF_PANDOC.get(style["t"], str)
            form = _ENCLOSED.get(enclosed["t"], "{}.")
            return _items(((form.format(write(n)), item) for n, item in enumerate(items, start)), level + 1)
        case "DefinitionList":
            terms = ([({"t": "Para", "c": term}, level + 1, kind)] for term, _ in content)
            meanings = (_items((("", one) for one in several), level + 2) for _, several in content)
            return list(chain.from_iterable(chain.from_iterable(zip(terms, meanings, strict=True))))
        case "Table":
            rows = [cells for cells, _ in _rows(content)]
            # but a frame around a text, or around other tables
            if sum(map(len, rows)) == 1 or only_frames([*map(_tables_in, rows)]):
                _, (_, caption), *_ = content
                inside = [(inner, level, kind) for cells in rows for cell in cells for inner in cell[4]]
                return [*((inner, level, "caption") for inner in caption), *inside]
    return None


def _rows(table: Tree) -> list[tuple[list[Tree], int]]:
    """The cells of each row of a table, and how many of them are headers."""
    _, _, _, (_, head), bodies, (_, foot) = table
    rows = [(row, len(row[1])) for row in head]
    for _, header_columns, inner_head, inner in bodies:
        rows += [(row, len(row[1])) for row in inner_head]
        rows += [(row, header_columns) for row in inner]
    return [(cells, headers) for (_, cells), headers in (*rows, *((row, 0) for row in foot))]


def _tables_in(cells: Iterable[Tree]) -> list[bool]:
    """Of each cell that is not empty, whether a table is in it."""
    return [any(part["t"] == "Table" for part in cell[4]) for cell in cells if any(part.get("c") for part in cell[4])]


def _items(marked: Iterable[tuple[str, Tree]], level: int) -> list[Placed]:
    parts: list[Placed] = []
    for mark, item in marked:
        parts.append(({"t": "Marker", "c": mark}, level, "list_item"))
        parts += [(part, level, "list_item") for part in item]
    return parts


def _kind_in(attributes: Tree, kind: BlockKind) -> BlockKind:
    if _style(attributes) == CAPTION_STYLE:
        return "caption"
    return "note" if "notes" in attributes[1] else kind


def _style(attributes: Tree) -> str:
    return next((value for name, value in attributes[2] if name == "custom-style"), "")

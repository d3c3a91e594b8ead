"""The lines of all pages in reading order → paragraphs, which may begin on one page and end on the next."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from index.parsing.blocks import Block, Box
from index.parsing.pdf.layout.joints import Joint, Joints, Line
from index.parsing.pdf.page.segments import Segment

CAPTION = re.compile(r"(figure|fig\.|table|chart|exhibit|box|abbildung|abb\.|tabelle|tableau|figura|tabla) ?\d+", re.I)
SMALLER = 0.93
"""Of the size of the text: type that is not of it."""
_MONOSPACED = 0.6  # how wide a letter is, in sizes of the type
_FLOATS = 30  # notes, tables and captions that may stand between two parts of a sentence


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together, and what belongs between each two."""

    lines: list[Line]
    joints: list[Joint] = field(default_factory=list)
    aside: bool = False
    """Whether it is no part of the text but a running head."""

    @property
    def first(self) -> Segment:
        """How it begins."""
        return self.lines[0].segment

    @property
    def page(self) -> int:
        """Where it begins."""
        return self.lines[0].box.page

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Where its lines stand."""
        return tuple(line.box for line in self.lines)

    @property
    def is_code(self) -> bool:
        """Whether it is set in lines of letters that are equally wide."""
        return len(self.lines) > 1 and all(line.segment.fixed for line in self.lines) and Joint.LINE in self.joints

    def written(self) -> tuple[str, tuple[tuple[int, int], ...]]:
        """Its text, and where in it which later pages begin."""
        parts: list[str] = []
        turns: list[tuple[int, int]] = []
        length, page = 0, self.page
        edge = min(line.segment.left for line in self.lines)
        for line, joint in zip(self.lines, [Joint.NOTHING, *self.joints], strict=True):
            between, text = joint.value, line.segment.text
            if joint is Joint.CUT:
                parts[-1], length, between = parts[-1][:-1], length - 1, ""
            if self.is_code:
                between += " " * round((line.segment.left - edge) / (_MONOSPACED * line.segment.size))
            parts += (between, text)
            length += len(between)
            if line.box.page > page:
                page = line.box.page
                turns.append((length, page))
            length += len(text)
        return "".join(parts), tuple(turns)


Item = Paragraph | Block
"""A paragraph, or a table."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How most of a text is set: its size, and whether it is bold."""

    size: float
    bold: bool

    @classmethod
    def of(cls, segments: Iterable[Segment]) -> Usual:
        """How most of these are set, by their characters."""
        tenths = [(segment.size, segment.bold) for segment in segments for _ in segment.text[::10]] or [(1.0, False)]
        return cls(statistics.median(size for size, _ in tenths), 2 * sum(bold for _, bold in tenths) > len(tenths))


def paragraphs_of(parts: Sequence[Sequence[Line] | Item], usual: Usual) -> list[Item]:
    """Parts in reading order: lines of columns, tables, and running heads."""
    return _Builder([line for part in parts if not isinstance(part, Item) for line in part], usual.size).build(parts)


class _Builder:
    def __init__(self, lines: Sequence[Line], size: float) -> None:
        self._joints = Joints(lines)
        self._size = size
        self._items: list[Item] = []

    def build(self, parts: Sequence[Sequence[Line] | Item]) -> list[Item]:
        """Puts the lines together."""
        for part in parts:
            if isinstance(part, Item):
                self._items.append(part)
                continue
            self._begin(part[0])
            for line in part[1:]:
                self._add(line)
        return self._items

    def _add(self, line: Line) -> None:
        last = self._items[-1]
        if not isinstance(last, Paragraph) or last.aside or not self._joins(last, line):
            self._items.append(Paragraph([line]))

    def _begin(self, line: Line) -> None:
        """The first line of a column or page: it may go on with what notes, tables and captions cut in two."""
        for number, paragraph in self._open():
            is_cut = len(paragraph.lines) > 1 or line.segment.text[0].islower()  # a single line may be a heading
            if number < len(self._items) - 1 and not is_cut:
                continue
            if line.box.page - paragraph.lines[-1].box.page <= 1 and self._joins(paragraph, line):
                self._move_behind_floats(number)
                return
        self._items.append(Paragraph([line]))

    def _joins(self, paragraph: Paragraph, line: Line) -> bool:
        joint = self._joints.between(paragraph.lines[-1], line)
        if joint is Joint.PARAGRAPH:
            return False
        paragraph.lines.append(line)
        paragraph.joints.append(joint)
        return True

    def _open(self) -> Iterator[tuple[int, Paragraph]]:
        """The last paragraph, and the last one that is no note or caption."""
        for number in range(len(self._items) - 1, max(-1, len(self._items) - 1 - _FLOATS), -1):
            item = self._items[number]
            is_float = isinstance(item, Block) or self._is_float(item)
            if isinstance(item, Paragraph) and not item.aside and (not is_float or number == len(self._items) - 1):
                yield number, item
            if not is_float:
                return

    def _is_float(self, paragraph: Paragraph) -> bool:
        first = paragraph.first
        return paragraph.aside or first.size < SMALLER * self._size or first.faint or bool(CAPTION.match(first.text))

    def _move_behind_floats(self, number: int) -> None:
        """Behind those of the page on which it begins, so that these are found on their page."""
        paragraph = self._items[number]
        behind = number + 1
        while behind < len(self._items) and (self._items[behind].page or 0) <= (paragraph.page or 0):
            behind += 1
        self._items.insert(behind, paragraph)
        del self._items[number]

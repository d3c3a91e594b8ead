"""Words → segments: what stands on one line without a wide gap, with raised and lowered marks in their places."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from unicodedata import bidirectional

from index.parsing.pdf.page.marks import with_word
from index.parsing.pdf.page.words import Word

MARKER = re.compile(r"(?:[^\w\s$€£¥%)]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|\d{1,3}(?:\.\d{1,3})+\.?)")
"""What stands before an item of a list or a numbered heading."""

_SLASHES = "/⁄"
_LEADERS = re.compile(r"(?:\s?\.){5,}(?=\s|$)")
_CURRENCIES = ("$", "€", "£", "¥")

# in sizes of the type
_SAME_LINE = 0.25
_WIDE = 0.7
_TOUCHING, _BEFORE_TEXT = 0.35, 0.9
_GLUED, _GAP = 0.12, 0.25
_SHADOW = 0.15
_BEFORE_ITEM = 3.0
_OF_COLUMN = 3  # words
_OF_HEADING = 0.75  # of the size of a heading that stands beside text
_RISE, _FALL = 0.8, 0.4
_SHIFT = 0.1
# sizes of marks, in those of the words that they stand at
_SMALL, _SMALLEST = 0.85, 0.4
_LONGEST_MARK = 12  # characters
_ROWS_AROUND = 6
_LINE_END = 2  # characters


class Segment(NamedTuple):
    """Words of one line that stand close together, in points from the upper left corner of the page as it is read."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool = False
    fixed: bool = False
    faint: bool = False
    level: int = 0
    runs: tuple[tuple[int, int], ...] = ()
    """PDFium's numbers of its characters: half-open ranges, in the order of the text, with white space in them."""

    @property
    def top(self) -> float:
        """Where its letters begin."""
        return self.base - 0.8 * self.size

    @property
    def bottom(self) -> float:
        """Where its letters end."""
        return self.base + 0.2 * self.size


Row = list[Segment]
"""The segments of one height, from left to right."""


def rows_of(words: Sequence[Word]) -> list[Row]:
    """The rows of a page from top to bottom, right across its columns."""
    rows = _with_marks(_by_height(words))
    return [list(_segments(row)) for row in rows]


def _by_height(words: Sequence[Word]) -> list[list[Word]]:
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.base):
        first = rows[-1][0] if rows else None
        if first and word.base - first.base <= _SAME_LINE * min(word.style.size, first.style.size):
            rows[-1].append(word)
        else:
            rows.append([word])
    return rows


def _with_marks(rows: list[list[Word]]) -> list[list[Word]]:
    """With small raised and lowered words in the rows that they belong to."""
    rows = [_without_shadows(sorted(row, key=lambda word: word.left)) for row in rows]
    sizes = [max(word.style.size for word in row) for row in rows]
    joined: list[list[Word]] = [[] for _ in rows]
    for number, row in enumerate(rows):
        for group in _groups(row):
            host = number
            if sum([len(word.text) for word in group]) <= _LONGEST_MARK:
                host = _host(group, number, rows, sizes)
            joined[host] += group
    return [sorted(row, key=lambda word: word.left) for row in joined if row]


def _without_shadows(row: Sequence[Word]) -> list[Word]:
    """Without words that are drawn a second time a little beside themselves, which a reader sees once."""
    kept: list[Word] = []
    for word in row:
        above = kept[-1] if kept else None
        reach = _SHADOW * word.style.size
        is_beside = above and word.left - above.left < reach and abs(word.base - above.base) < reach
        if not (above and is_beside and word.text == above.text):
            kept.append(word)
    return kept


def _host(group: Sequence[Word], number: int, rows: Sequence[Sequence[Word]], sizes: Sequence[float]) -> int:
    """The row that a few small characters belong to as a mark, or that which they make themselves."""
    first = group[0]
    around = range(max(0, number - _ROWS_AROUND), min(len(rows), number + 1 + _ROWS_AROUND))
    hosts = [
        other
        for other in around
        if other != number and _SMALL * sizes[other] >= first.style.size and _is_mark_in(group, rows[other])
    ]
    return min(hosts, key=lambda other: abs(rows[other][0].base - first.base), default=number)


def _groups(row: Sequence[Word]) -> Iterator[list[Word]]:
    group = [row[0]]
    for word in row[1:]:
        if word.left - group[-1].right > _WIDE * word.style.size:
            yield group
            group = []
        group.append(word)
    yield group


def _is_mark_in(group: Sequence[Word], row: Sequence[Word]) -> bool:
    """Whether a few small characters touch a word of a row, above or below its line."""
    start, end, first = group[0].left, group[-1].right, group[0]
    after = bisect_left(row, start, key=lambda word: word.left)
    for word in row[max(0, after - 1) : after + 2]:
        size = word.style.size
        is_close = start - word.right <= _TOUCHING * size and word.left - end <= _BEFORE_TEXT * size
        fits = _SMALLEST * size <= first.style.size <= _SMALL * size
        if fits and is_close and -_RISE * size <= first.base - word.base <= _FALL * size:
            return True
    return False


def _segments(row: Sequence[Word]) -> Iterator[Segment]:
    """Cuts a row at wide gaps, though not between the marker of an item and the item."""
    parts: list[list[Word]] = []
    end = 0.0
    for word in row:
        size = _between(parts[-1][-1], word) if parts else 0.0
        reach = _BEFORE_ITEM if parts and _begins_item(parts, word) else _WIDE
        if parts and word.left - end <= reach * size:
            parts[-1].append(word)
            end = max(end, word.right)
        else:
            parts.append([word])
            end = word.right
    return map(_segment, parts)


def _between(before: Word, word: Word) -> float:
    """The size that white space between two words is measured by: the larger one's, unless that is of a heading."""
    small, large = sorted((before.style, word.style), key=lambda style: style.size)
    is_heading = large.bold and small.size < _OF_HEADING * large.size
    is_on_line = abs(word.base - before.base) <= _SAME_LINE * small.size
    return small.size if is_heading and is_on_line else large.size


def _begins_item(parts: Sequence[Sequence[Word]], word: Word) -> bool:
    """Whether all that stands before a word is the marker of an item or the sign of a currency; also of leader dots."""
    if word.text == ".":
        return True
    if len(parts[-1]) > 1:
        return False
    marker = parts[-1][0].text
    if marker.count(".") == 1 and marker[-1].isdigit() and len(parts) > 1 and len(parts[-2]) < _OF_COLUMN:
        return False  # a number of a table, with a cell on either side
    return marker in _CURRENCIES or (bool(MARKER.fullmatch(marker)) and word.text[0].isalpha())


def _segment(words: Sequence[Word]) -> Segment:
    if is_from_right("".join(word.text for word in words)):  # PDFium has these in the order in which they are read
        words = sorted(words, key=lambda word: word.place)
    size, base = _main(words)
    words = _upper_first(words)
    text = ""
    before: Word | None = None
    for word in words:
        shift = 0
        if word.style.size <= _SMALL * size:
            shift = (word.base < base - _SHIFT * size) - (word.base > base + _SHIFT * size)
        apart = before is not None and _is_apart(before, word)
        text = with_word(text, word.text, shift, apart=apart)
        before = word
    text = _LEADERS.sub(" …", text)
    letters = [word for word in words if word.style.size > _SMALL * size] or words
    return Segment(
        text,
        left=min(word.left for word in words),
        right=max(word.right for word in words),
        base=base,
        size=size,
        bold=all(word.style.bold for word in letters),
        fixed=all(word.style.fixed for word in words),
        faint=all(word.style.faint for word in letters),
        level=max(word.style.level for word in words),
        runs=tuple(_runs(words)),
    )


def _runs(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """The ranges of their characters; words with no more than a line's end between them are in one."""
    first = last = -1
    for word in words:
        if word.first < 0:
            continue
        if first < 0 or not 0 <= word.first - last <= _LINE_END:
            if first >= 0:
                yield first, last
            first = word.first
        last = word.last
    if first >= 0:
        yield first, last


def _upper_first(words: Sequence[Word]) -> list[Word]:
    """With a number that stands over another one before that, as in fractions."""
    ordered = list(words)
    for number in range(len(ordered) - 1):
        first, second = ordered[number : number + 2]
        is_over = second.base < first.base and second.left < (first.left + first.right) / 2
        if is_over and first.text.isdigit() and second.text.isdigit():
            ordered[number : number + 2] = [second, first]
    return ordered


def _main(words: Sequence[Word]) -> tuple[float, float]:
    """The size and the base of most of the characters; the larger ones' where the small ones are capitals."""
    style, base = words[0].style, words[0].base
    if all(word.style is style and word.base == base for word in words):
        return style.size, base
    size = _most([(word.style.size, len(word.text)) for word in words])
    base = _most([(word.base, len(word.text)) for word in words if word.style.size == size])
    small = "".join(word.text for word in words if word.style.size == size)
    if small.upper() == small and any(map(str.isalpha, small)):
        size = max(word.style.size for word in words if abs(word.base - base) < _SHIFT * size)
    return size, base


def _most(values: Sequence[tuple[float, int]]) -> float:
    """The value of most of the characters, of which there are as many as said."""
    counts: Counter[float] = Counter()
    for value, characters in values:
        counts[value] += characters
    return counts.most_common(1)[0][0]


def _is_apart(before: Word, word: Word) -> bool:
    """Whether white space is between two words of a line."""
    gap = max(word.left - before.right, before.left - word.right)
    if word.place == before.place + 1:
        is_mark = before.style.size != word.style.size
        return word.apart or gap > (_GLUED if is_mark else _GAP) * word.style.size
    if word.apart and before.style.size <= _SMALL * word.style.size and word.text[0] not in _SLASHES:
        return True  # a mark was drawn later into the space before the word
    if word.style.size == before.style.size and word.style.font != before.style.font:
        return True  # as what is filled into a field behind its name
    return gap > _GLUED * max(before.style.size, word.style.size)


def is_from_right(text: str) -> bool:
    """Whether most of its letters are read from right to left."""
    if text.isascii():
        return False
    sides = Counter(map(bidirectional, text))
    return sides["R"] + sides["AL"] > sides["L"]


def joined(row: Row) -> Segment:
    """A row as one segment."""
    if len(row) == 1:
        return row[0]
    longest = max(row, key=lambda segment: len(segment.text))
    parts = row[::-1] if is_from_right("".join(segment.text for segment in row)) else row
    return Segment(
        " ".join(segment.text for segment in parts),
        left=row[0].left,
        right=max(segment.right for segment in row),
        base=longest.base,
        size=longest.size,
        bold=all(segment.bold for segment in row),
        fixed=all(segment.fixed for segment in row),
        faint=all(segment.faint for segment in row),
        level=max(segment.level for segment in row),
        runs=tuple(run for segment in parts for run in segment.runs),
    )

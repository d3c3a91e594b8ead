"""The rows of a page → its parts in reading order: lines of a column, and tables, by the white space between them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from index.parsing.pdf.layout.gutters import Gutter, gutters_of
from index.parsing.pdf.layout.headers import is_number
from index.parsing.pdf.page.segments import Row, Segment, is_from_right, joined

# in sizes of the type
_ALIGNED = 0.35
_FEWEST_GAPS, _WIDEST_SPACE, _WORDS_OF_SEGMENT, _NEAR = 2, 1.8, 1.5, 4
_WRAPPED = 1.1  # distances of the closest rows
_HEADER, _BESIDE = 2.6, 0.8
_APART = 1.7  # distances of lines
_DEEPEST, _CANDIDATES = 40, 12
_LEAST_ROWS = 2
_SPACE, _FEWEST_SPACES = 1.3, 3  # distances of rows
_WORDS_OF_TEXT = 5
_COMPARABLE = 0.7
_LINES_OF_CELL = 8  # where lines are drawn between rows
# of columns of prose
_FEWEST_LINES, _WORDS, _WIDTH, _GOING_ON, _FULL = 2, 2.5, 12, 0.25, 0.6
_MOSTLY_GOING_ON, _FEW_WORDS = 0.5, 2
_RUNNING_LINES, _OFTEN, _RAGGED = 5, 0.6, 4

RulesAcross = Callable[[float, float, float], Sequence[float]]
"""The heights of the level lines that are drawn across ``x`` between two heights."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows under one another: those of a table, or lines of one column, which have one segment each."""

    rows: list[Row]
    is_table: bool = False


def parts_of(rows: Sequence[Row], rules_across: RulesAcross) -> list[Part]:
    """The parts of a page in the order in which they are read."""
    rows = [_unstretched(row, rows[max(0, n - _NEAR) : n + _NEAR + 1]) for n, row in enumerate(rows)]
    if is_from_right("".join(segment.text for row in rows for segment in row)):
        mirrored = _parts([_mirrored(row) for row in rows], lambda x, top, bottom: rules_across(-x, top, bottom))
        return [Part([_mirrored(row) for row in part.rows], part.is_table) for part in mirrored]
    return list(_parts(rows, rules_across))


def _mirrored(row: Row) -> Row:
    return [segment._replace(left=-segment.right, right=-segment.left) for segment in reversed(row)]


def _parts(rows: Sequence[Row], rules_across: RulesAcross, depth: int = 0) -> Iterator[Part]:
    gutter, is_table = _main_gutter(rows, rules_across) if depth < _DEEPEST else (None, False)
    if gutter is None:
        if rows:
            yield Part([[joined(row)] for row in rows])
        return
    first, last = gutter.first, gutter.last
    if is_table and (cut := _cut(rows, first, last)):
        yield from _parts(rows[:cut], rules_across, depth + 1)
        yield from _parts(rows[cut:], rules_across, depth + 1)
        return
    yield from _parts(rows[:first], rules_across, depth + 1)
    inside = rows[first : last + 1]
    if is_table:
        yield Part(list(inside), is_table=True)
    else:
        sides = ([segment for segment in row if segment.left < gutter.middle] for row in inside)
        yield from _parts([row for row in sides if row], rules_across, depth + 1)
        sides = ([segment for segment in row if segment.left >= gutter.middle] for row in inside)
        yield from _parts([row for row in sides if row], rules_across, depth + 1)
    yield from _parts(rows[last + 1 :], rules_across, depth + 1)


def _unstretched(row: Row, near: Sequence[Row]) -> Row:
    """A row with the words of a line in one segment, whose spaces are so wide that it ends where one near it does."""
    if len(row) <= _FEWEST_GAPS:
        return row
    for other in chain.from_iterable(near):
        reach = _ALIGNED * other.size
        inside = [part for part in row if other.left - reach < part.left and part.right < other.right + reach]
        if len(inside) > _FEWEST_GAPS and _are_words_of(inside, other, reach):
            start = row.index(inside[0])
            return _unstretched([*row[:start], joined(inside), *row[start + len(inside) :]], near)
    return row


def _are_words_of(segments: Row, other: Segment, reach: float) -> bool:
    """Whether segments are words with equally wide spaces between them that go as far as another line does."""
    gaps = [b.left - a.right for a, b in pairwise(segments)]
    is_even = max(gaps) < _WIDEST_SPACE * other.size and max(gaps) - min(gaps) < reach / 2
    is_flush = abs(segments[0].left - other.left) < reach and abs(segments[-1].right - other.right) < reach
    words = sum(len(segment.text.split()) for segment in segments)
    return is_even and is_flush and words <= _WORDS_OF_SEGMENT * len(segments)


def _main_gutter(rows: Sequence[Row], rules_across: RulesAcross) -> tuple[Gutter | None, bool]:
    """The gutter with most text beside it that parts columns, or cells of a table, and which of both it does.

    One that parts columns comes before one that parts cells and has a little more text beside it.
    """
    candidates = sorted((g for g in gutters_of(rows) if g.weight >= _LEAST_ROWS), key=lambda g: -g.weight)
    of_table: Gutter | None = None
    for gutter in candidates[:_CANDIDATES]:
        if of_table and gutter.weight < _COMPARABLE * of_table.weight:
            break
        parts_columns = _parts_columns(rows, gutter, rules_across)
        if parts_columns:
            return _without_far_rows(rows, gutter), False
        if parts_columns is False and of_table is None:
            of_table = gutter
    return (_of_table(rows, of_table), True) if of_table else (None, False)


def _parts_columns(rows: Sequence[Row], gutter: Gutter, rules_across: RulesAcross) -> bool | None:
    """Whether a gutter parts columns; False where it parts the cells of a table, None where it does neither."""
    if gutter.on_both < gutter.weight / 2:  # the lines on its sides are not those of one row
        return True
    inside = rows[gutter.first : gutter.last + 1]
    left = [row[place - 1] for row in inside if (place := _place(row, gutter)) > 0]
    right = [row[place] for row in inside if (place := _place(row, gutter)) < len(row)]
    if gutter.on_both < _LEAST_ROWS or not _are_aligned(right):
        return None
    if _are_spaced(inside, gutter) or not (
        (_is_prose(left) and _is_prose(right)) or _is_running(left, right) or _is_running(right, left)
    ):
        return False
    rules = rules_across(gutter.middle, inside[0][0].base, inside[-1][0].top)
    return len(rules) < max(_LEAST_ROWS, gutter.weight / _LINES_OF_CELL)


def _are_spaced(rows: Sequence[Row], gutter: Gutter) -> bool:
    """Whether space parts rows that all begin on both sides: the lines of cells stand closer than those rows."""
    pitches = [_pitch(rows, number) for number in range(len(rows) - 1)]
    closest = min(pitches)
    apart = [row for pitch, row in zip(pitches, rows[1:], strict=True) if pitch > _SPACE * closest]
    return (
        closest >= _BESIDE and len(apart) >= _FEWEST_SPACES and all(0 < _place(row, gutter) < len(row) for row in apart)
    )


def _place(row: Row, gutter: Gutter) -> int:
    """How many segments of a row are on the left of the gutter."""
    middle = gutter.middle
    return sum([segment.left < middle for segment in row])


def _are_aligned(segments: Sequence[Segment]) -> bool:
    """Whether half of the segments begin or end at one place, or are centred there: chance gaps in prose are not."""
    for edges in (
        [segment.left for segment in segments],
        [segment.right for segment in segments],
        [(segment.left + segment.right) / 2 for segment in segments],
    ):
        reach = _ALIGNED * statistics.median(segment.size for segment in segments)
        ordered = sorted(edges)
        half = max(2, (len(ordered) + 1) // 2)
        if any(b - a <= reach for a, b in zip(ordered, ordered[half - 1 :], strict=False)):
            return True
    return False


def _is_prose(lines: Sequence[Segment]) -> bool:
    """Whether sentences run from line to line, or the lines are long and about equally so."""
    if len(lines) < _FEWEST_LINES:
        return False
    going_on = sum(line.text[0].islower() for line in lines[1:]) / len(lines[1:])
    words = statistics.mean(len(line.text.split()) for line in lines)
    if (going_on >= _GOING_ON and words >= _WORDS) or (going_on >= _MOSTLY_GOING_ON and words >= _FEW_WORDS):
        return True
    end = max(line.right for line in lines)
    full = sum(end - line.right <= 2 * line.size for line in lines) / len(lines)
    return full >= _FULL and statistics.mean((line.right - line.left) / line.size for line in lines) >= _WIDTH


def _is_running(lines: Sequence[Segment], others: Sequence[Segment]) -> bool:
    """Whether sentences run on from line to line, which are about equally long, and others are not about a few each."""
    if len(lines) < _RUNNING_LINES or len(others) < _OFTEN * len(lines) or lines[0].fixed:
        return False
    end = max(line.right for line in lines)
    going_on = sum(line.text[0].islower() for line in lines[1:]) / len(lines[1:])
    full = sum(end - line.right <= _RAGGED * line.size for line in lines) / len(lines)
    return min(going_on, full) >= _OFTEN and statistics.mean(len(line.text.split()) for line in lines) >= _WORDS


def _without_far_rows(rows: Sequence[Row], gutter: Gutter) -> Gutter:
    """Without rows on one side only that stand far above or below the columns: headings of what comes next."""
    numbers = range(gutter.first, gutter.last + 1)
    left = [number for number in numbers if rows[number][0].left < gutter.middle]
    right = [number for number in numbers if rows[number][-1].left >= gutter.middle]
    first, last = max(left[0], right[0]), min(left[-1], right[-1])
    gaps = [b[0].base - a[0].base for a, b in pairwise(rows[first : last + 1])]
    most = max(gaps, default=0.0)
    usual = statistics.median(gaps) if gaps else 0.0
    limit = max(1.2 * most, _APART * usual)

    def is_far(upper: int) -> bool:
        return bool(limit) and rows[upper + 1][0].base - rows[upper][0].base > limit

    first = next((number + 1 for number in range(first - 1, gutter.first - 1, -1) if is_far(number)), gutter.first)
    last = next((number for number in range(last, gutter.last) if is_far(number)), gutter.last)
    return gutter._replace(first=first, last=last)


def _of_table(rows: Sequence[Row], gutter: Gutter) -> Gutter:
    """From the first row with cells on both sides to the last, with the header above and wrapped lines below."""
    numbers = range(gutter.first, gutter.last + 1)
    both = [number for number in numbers if 0 < _place(rows[number], gutter) < len(rows[number])]
    first, last = both[0], both[-1]
    closest = min((_pitch(rows, number) for number in range(first, last)), default=0.0)
    while last + 1 < len(rows) and _belongs(rows[last + 1], gutter) and _pitch(rows, last) <= _WRAPPED * closest:
        last += 1
    while first > 0 and _pitch(rows, first - 1) <= (_HEADER if len(rows[first - 1]) > 1 else _BESIDE):
        first -= 1
    return gutter._replace(first=first, last=last)


def _belongs(row: Row, gutter: Gutter) -> bool:
    """Whether a row below a table may be of it: with several cells, or the end of a cell on the right."""
    return len(row) > 1 or row[0].left >= gutter.right


def _cut(rows: Sequence[Row], first: int, last: int) -> int:
    """Where rows of a table end: at a line of text, or at bold headers of another, if space is before them; else 0."""
    usual = statistics.median(_pitch(rows, number) for number in range(first, last)) if last > first else 0.0
    for number in range(first + _LEAST_ROWS, last):
        if _pitch(rows, number - 1) <= _SPACE * usual:
            continue
        is_text = len(rows[number]) == 1 and len(rows[number][0].text.split()) >= _WORDS_OF_TEXT
        if is_text and _pitch(rows, number) > _SPACE * usual:
            return number
        begins_table = _begins_table(rows[number : min(number + 3, last + 1)])
        if begins_table and any(is_number(segment.text) for row in rows[first:number] for segment in row):
            return number
    return 0


def _begins_table(rows: Sequence[Row]) -> bool:
    """Whether the first row is of headers in bold type over others, if after a line in bold type."""
    headers, body = rows[1:3] if len(rows) > 2 and len(rows[0]) == 1 and _is_bold(rows[0]) else rows[:2]
    has_words = len(headers) > 1 and not any(map(str.isdigit, joined(headers).text))
    return has_words and _is_bold(headers) and not _is_bold(body)


def _is_bold(row: Row) -> bool:
    return all(segment.bold for segment in row)


def _pitch(rows: Sequence[Row], number: int) -> float:
    """How far the next row is from this one, in sizes of the type."""
    upper, lower = rows[number][0], rows[number + 1][0]
    return (lower.base - upper.base) / max(upper.size, 0.1)

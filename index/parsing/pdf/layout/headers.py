"""What the rows of a table are: headers of its columns, a caption over it, or names and values of a form."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

_MOSTLY = 0.75  # of the cells of a column
_FEWEST_ROWS = 2
_FEWEST_GROUPS, _MOST_COLUMNS = 2, 100
_WORD = re.compile(r"[^\W\d_]{2}")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")


@dataclass(slots=True)
class TableLine:
    """A row of the page: what stands in each of its columns, which of it is not bold, and how many columns it spans."""

    base: float
    size: float
    cells: dict[int, str] = field(default_factory=dict)
    plain: set[int] = field(default_factory=set)
    spans: dict[int, int] = field(default_factory=dict)

    def is_name(self, column: int) -> bool:
        """Whether a cell looks like the name of what stands behind it: a word in bold type, or with a colon."""
        text = self.cells[column]
        return text.endswith(":") or (column not in self.plain and bool(_WORD.search(text)))


def has_digit(text: str) -> bool:
    """Whether it may be a number."""
    return any(map(str.isdigit, text))


def is_number(text: str) -> bool:
    """Whether there is nothing in it that words are made of."""
    return has_digit(text) and not any(map(str.isalpha, text))


def header_rows(lines: Sequence[TableLine], columns: int) -> int:
    """How many of the first rows are headers: in bold type over rows that are not, or words over numbers.

    The last of them has a cell for nearly each column, or for each one that the row above it stands over: what stands
    over parts of a form is none.
    """
    if len(lines) < _FEWEST_ROWS or form_cells(lines[0]):
        return 0
    most = len(lines) // 2
    bold = next((number for number, line in enumerate(lines) if line.plain), len(lines))
    first = max(bold if bold <= most else 0, _words(lines, columns, most))
    count = _naming(lines[:first], columns)
    if count and count < most and _stands_over(lines[count - 1], lines[count]):
        return count + 1
    return count


def spread_groups(upper: TableLine, lower: TableLine) -> None:
    """Lets each header of a row stand over all columns of its group, where the row below names those of each alike.

    A header is mostly drawn over the middle of its group, and so over one column only.
    """
    columns, groups = sorted(lower.cells), sorted(upper.cells)
    names = [lower.cells[column] for column in columns]
    if len(groups) < _FEWEST_GROUPS or len(columns) > _MOST_COLUMNS:
        return
    for size in range(len(columns) // len(groups), 1, -1):
        for first in range(len(columns) - size * len(groups) + 1):
            own = columns[first : first + size * len(groups)]
            parts = [own[start : start + size] for start in range(0, len(own), size)]
            alike = names[first : first + len(own)] == names[first : first + size] * len(groups)
            if alike and all(part[0] <= group <= part[-1] for part, group in zip(parts, groups, strict=True)):
                upper.cells = {part[0]: upper.cells[group] for part, group in zip(parts, groups, strict=True)}
                upper.spans = {part[0]: part[-1] - part[0] + 1 for part in parts}
                return


def _naming(lines: Sequence[TableLine], columns: int) -> int:
    """How many of the rows are left without those at the end that have cells for too few columns."""
    return max((number for number, line in enumerate(lines, start=1) if 2 * len(line.cells) > columns), default=0)


def _stands_over(upper: TableLine, lower: TableLine) -> bool:
    """Whether all cells of a row stand under such as span several columns."""
    under = {column + further for column, span in upper.spans.items() if span > 1 for further in range(span)}
    return lower.cells.keys() <= under


def _words(lines: Sequence[TableLine], columns: int, most: int) -> int:
    """How many of the first rows have words over numbers, or years, and no numbers over numbers."""
    numbers = {column for column in range(columns) if _is_of_numbers(lines[most:], column)}
    last = 0
    for number, line in enumerate(lines[:most], start=1):
        over = [text for column, text in line.cells.items() if column in numbers and any(map(str.isalnum, text))]
        alike = sum(is_number(text) and not _YEAR.fullmatch(text) for text in over)
        is_value = _naming(lines[:last], columns) and any(map(has_digit, line.cells.values()))
        if is_value or 2 * alike > len(over):
            break
        if over:
            last = number
    return last


def _is_of_numbers(lines: Sequence[TableLine], column: int) -> bool:
    """Whether most cells of a column are numbers, and not all years."""
    texts = [line.cells[column] for line in lines if any(map(str.isalnum, line.cells.get(column, "")))]
    return bool(texts) and statistics.mean(map(is_number, texts)) >= _MOSTLY and not all(map(_YEAR.fullmatch, texts))


def form_cells(line: TableLine) -> list[str]:
    """The cells of a row that has names and values by turns, each name with its value; else none."""
    columns = sorted(line.cells)
    pairs = list(zip(columns[::2], columns[1::2], strict=False))
    beside = all(name + line.spans[name] == value for name, value in pairs)
    by_turns = [line.is_name(column) for column in columns] == [True, False] * len(pairs)
    if not (beside and by_turns):
        return []
    return [f"{line.cells[name].removesuffix(':')}: {line.cells[value]}" for name, value in pairs]

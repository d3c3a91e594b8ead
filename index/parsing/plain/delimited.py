"""Tables in plain text (.csv, .tsv), whatever separates their cells."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from index.parsing.blocks import from_blocks
from index.parsing.content import Content, File, malformed
from index.parsing.plain.text import decoded
from index.parsing.tables import Grid

_SEPARATORS = ",;\t|"
# what Excel is told in the first line, and does not show
_NAMED = re.compile(r'"?sep=([^"\r\n])"?[ \t]*(?:\r?\n|\Z)', re.IGNORECASE)
_NONE = "\x1f"
_MOST = 0.5
_SAMPLE = 100_000
_LABELS_ARE_NO_NUMBERS = str.maketrans("", "", " .,'-+%€$£¥\u00a0\u202f")


def delimited(file: File) -> Content:
    """Raises MalformedFile."""
    read = decoded(file)
    text = read.text
    separator = ""
    if named := _NAMED.match(text):
        separator, text = named.group(1), text[named.end() :]
    grid = Grid()
    with malformed(file.name, "not a table of separated cells"), _cells_up_to(len(text) + 1):
        for number, row in enumerate(_rows(text, separator or _separator(file.name, text))):
            for column, cell in enumerate(row):
                grid.put(number, column, cell, is_label=not _is_number(cell))
    return from_blocks(grid.blocks(), notes=read.notes)


@contextmanager
def _cells_up_to(characters: int) -> Iterator[None]:
    # the limit is one of the process, in which other readers of such tables run, too
    before = csv.field_size_limit(characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _rows(text: str, separator: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True))


def _separator(name: str, text: str) -> str:
    """The character that parts most rows of the beginning into the same number of cells, if any does."""
    if name.lower().endswith(".tsv") and "\t" in text[:_SAMPLE]:
        return "\t"
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE and "\n" in sample:
        sample = sample[: sample.rindex("\n")]

    def regularity(separator: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in _rows(sample, separator) if row)
        width, rows = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(0, 0))
        return (rows / widths.total(), width) if width > 1 else (0.0, 0)

    best = max(_SEPARATORS, key=regularity)
    return best if regularity(best)[0] >= _MOST else _NONE


def _is_number(cell: str) -> bool:
    return cell.translate(_LABELS_ARE_NO_NUMBERS).isdigit()

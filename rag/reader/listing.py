"""Answers that are lists: which questions want one, which lines of a text are one, and the items of an answer.

All ranges are half-open characters of the text that is given.
"""

from __future__ import annotations

import re

from rag.answers import Span

_MAX_ITEMS = 20
_MAX_CHARACTERS = 1_500
"""How long a list may be that is given as an answer: of a longer one, an item is the better quote."""

# what precedes an item on its line; `index.parsing.blocks` writes lists so, and people do in plain text
MARKER = re.compile(r"[^\S\n]*(?:[-*•–◦▪]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|\d{1,2}(?:\.\d{1,2})+\.?)[^\S\n]+")
_NUMBER_WORD = r"(?:two|three|four|five|six|seven|eight|nine|ten|\d{1,2})"
PLURAL = r"(?!(?:\w*ss|was|is|does|has|this|its|us|status|process|basis|series|gas|bus|address)\b)\w{3,}s"
_WANTS_LIST = re.compile(
    rf"""^(?:and[ ]|so[ ]|please[ ])*(?:
        (?:what|which)[ ](?:are|were)[ ](?:all[ ])?(?:the|its|their|these|our|my)[ ]
      | (?:what|which)[ ](?:other[ ])?(?:{_NUMBER_WORD}[ ])?(?:[\w-]+[ ]){{0,2}}{PLURAL}[ ]
            (?:are|were|do|did|must|can|may|should|will|have|had|make|does|need|belong|count)\b
      | (?:what|which|name|list|give)[ ](?:me[ ])?(?:all|both|the[ ]{_NUMBER_WORD}|{_NUMBER_WORD})\b
      | (?:list|name|enumerate)[ ](?:me[ ])?(?:the[ ])?(?:[\w-]+[ ]){{0,2}}{PLURAL}\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_SEPARATOR = re.compile(r"(?:\s*[,;]\s+(?:(?:and|or|as well as)\s+)?|\s+(?:and|or|as well as|&)\s+|\s*\n\s*)")


def wants_list(question: str) -> bool:
    """Whether ``question`` asks for several things: "which three towns …", "what are the rules …", "list the parts"."""
    return bool(_WANTS_LIST.match(question.strip()))


def list_items(text: str, position: int) -> tuple[Span, ...]:
    """The items of the list in which ``position`` stands, without their markers; () where it stands in none.

    An item is a line that begins with a marker. A list that is too long to be an answer counts as none.
    """
    first, last = max(0, position - _MAX_CHARACTERS), min(len(text), position + _MAX_CHARACTERS)
    items: list[Span] = []
    line_start = text.rfind("\n", first, position) + 1 or first
    while line_start > first and (before := _line_before(text, line_start)) is not None:
        line_start = before
    while line_start < last:
        line_end = text.find("\n", line_start)
        line_end = len(text) if line_end < 0 else line_end
        item = _item(text, line_start, line_end)
        if item is None:
            break
        items.append(item)
        line_start = line_end + 1
    inside = any(item.start <= position < item.end for item in items)
    fits = inside and 2 <= len(items) <= _MAX_ITEMS and items[-1].end - items[0].start <= _MAX_CHARACTERS
    return tuple(items) if fits else ()


def without_marker(text: str, line: Span) -> Span:
    """The range without the marker of a list that it begins with."""
    marker = MARKER.match(text, line.start, line.end)
    return line if marker is None else Span(marker.end(), line.end)


def is_list(text: str, span: Span) -> bool:
    """Whether the range holds several items of one list, whole lines but for the marker of the first."""
    items = list_items(text, span.start)
    inside = [item for item in items if item.start < span.end and span.start < item.end]
    return len(inside) > 1 and inside[0].start == span.start and inside[-1].end - span.end in (0, 1)


def _line_before(text: str, line_start: int) -> int | None:
    """Where the line before the one at ``line_start`` begins, if it is an item of a list and so is this one."""
    line_end = text.find("\n", line_start)
    if _item(text, line_start, len(text) if line_end < 0 else line_end) is None:
        return None
    before = text.rfind("\n", 0, line_start - 1) + 1
    return before if _item(text, before, line_start - 1) else None


def _item(text: str, line_start: int, line_end: int) -> Span | None:
    """What stands behind a marker on the line; None where it has none, or nothing behind it."""
    marker = MARKER.match(text, line_start, line_end)
    end = line_start + len(text[line_start:line_end].rstrip())
    return Span(marker.end(), end) if marker is not None and marker.end() < end else None


def parts(text: str, span: Span) -> tuple[Span, ...]:
    """The things that a stretch of text lists, parted by commas, semicolons, lines, "and" and "or".

    One that lists nothing is its own only part.
    """
    stretch, starts = span.of(text), [0]
    ends: list[int] = []
    for separator in _SEPARATOR.finditer(stretch):
        ends.append(separator.start())
        starts.append(separator.end())
    ends.append(len(stretch))
    ranges = [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]
    return tuple(Span(span.start + start, span.start + end) for start, end in ranges)

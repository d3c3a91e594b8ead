"""Running heads and page numbers: what stands at the head or foot of page after page, but is no part of the text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.parsing.pdf.page.segments import Row

_MARGIN = 0.14  # of the height of the page
_OUTERMOST = 3  # rows
_NEXT = 2  # pages from one head of a chapter to the next: left and right pages may have heads of their own
_OF_CHAPTER = 3  # pages at least
_NUMBER = r"(?P<number>\d{1,4}|[ivxlc]{1,7})"
_BARE = re.compile(
    rf"(?:page|seite|p\.|s\.)?\s*[-–—(\[|]*\s*{_NUMBER}\s*[-–—)\]|]*(?:\s*(?:/|of|von|de|sur)\s*\d+)?", re.I
)
_AT_START = re.compile(rf"[-–—|]*\s*{_NUMBER}\s*[-–—|]*\s+(?P<words>.+)", re.I)
_AT_END = re.compile(rf"(?P<words>.+?)\s+(?:(?:page|seite|p\.|s\.)\s*)?[-–—|]*\s*{_NUMBER}\s*[-–—|]*", re.I)
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class PageRows:
    """The rows of a page, from the top, its height in points, and the number that is printed on it, where it says."""

    rows: Sequence[Row]
    height: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A row at the head or the foot of a page; pages count from 0."""

    page: int
    row: int
    is_foot: bool


@dataclass(frozen=True, slots=True)
class Running:
    """Rows by page and row from 0: those that go, and the first of those that repeat, which stay."""

    dropped: frozenset[tuple[int, int]]
    first: frozenset[tuple[int, int]]


def running_rows(pages: Sequence[PageRows]) -> Running:
    """The rows that are page numbers, or the same words on most pages, or on those of a chapter."""
    dropped: set[tuple[int, int]] = set()
    first: set[tuple[int, int]] = set()
    bare: list[tuple[int, _Place]] = []
    heads: dict[tuple[str, float, int | None, bool], list[_Place]] = defaultdict(list)
    numbered: dict[int, set[int]] = defaultdict(set)  # by how numbers differ from those of pages: the pages
    for place in _outer_rows(pages):
        row = pages[place.page].rows[place.row]
        text = " ".join(segment.text for segment in row)
        if match := _BARE.fullmatch(text):
            shift = _value(match) - place.page
            bare.append((shift, place))
            numbered[shift].add(place.page)
            continue
        for words, differs in _heads(text, place.page):
            heads[words, round(row[0].size), differs, place.is_foot].append(place)
            if differs is not None:
                numbered[differs].add(place.page)
    for shift, place in bare:
        if shift == 1 or len(numbered[shift]) > 1 or pages[place.page].label == str(shift + place.page):
            dropped.add((place.page, place.row))
    for places in heads.values():
        for run in _runs(places):
            count = len({place.page for place in run})
            if count >= _OF_CHAPTER or count > max(1, len(pages) / 2):
                dropped |= {(place.page, place.row) for place in run if place.page != run[0].page}
                first |= {(place.page, place.row) for place in run if place.page == run[0].page}
    return Running(frozenset(dropped), frozenset(first - dropped))


def _outer_rows(pages: Sequence[PageRows]) -> Iterator[_Place]:
    for number, page in enumerate(pages):
        for place, row in enumerate(page.rows):
            height = row[0].base
            if place < _OUTERMOST and height < _MARGIN * page.height:
                yield _Place(number, place, is_foot=False)
            elif place >= len(page.rows) - _OUTERMOST and height > (1 - _MARGIN) * page.height:
                yield _Place(number, place, is_foot=True)


def _heads(text: str, page: int) -> Iterator[tuple[str, int | None]]:
    """What a row says as a head: its words, or those without a page number, and how that differs from the page's."""
    yield text, None
    for pattern in (_AT_START, _AT_END):
        if match := pattern.fullmatch(text):
            yield match["words"], _value(match) - page


def _value(match: re.Match[str]) -> int:
    number = match["number"].lower()
    if number.isdigit():
        return int(number)
    values = [_ROMAN[letter] for letter in number]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


def _runs(places: Sequence[_Place]) -> Iterator[list[_Place]]:
    run: list[_Place] = []
    for place in places:
        if run and place.page - run[-1].page > _NEXT:
            yield run
            run = []
        run.append(place)
    yield run

"""The numbers that Word sets before paragraphs by itself: "2.1", "(a)", "Article 3."."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from index.parsing.blocks import BULLET
from index.parsing.office.numerals import OF_WORD
from index.parsing.office.word.styles import Styles
from index.parsing.office.word.xml import Element, is_on, number, tag, value

_LEVELS = 9
_PLACE = re.compile(r"%([1-9])")
_SEEN_BULLETS = frozenset("-–—☐☑☒✓✔")


@dataclass(frozen=True, slots=True)
class _Level:
    """How the paragraphs of one level of a list are numbered."""

    start: int = 1
    form: str = ""
    """With "%1" where the number of the first level stands, and so on."""
    numerals: str = "decimal"
    is_all_decimal: bool = False
    restarts_after: int = -1
    """The level, from 1, whose next number makes it start anew; 0: none does; -1: all that are higher."""
    style: str = ""
    """The paragraph style that is numbered so."""


class Numbering:
    """Counts the paragraphs of a document's lists, which are to be asked for in their order."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        self._styles = styles
        self._abstract: dict[str, Element] = {}
        self._lists: dict[str, Element] = {}
        if root is not None:
            self._abstract = {e.get(tag("w:abstractNumId"), ""): e for e in root.iterchildren(tag("w:abstractNum"))}
            self._lists = {e.get(tag("w:numId"), ""): e for e in root.iterchildren(tag("w:num"))}
        self._levels: dict[str, tuple[_Level, ...]] = {}
        self._counters: dict[str, list[int | None]] = {}
        self._begun: set[tuple[str, int]] = set()

    def level_of_style(self, list_key: str, style: str) -> int | None:
        """The level of a list that numbers the paragraphs of a style, from 0."""
        return next((n for n, level in enumerate(self._of_list(list_key)) if level.style == style), None)

    def next(self, list_key: str, level: int) -> str | None:
        """What stands before the next paragraph of a list at a level from 0; None where there is no such list."""
        levels = self._of_list(list_key)
        if not levels:
            return None
        level = min(level, len(levels) - 1)
        numbers = self._advanced(list_key, level, levels)
        own = levels[level]
        if own.numerals == "bullet":
            return own.form if own.form in _SEEN_BULLETS else BULLET
        if own.numerals == "none":
            return _PLACE.sub("", own.form).strip()

        def written(place: re.Match[str]) -> str:
            index = int(place.group(1)) - 1
            shown = levels[index] if index < len(levels) else own
            if shown.numerals in ("none", "bullet") or index > level:
                return ""
            numerals = "decimal" if own.is_all_decimal else shown.numerals
            return OF_WORD.get(numerals, str)(numbers[index] or 0)

        return _PLACE.sub(written, own.form).strip()

    def _advanced(self, list_key: str, level: int, levels: tuple[_Level, ...]) -> list[int]:
        counters = self._counters.setdefault(self._shared_key(list_key), [None] * _LEVELS)
        self._restart(list_key, level, counters)
        for above in range(level):
            if counters[above] is None:
                counters[above] = levels[above].start
        before = counters[level]
        counters[level] = levels[level].start if before is None else before + 1
        for below in range(level + 1, len(levels)):
            after = levels[below].restarts_after
            if after != 0 and (after < 0 or level < after):
                counters[below] = None
        return [counter if counter is not None else 0 for counter in counters]

    def _restart(self, list_key: str, level: int, counters: list[int | None]) -> None:
        """A list that is made from another may begin anew at its first paragraph."""
        if (list_key, level) in self._begun:
            return
        self._begun.add((list_key, level))
        if self._override(list_key, level, "w:startOverride") is not None:
            counters[level] = None

    def _override(self, list_key: str, level: int, path: str) -> str | None:
        element = self._lists.get(list_key)
        overrides = () if element is None else element.iterchildren(tag("w:lvlOverride"))
        return next((value(o, path) for o in overrides if number(o.get(tag("w:ilvl"))) == level), None)

    def _shared_key(self, list_key: str) -> str:
        """Lists that are made from the same one go on with each other's numbers."""
        return value(self._lists.get(list_key), "w:abstractNumId") or ""

    def _of_list(self, list_key: str) -> tuple[_Level, ...]:
        if list_key not in self._levels:
            self._levels[list_key] = self._read(list_key)
        return self._levels[list_key]

    def _read(self, list_key: str) -> tuple[_Level, ...]:
        element = self._lists.get(list_key)
        abstract = self._abstract.get(self._shared_key(list_key))
        if element is None or abstract is None:
            return ()
        if linked := value(abstract, "w:numStyleLink"):
            other = self._styles.list_key(linked)
            through = self._abstract.get(self._shared_key(other))
            abstract = abstract if through is None else through
        levels = [_Level()] * _LEVELS
        overrides = list(element.iterchildren(tag("w:lvlOverride")))
        for found in (*abstract.iterchildren(tag("w:lvl")), *(o for e in overrides for o in e.iter(tag("w:lvl")))):
            if 0 <= (index := number(found.get(tag("w:ilvl")), -1)) < _LEVELS:
                levels[index] = _level(found)
        for override in overrides:
            start = value(override, "w:startOverride")
            if start and 0 <= (index := number(override.get(tag("w:ilvl")), -1)) < _LEVELS:
                levels[index] = replace(levels[index], start=number(start, 1))
        return tuple(levels)


def _level(element: Element) -> _Level:
    restart = value(element, "w:lvlRestart")
    return _Level(
        start=number(value(element, "w:start"), 0),
        form=value(element, "w:lvlText") or "",
        numerals=value(element, "w:numFmt") or "decimal",
        is_all_decimal=bool(is_on(element, "w:isLgl")),
        restarts_after=-1 if restart is None else number(restart, -1),
        style=value(element, "w:pStyle") or "",
    )

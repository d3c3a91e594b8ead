"""Lists that a text names, and questions for all of one: "What are the rules of the reading room?".

A list is named by the line above it, "Rules of the room" or "You must bring:", or by the heading that it stands under.
All ranges are half-open characters of the text that is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.answers import Span
from rag.conversation.english import ASKING, FUNCTION, VERBS, words
from rag.reader.listing import MARKER, PLURAL, list_items, wants_list

_NUMBER_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: number for number, word in enumerate(_NUMBER_WORDS, start=2)}
_OPENING = FUNCTION | ASKING | words("please me us all both enumerate")
_IDLE = _OPENING | _NUMBERS.keys() | VERBS | words("main different various following several key important")
_POINTS_ON = re.compile(r"\b(?:following|follows|these|below)\b", re.IGNORECASE)
_SINGULAR = re.compile(r"(?:ies|es|s|y|e|ing)$")
_WORD = re.compile(r"\w+")
_STEM = 6
_ENOUGH = 0.5
_LONGEST_LEAD = 200
_LONGEST_HEADING = 100


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list and what it is called."""

    items: tuple[Span, ...]
    lead: str
    """The line above it; empty where none is near."""
    heading: str
    """The heading that it stands under; empty for none."""

    @property
    def called(self) -> str:
        """What says which things it lists: the line that leads in to it, or its heading where that line doesn't say."""
        is_heading = len(self.lead) <= _LONGEST_HEADING and self.lead[-1:].isalnum()
        leads_in = self.lead.endswith(":") and not _POINTS_ON.search(self.lead)
        return self.lead if is_heading or leads_in else f"{self.lead} {self.heading}"


@dataclass(frozen=True, slots=True)
class WantedList:
    """What a question for all of a list asks for, in stems."""

    things: str
    """What they are called: rules, steps, benefits."""
    about: frozenset[str]
    """The other words, which say of what."""
    count: int | None
    """How many, where the question says so."""

    def fit(self, named: NamedList, way: str) -> float:
        """How surely this is that list, 0 to 1, by what it is called and by the ``way`` to it; 0 where it is another.

        A list of all rules is no answer to a question for those about bags: more than half of such words must be there.
        """
        called, there = _stems(named.called), _stems(f"{named.lead} {named.heading} {way}")
        # "Garden", in the house rules, are those of the garden
        is_called_so = self.things in (there if self.about and self.about <= called else called)
        if not is_called_so or self.count not in (None, len(named.items)):
            return 0.0
        share = len(self.about & there) / len(self.about) if self.about else 1.0
        return share if share > _ENOUGH else 0.0


def wanted_list(question: str) -> WantedList | None:
    """What ``question`` wants all of; None where it doesn't ask for several things by what they are called."""
    asked = _WORD.findall(question.casefold())
    first = next((n for n, word in enumerate(asked) if word not in _OPENING), len(asked))
    last = next((n for n in range(first, len(asked)) if asked[n] in FUNCTION), len(asked))
    things = [n for n in range(first, last) if re.fullmatch(PLURAL, asked[n])]
    if not things or not wants_list(question):
        return None
    counts = [_NUMBERS.get(word, 0) or int(word) for word in asked[:last] if word in _NUMBERS or word.isdecimal()]
    about = {word for n, word in enumerate(asked) if n != things[-1] and word not in _IDLE}
    return WantedList(_stem(asked[things[-1]]), frozenset(map(_stem, about)), counts[0] if counts else None)


def lists(text: str, start: int, end: int) -> Iterator[tuple[Span, ...]]:
    """The items of each list of which a part stands between ``start`` and ``end``."""
    while start < end:
        line_end = text.find("\n", start)
        line_end = len(text) if line_end < 0 else line_end
        marker = MARKER.match(text, start, line_end)
        if marker is not None and (items := list_items(text, marker.end())):
            yield items
            line_end = items[-1].end
        start = line_end + 1


def lead(text: str, items: tuple[Span, ...]) -> str:
    """The line above a list; empty where that is too long to name one."""
    above = text[max(0, items[0].start - 2 * _LONGEST_LEAD) : items[0].start].rpartition("\n")[0].rstrip()
    line = above.rpartition("\n")[2].strip()
    return line if len(line) <= _LONGEST_LEAD else ""


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(text.casefold())}


def _stem(word: str) -> str:
    return _SINGULAR.sub("", word)[:_STEM]

"""The names and numbers that a question has, and whether a text has them, letter by letter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_NAME_OR_NUMBER = re.compile(r"\b[^\W\d_a-z][\w’'-]*|\d[\d.,]*\d|\d")
_STEM = 5


@lru_cache(maxsize=256)
def names(question: str) -> tuple[str, ...]:
    """The names and numbers of a question, by their first letters.

    The first word is capital whatever it is, so only a number counts there. Each candidate of a question asks for them.
    """
    matches = _NAME_OR_NUMBER.finditer(question)
    return tuple(m.group().casefold()[:_STEM] for m in matches if m.start() > 0 or m.group()[0].isdigit())


def share_of_names(wanted: Sequence[str], text: str) -> float:
    """Of the names and numbers ``wanted``, the share that stands in ``text``, 0 to 1; 1 where none are wanted."""
    if not wanted:
        return 1.0
    lowered = text.casefold()
    return sum(_begins_a_word(name, lowered) for name in wanted) / len(wanted)


def _begins_a_word(name: str, text: str) -> bool:
    """Whether a word of ``text`` begins with ``name``, which itself begins as words do."""
    # some ten times as fast as a regular expression, and every candidate of a question asks
    position = text.find(name)
    while position > 0 and (text[position - 1].isalnum() or text[position - 1] == "_"):
        position = text.find(name, position + 1)
    return position >= 0

"""Text within a line as it is seen: raised marks, fractions, white space."""

from __future__ import annotations

import re
from collections.abc import Callable

from index.parsing.content import one_line

_FRACTION = re.compile(r"(\d?)([⁰¹²³⁴-⁹]+)\s?[/⁄∕]\s?([₀-₉]+)")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")
_IN_BRACKETS = re.compile(r"(?:\[[^\]]{1,30}\][\s,]*)+")
_SEVERAL_MARKS = re.compile(r"\w{1,3}(?:[,;\s–-]+\w{1,3})+")
_PLACES_TO_BREAK = str.maketrans("", "", "\xad\u200b")
"""Where a line may be broken, which isn't seen where it isn't."""


def with_fractions(text: str) -> str:
    """``text`` with the fractions of raised and lowered digits as 3/40."""
    return _FRACTION.sub(_plain_fraction, text)


def raised_mark(text: str, moved: Callable[[str], str]) -> str:
    """What stands raised or lowered, as ``moved`` writes it; references in brackets stay as they are."""
    text = one_line(text)
    if _IN_BRACKETS.fullmatch(text):
        return text
    if _SEVERAL_MARKS.fullmatch(text):  # numbers of several notes
        return re.sub(r"\w+", lambda word: moved(word.group()), text)
    return moved(text)


def _plain_fraction(found: re.Match[str]) -> str:
    whole, over, under = found.groups()
    return f"{whole} {over}/{under}".strip().translate(_PLAIN)


def seen_lines(text: str) -> str:
    """With one space between words, and only the line breaks that the page asks for."""
    return "\n".join(map(one_line, text.translate(_PLACES_TO_BREAK).replace("\n", " ").split("\v"))).strip("\n")

"""Text within a line as it is seen: its white space."""

from __future__ import annotations

from index.parsing.content import one_line

_PLACES_TO_BREAK = str.maketrans("", "", "\xad\u200b")
"""Where a line may be broken, which isn't seen where it isn't."""


def seen_lines(text: str) -> str:
    """With one space between words, and only the line breaks that the page asks for."""
    return "\n".join(map(one_line, text.translate(_PLACES_TO_BREAK).replace("\n", " ").split("\v"))).strip("\n")

"""Marks in a text, by which a number that pandoc would not tell goes through it: characters that no text may hold."""

from __future__ import annotations

import re

_BEGINS, _ENDS, _FIRST_LEVEL = "\ufdd0", "\ufdd1", 0xFDD3
GOES_ON = "\ufdd2"
"""Stands in a cell that goes on from the row above."""
_DEEPEST = 8
_LEVELS = f"{chr(_FIRST_LEVEL)}-{chr(_FIRST_LEVEL + _DEEPEST)}"
MARKER = re.compile(f"{_BEGINS}([{_LEVELS}])([^{_BEGINS}{_ENDS}]*){_ENDS}[ \t]*")
"""What `marked` gives: the level, for `level_of`, and what stands before a paragraph."""


def marked(marker: str, level: int = 0) -> str:
    """What stands before a paragraph, and the level of its list, from 0, between marks."""
    return f"{_BEGINS}{chr(_FIRST_LEVEL + min(max(level, 0), _DEEPEST))}{marker}{_ENDS}"


def level_of(found: re.Match[str]) -> int:
    """The level that a `MARKER` names."""
    return ord(found[1]) - _FIRST_LEVEL

"""Raised and lowered marks in a line of text, so that none becomes a part of the number or word that it stands at."""

from __future__ import annotations

import re

from index.parsing.plain.raised import LOWERED, RAISED

_RAISED_LETTERS = str.maketrans("abcdefghijklmoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
_NUMBERS = re.compile(r"[\d+\-−=(),;–n]*\d[\d+\-−=(),;–n]*|n")
_FEW_LETTERS = re.compile(r"[a-z](?:,?[a-z])?")
_ORDINAL = re.compile(r"st|nd|rd|th|er|re|e|ème|o|a|º|ª|os|as", re.I)
_UPPER_NUMBER = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+$")
_NORMAL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SLASHES = ("/", "⁄")


def with_word(text: str, word: str, shift: int, *, apart: bool) -> str:
    """``text`` and the next word of its line, which is raised (1), lowered (-1) or neither (0).

    ``apart``: white space is between them.
    """
    space = " " if apart and text else ""
    if shift > 0:
        return _with_raised(text, word, space)
    upper = _UPPER_NUMBER.search(text) if not apart else None
    is_power = upper and text[: upper.start()][-1:].isalpha()
    if upper and word.startswith(_SLASHES) and not is_power:  # 1 over 2 with a slash
        return _as_fraction(text, upper) + word
    if upper and upper.start() == 0 and word[:1].isalnum():  # the mark of a note, before the note
        return f"{text} {word}"
    if shift == 0 or text.endswith(_SLASHES):
        return f"{text}{space}{word}"
    if upper and word.isdigit() and not is_power:  # 1 over 2 with a bar
        return f"{_as_fraction(text, upper)}/{word}"
    after_number = text[-1:].isdigit() and _NUMBERS.fullmatch(word)
    return f"{text}{space}{word.translate(LOWERED) if after_number else word}"


def _with_raised(text: str, word: str, space: str) -> str:
    if _NUMBERS.fullmatch(word):
        return f"{text}{space}{word.translate(RAISED)}"
    if not any(map(str.isalnum, word)) or (_ORDINAL.fullmatch(word) and text[-1:].isdigit()):
        return f"{text}{space}{word}"
    if _FEW_LETTERS.fullmatch(word):
        return f"{text}{space}{word.translate(_RAISED_LETTERS)}"
    return f"{text} {word}" if text[-1:].isalnum() else f"{text}{space}{word}"


def _as_fraction(text: str, upper: re.Match[str]) -> str:
    whole = text[: upper.start()]
    return f"{whole}{' ' if whole[-1:].isdigit() else ''}{upper.group().translate(_NORMAL)}"

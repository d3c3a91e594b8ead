"""Raised and lowered characters in plain text, kept apart from what they follow: "12²", never 122."""

from __future__ import annotations

import re
from collections.abc import Callable

# also for readers that have marks of their own, such as that of PDFs
RAISED = str.maketrans("0123456789+-−=()in", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁱⁿ")
LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_HAS_RAISED = re.compile(r"[0-9+\-−=()in]+")
_HAS_LOWERED = re.compile(r"[0-9+\-−=()]+")
# written at the line's height they are the same words: 1st, 2e, Mme, nº, and a sign that is raised by itself
_SAME_WORD = re.compile(r"(?:st|nd|rd|th|er|ère|re|e|ème|me|o|a|º|ª|lle|gr|[®™℠*†‡§¶°′″'’\"”.,;:])+", re.IGNORECASE)
_FRACTION = re.compile(r"(\d?)([⁰¹²³⁴-⁹]+)\s?[/⁄∕]\s?([₀-₉]+)")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")
_IN_BRACKETS = re.compile(r"(?:\[[^\]]{1,30}\][\s,]*)+")
_SEVERAL_MARKS = re.compile(r"\w{1,3}(?:[,;\s–-]+\w{1,3})+")


def with_fractions(text: str) -> str:
    """``text`` with the fractions of raised and lowered digits as 3/40."""
    return _FRACTION.sub(_plain_fraction, text)


def raised_mark(text: str, moved: Callable[[str], str]) -> str:
    """What stands raised or lowered, as ``moved`` writes it; references in brackets stay as they are."""
    if _IN_BRACKETS.fullmatch(text):
        return text
    if _SEVERAL_MARKS.fullmatch(text):  # numbers of several notes
        return re.sub(r"\w+", lambda word: moved(word.group()), text)
    return moved(text)


def superscript(text: str) -> str:
    """``text`` as it is written where it stands raised in a sentence."""
    words = text.strip()
    if not words or (_SAME_WORD.fullmatch(words) and not _HAS_RAISED.fullmatch(words)):
        return text
    if words.upper() in ("TM", "SM"):
        return _kept_apart(text, "™" if words.upper() == "TM" else "℠")
    return power(text)


def power(text: str) -> str:
    """``text`` as it is written where it stands raised in a formula."""
    words = text.strip()
    if _HAS_RAISED.fullmatch(signs := words.replace(" ", "")):
        return _kept_apart(text, signs.translate(RAISED))
    return _kept_apart(text, f"^{_grouped(words)}") if words else text


def subscript(text: str) -> str:
    """``text`` as it is written where it stands lowered."""
    words = text.strip()
    if _HAS_LOWERED.fullmatch(signs := words.replace(" ", "")):
        return _kept_apart(text, signs.translate(LOWERED))
    return _kept_apart(text, f"_{_grouped(words)}") if words else text


def _plain_fraction(found: re.Match[str]) -> str:
    whole, over, under = found.groups()
    return f"{whole} {over}/{under}".strip().translate(_PLAIN)


def _grouped(words: str) -> str:
    return words if len(words) == 1 or words.isalnum() else f"({words})"


def _kept_apart(text: str, written: str) -> str:
    """With the white space around it."""
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{written}{after}"

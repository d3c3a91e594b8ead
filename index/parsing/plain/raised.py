"""Raised and lowered characters in plain text, kept apart from what they follow: "12²", never 122."""

from __future__ import annotations

import re

# also for readers that have marks of their own, such as that of PDFs
RAISED = str.maketrans("0123456789+-−=()in", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁱⁿ")
LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_HAS_RAISED = re.compile(r"[0-9+\-−=()in]+")
_HAS_LOWERED = re.compile(r"[0-9+\-−=()]+")
# written at the line's height they are the same words: 1st, 2e, Mme, nº, and a sign that is raised by itself
_SAME_WORD = re.compile(r"(?:st|nd|rd|th|er|ère|re|e|ème|me|o|a|º|ª|lle|gr|[®™℠*†‡§¶°′″'’\"”.,;:])+", re.IGNORECASE)


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


def _grouped(words: str) -> str:
    return words if len(words) == 1 or words.isalnum() else f"({words})"


def _kept_apart(text: str, written: str) -> str:
    """With the white space around it."""
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{written}{after}"

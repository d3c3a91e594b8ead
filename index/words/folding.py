"""Makes characters alike that a reader takes for the same: compatibility forms, diacritics, hyphens, apostrophes.

Case is left as it is, since it says where the parts of an identifier begin; it goes last of all.
"""

from __future__ import annotations

import re
import unicodedata

# letters and digits; of scripts whose vowel signs are no letters to Python, all of it
WORD = r"\w\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u0f71-\u0fbc\u1000-\u109f"
"""The characters of words, for a class of a regular expression."""

# diacritics of European scripts, Hebrew points, Arabic vowel signs; what has no width, and blanks that are within
_DROPPED = re.compile(
    r"[\u0300-\u0337\u0339-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    r"\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufe00-\ufe0f\ud800-\udfff\s]+"
)
_ALIKE = str.maketrans(
    dict.fromkeys("‘’ʼʹ＇", "'")
    | dict.fromkeys("‐‑‒−", "-")
    | {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"}
)


def folded(text: str) -> str:
    """The text with such characters made alike, and without what a reader does not see; canonically composed."""
    apart = unicodedata.normalize("NFKD", text).translate(_ALIKE)
    return unicodedata.normalize("NFC", _DROPPED.sub("", apart))


def folded_with_places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The folded text, and for each of its characters the half-open range of ``text`` that it was made of."""
    if text.isascii() and not _DROPPED.search(text):
        return text, [(at, at + 1) for at in range(len(text))]
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = _end_of_cluster(text, start)
        part = folded(text[start:end])
        parts.append(part)
        places += [(start, end)] * len(part)
        start = end
    return "".join(parts), places


def _end_of_cluster(text: str, start: int) -> int:
    """Where the characters end that are folded together: a letter and its marks, the parts of a Korean syllable."""
    end = start + 1
    while end < len(text):
        char = text[end]
        # to ASCII nothing before it ever joins
        if char.isascii():
            break
        if not unicodedata.combining(char):
            before = text[start:end]
            if folded(before + char) == folded(before) + folded(char):
                break
        end += 1
    return end

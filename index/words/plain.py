"""The terms of texts whose words are mostly plain ones, of which each is a term as it is, without its case.

To look such words up one by one takes a walk through the memory for each; here all of them are read in a few passes
over the text. Only what is more than a plain word is looked at by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# around a word or a symbol, these belong to the sentence
OUTER = "\"'`“”„‚«»‹›()[]{},;*…"
ENDS = OUTER + ".:!?"
LONGEST = 80
"""Characters of a term that count, in the index and in a question."""

_MOST_BYTES = 17 / 16
"""Of a character of a text, in UTF-8: of one with more, most words are not plain."""


def _kind(char: str) -> str:
    if not char.isascii():
        return "?"
    for kind, is_it in ((" ", str.isspace), ("a", str.islower), ("A", str.isupper), ("0", str.isdigit)):
        if is_it(char):
            return kind
    return "(" if char in OUTER else "." if char in ENDS else "?"


_KINDS = "".join(_kind(chr(byte)) for byte in range(256)).encode()
_WORDS = bytes(
    ord(" ") if kind in b" (." else byte for kind, byte in zip(_KINDS, bytes(range(256)).lower(), strict=True)
)
# what makes a word more than a plain one, up to its end: other signs, capitals or digits among its letters, and signs
# of the sentence that are within it, or before it if they belong behind one
_MORE = re.compile(
    rb"(?:\?|A(?:(?<=[a0]A)|(?<=AA)a)|0(?:(?<=[aA]0)|(?=[aA]))"
    rb"|\((?<=[^ ]\()(?=[aA0])|\.(?:(?<![aA0]\.)|(?=[aA0])))[^ ]*"
)
_NONE_TOO_LONG = re.compile(rb"(?:.{0,%d} )*+.{0,%d}" % (LONGEST, LONGEST))


def read_plainly(text: str, other: Callable[[str], str]) -> str | None:
    """The terms of a text with blanks between; ``other`` gives those of what is more than a plain word.

    None where that is most of the text, or anything is too long for a term.
    """
    raw = text.encode("utf-8", "surrogatepass")
    kinds = raw.translate(_KINDS)
    if len(raw) > _MOST_BYTES * len(text) or not _NONE_TOO_LONG.fullmatch(kinds):
        return None
    words = raw.translate(_WORDS)
    parts: list[bytes] = []
    end = 0
    for more in _MORE.finditer(kinds):
        start = kinds.rfind(b" ", end, more.start()) + 1 or end
        parts.append(words[end:start])
        end = more.end()
        parts += [other(chunk).encode() + b" " for chunk in raw[start:end].decode("utf-8", "surrogatepass").split()]
    parts.append(words[end:])
    return b"".join(parts).decode()

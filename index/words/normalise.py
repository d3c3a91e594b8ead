"""Text → terms: the forms by which the word index finds a text, or looks up a question, and where each stands in it.

One function makes the terms of both, so whatever is written in two ways is found either way round. A text is taken
apart at its blanks, and each piece between them is folded (`index.words.folding`) and gives its terms: words, and
beside those of a compound the whole of it in one ("e", "mail", "email"), numbers in one spelling, symbols that stand
alone, and pairs of characters in scripts that put no blanks between words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from index.words.folding import WORD, folded, folded_with_places

_LONGEST = 80
"""Characters of a term that count, in the index and in a question."""
_JOINED_PARTS = 5
"""A compound of more parts is no word that anybody writes in one."""
_KEPT, _KEPT_LENGTH = 1 << 17, 30

_BROKEN = re.compile(r"[^\s\-‐\xad][-‐\xad][ \t]*\r?\n")
_SPACED_NUMBER = re.compile(r"\d[ \u00a0\u2009\u202f]\d{3}(?!\d)")
# between groups of three digits a blank is one of the number if it may not break, or if decimals follow
_CHUNK = re.compile(
    r"(?:(?<=\s)|^)\d{1,3}(?:(?:[\u00a0\u2009\u202f]\d{3})+(?:[.,]\d+)?|(?:[ ]\d{3})+[.,]\d{1,2})"
    r"(?=[^\w.,]|[.,]?\s|[.,]?$)"
    r"|(?:\S(?:(?<=[^\s\-‐][-‐\xad])[ \t]*\r?\n\s*(?=[^\W\d_]))?)+"
)
_BLANKS = re.compile(r"\s+")

# of scripts without blanks between words: Thai, Lao, Khmer, kana, Han, Hangul
_HAN_RANGES = r"\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = rf"\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\uac00-\ud7af{_HAN_RANGES}"
_HAN = re.compile(rf"[{_HAN_RANGES}]")
_PIECE = re.compile(
    rf"(?P<unspaced>[{_UNSPACED}]+)"
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![\d.])"
    r"|\d{1,3}(?:'\d{3})+(?:[.,]\d+)?|\d+[.,]\d+(?![.,:/-]?\d))"
    rf"|(?P<word>(?:(?![{_UNSPACED}])[{WORD}])+(?:['\-._]+(?:(?![{_UNSPACED}])[{WORD}])+)*)"
    r"|(?P<operator>[=<>!&|+*/%^~.:@$#?\-]{2,})"
)
# also those of HTTPServer2 and camelCase
_PART = re.compile(rf"[A-Z]+[0-9]*(?![a-z])|[A-Z]?(?:(?![A-Z_])[{WORD}])+")
_POSSESSIVE = re.compile(r"'[sS]$")
# around a word or a symbol, these belong to the sentence
_OUTER = "\"'`“”„‚«»‹›()[]{},;*…"
_ENDS = "\"'`“”„‚«»‹›()[]{},;*….:!?"
_SIGNS_BEFORE, _SIGNS_AFTER = frozenset(".#@$£€-+~/\\&§"), frozenset("+#%*$€£°")
_NO_SYMBOL = re.compile(r"[-–—‒―_.,:;!?…*'|]|[-–—‒―_.…]{3,}|[=*~]{4,}|[!?]{3,}|!\?|\?!|--")


class Term(NamedTuple):
    """A term and the half-open range of the text that it was made of."""

    text: str
    start: int
    end: int
    beside: bool = False
    """Whether other terms are made of the same characters: a compound in one, or one Chinese character of several."""


def terms(text: str) -> list[Term]:
    """The terms of a text or of a question, each with its place; those of a compound overlap."""
    found = []
    for start, chunk in _chunks(text):
        folding, places = folded_with_places(chunk)
        for term, first, last, beside in _terms_of(folding):
            # both ends of what each character was folded from
            found.append(Term(term, start + places[first][0], start + places[last - 1][1], beside))
    return found


def joined_terms(text: str) -> str:
    """The same terms without their places, with blanks between; some 20 µs for a hundred words, a fraction."""
    chunks = (chunk for _, chunk in _chunks(text)) if _is_entangled(text) else text.split()
    return " ".join(map(_KNOWN.__getitem__, chunks))


class _Known(dict[str, str]):
    """The terms of chunks that came before, joined: most of a text's words come again and again."""

    def __missing__(self, chunk: str) -> str:
        if chunk.isascii():
            folding = _BLANKS.sub("", chunk)
            made = folding if folding.islower() and folding.isalpha() else None
        else:
            folding, made = folded(chunk), None
        if made is None or len(made) > _LONGEST:
            made = " ".join(term.text for term in _terms_of(folding))
        if len(chunk) <= _KEPT_LENGTH:
            if len(self) >= _KEPT:
                self.clear()
            self[chunk] = made
        return made


_KNOWN = _Known()


def _is_entangled(text: str) -> bool:
    """Whether a blank in it may stand within a word or a number."""
    return ("\n" in text and _BROKEN.search(text) is not None) or _SPACED_NUMBER.search(text) is not None


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """What stands between blanks, with its offset: also what a hyphen at the end of a line, or a number, spans."""
    if _is_entangled(text):
        return ((match.start(), match.group()) for match in _CHUNK.finditer(text))
    return ((match.start(), match.group()) for match in re.finditer(r"\S+", text))


def _terms_of(chunk: str) -> list[Term]:
    """The terms of a folded chunk with their ranges in it."""
    start, end = _inner(chunk)
    whole = chunk[start:end]
    found: list[Term] = []
    if not any(char.isalnum() for char in whole):
        found += _of_operator(whole, start)
    else:
        if end - start > 1 and (whole[0] in _SIGNS_BEFORE or whole[-1] in _SIGNS_AFTER):
            found.append(Term(whole, start, end))
        for match in _PIECE.finditer(chunk, start, end):
            found += _READ[str(match.lastgroup)](match.group(), match.start())
    return [Term(term.text.casefold()[:_LONGEST], *term[1:]) for term in found]


def _inner(chunk: str) -> tuple[int, int]:
    """The range without what belongs to the sentence; of symbols alone, dots and such are kept."""
    left = chunk.lstrip(_OUTER)
    right = left.rstrip(_OUTER)
    if any(char.isalnum() for char in right):
        right = right.rstrip(_ENDS)
    start = len(chunk) - len(left)
    return start, start + len(right)


def _of_unspaced(run: str, start: int) -> Iterator[Term]:
    """Pairs of characters; of Chinese ones each by itself too, since it may be a word."""
    for at in range(len(run)):
        if len(run) == 1 or _HAN.match(run[at]):
            yield Term(run[at], start + at, start + at + 1, beside=len(run) > 1)
        if at + 1 < len(run):
            yield Term(run[at : at + 2], start + at, start + at + 2)


def _of_number(number: str, start: int) -> Iterator[Term]:
    """With a point before its decimals and nothing else; both ways where one comma or point may mean either."""
    end = start + len(number)
    plain = number.replace("'", "")
    marks = [char for char in plain if char in ",."]
    if len(marks) > 1 and len(set(marks)) == 1:
        yield Term(plain.replace(marks[0], ""), start, end)
        return
    if not marks:
        yield Term(plain, start, end)
        return
    whole, decimals = plain.rsplit(marks[-1], 1)
    yield Term(f"{re.sub('[,.]', '', whole)}.{decimals}", start, end)
    if len(marks) == 1 and len(decimals) == 3 and len(whole) < 4 and whole[0] != "0":
        yield Term(whole + decimals, start, end)


def _of_word(word: str, start: int) -> Iterator[Term]:
    """Its parts, and the whole in one if there are several."""
    word = _POSSESSIVE.sub("", word)
    parts = list(_PART.finditer(word))
    for part in parts:
        yield Term(part.group(), start + part.start(), start + part.end())
    if 1 < len(parts) <= _JOINED_PARTS:
        yield Term("".join(part.group() for part in parts), start, start + len(word), beside=True)


def _of_operator(symbol: str, start: int) -> Iterator[Term]:
    if symbol and not _NO_SYMBOL.fullmatch(symbol):
        yield Term(symbol, start, start + len(symbol))


_READ: dict[str, Callable[[str, int], Iterator[Term]]] = {
    "unspaced": _of_unspaced,
    "number": _of_number,
    "word": _of_word,
    "operator": _of_operator,
}

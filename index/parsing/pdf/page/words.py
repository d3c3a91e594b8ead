"""The words of a page and where they stand, character by character from PDFium."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple
from unicodedata import normalize

from pypdfium2 import PdfPage, PdfTextPage, raw

from index.parsing.content import composed
from index.parsing.pdf.page.frame import Frame
from index.parsing.pdf.page.styles import PLAIN, Style, Styles

_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
# the signs of Symbol and Wingdings that lists and forms are set with, where old programs wrote them
_SIGNS = {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0fc": "✓", "\uf0fe": "☑", "\uf0a8": "☐", "\uf06f": "☐"}
# the letters of formulas, which have places of their own beyond the first 65,536
_OF_FORMULAS = {letter: normalize("NFKC", letter) for letter in map(chr, range(0x1D400, 0x1D800))}
READ_AS = str.maketrans(_LIGATURES | _SIGNS | _OF_FORMULAS)
"""What characters of a file are read as."""
# accents that TeX sets before or over their letters; the acute one only where it can be no apostrophe
_ACCENTS = dict(zip("¨ˆ˜ˇ˘˚´", "\u0308\u0302\u0303\u030c\u0306\u030a\u0301", strict=True))
_ACCENTED = re.compile(r"([¨ˆ˜ˇ˘˚]|(?<!\b[a-zA-Z])´(?=[aeiouyAEIOUYcnszCNSZ]))([A-Za-zı])")
# what PDFium makes of a hyphen at the end of a line, and a soft one, which is seen where it is drawn
_HYPHENS = str.maketrans("\x02\ufffe\xad", "---")
_TOKEN = re.compile(r"\S+")
# of such a word all characters stand on one line in one style, if the first and the last one do
_LETTERS = re.compile(r"[“‘(\"]?[A-Za-z\u00c0-\u024f]+(?:[-’'][A-Za-z\u00c0-\u024f]+)*[.,;:?!)”’\"]?|\d+(?:[.,]\d+)*")
_UNKNOWN = "\ufffd"
_LINE_ENDS = "\r\n"
_STOPS = ".,;:!?”)"
_SLACK = 0.1  # by which a word may be wider than its letters, in sizes of the type: more may be a space, or a mark
_FEWEST_LETTERS, _FEWEST_VOWELS = 20, 0.25


def _bare(function: object, result: type, *arguments: type) -> Callable[..., int]:
    """A function of PDFium that takes and gives bare numbers, which is twice as fast: these run for each character."""
    address = ctypes.cast(function, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
    return ctypes.PYFUNCTYPE(result, ctypes.c_void_p, ctypes.c_int, *arguments)(address)


_object_at = _bare(raw.FPDFText_GetTextObject, ctypes.c_void_p)
_box_at = _bare(raw.FPDFText_GetLooseCharBox, ctypes.c_int, ctypes.c_void_p)


class Word(NamedTuple):
    """Characters in one style without white space, in points from the upper left corner of the page as it is read.

    ``base`` is the line that it stands on. ``apart``: the file has white space before it. ``place`` counts the words.
    ``first`` and ``last`` are PDFium's numbers of its first character and of the one behind it; -1: it has none.
    """

    text: str
    left: float
    right: float
    base: float
    style: Style
    apart: bool
    place: int
    first: int = -1
    last: int = -1


class PageWords(NamedTuple):
    """The words of a page that a reader sees."""

    words: list[Word]
    unseen: int
    """Characters that no reader sees."""
    unreadable: int
    """Characters of fonts that do not say which characters they are."""


def words_of(page: PdfPage, text: PdfTextPage, levels: dict[int, int]) -> PageWords:
    """The words that a reader sees. ``levels`` are those of headings, by the number of their marked content."""
    return _Reader(page, text, levels).read()


class _Reader:
    def __init__(self, page: PdfPage, text: PdfTextPage, levels: dict[int, int]) -> None:
        self._text = text.raw
        self._address = ctypes.cast(text.raw, ctypes.c_void_p).value
        self._characters = characters_of(text)
        self._styles = Styles(page, text, levels)
        self._frame = Frame.of(page)
        self._shift = self._frame.left
        self._sides = [(self._frame.width(turns), self._frame.height(turns)) for turns in range(4)]
        self._box = raw.FS_RECTF()
        self._box_address = ctypes.addressof(self._box)
        self._words: list[Word] = []
        self._unseen = 0

    def read(self) -> PageWords:
        """Cuts the characters into words: at white space, where the style changes, and where they jump."""
        end = 0
        for match in _TOKEN.finditer(self._characters):
            token, start = match.group(), match.start()
            apart = bool(self._characters[end:start].strip(_LINE_ENDS)) or not end
            end = match.end()
            if not (_LETTERS.fullmatch(token) and self._read_letters(token, start, end, apart)):
                self._read_token(token, start, apart)
        return self._sorted_out()

    def _read_letters(self, token: str, start: int, end: int, apart: bool) -> bool:
        """Reads a word by its first and its last character; not one that is turned, or set in several pieces."""
        style, base = self._style(start)
        if style.turns != 0:
            return False
        widths = style.widths
        try:
            width = sum([widths[character] for character in token])
        except KeyError:
            return False
        box = self._box
        _box_at(self._address, start, self._box_address)
        left, top, bottom = box.left, box.top, box.bottom
        _box_at(self._address, end - 1, self._box_address)
        is_off = abs(box.right - left - width) > _SLACK * style.size
        if is_off or box.top != top or box.bottom != bottom:
            return False
        self._add(token, left - self._shift, box.right - self._shift, base, style, apart, start)
        return True

    def _read_token(self, token: str, first: int, apart: bool) -> None:
        """Reads a word, or several, character by character."""
        box, style, base = self._box, PLAIN, 0.0
        left = right = 0.0
        top = bottom = math.nan
        begun = 0  # of the token: where the word begins
        for number, character in enumerate(token):
            _box_at(self._address, first + number, self._box_address)
            own_style, own_base = style, base
            if box.top != top or box.bottom != bottom:  # else it is of the style of the one before
                top, bottom = box.top, box.bottom
                own_style, own_base = self._style(first + number)
            if own_style.turns == 0:
                start, end = box.left - self._shift, box.right - self._shift
            else:
                start, end = self._turned(first + number, own_style.turns)
            own_style.widths[character] = end - start
            if number:
                reach = style.reach
                goes_on = (
                    -reach <= start - right <= reach or -reach <= left - end <= reach or _is_second_half(character)
                )
                squeezed = start - right > style.narrow and token[number - 1] in _STOPS
                if goes_on and own_style is style and own_base == base and not squeezed:
                    left = start if start < left else left
                    right = end if end > right else right
                    continue
                self._add(token[begun:number], left, right, base, style, apart, first + begun)
                apart, begun = squeezed, number
            style, base, left, right = own_style, own_base, start, end
        self._add(token[begun:], left, right, base, style, apart, first + begun)

    def _style(self, index: int) -> tuple[Style, float]:
        return self._styles.of(_object_at(self._address, index) or 0, index)

    def _turned(self, index: int, turns: int | None) -> tuple[float, float]:
        """Where a character of turned text begins and ends, in the direction of its line."""
        left, right, low, high = (ctypes.c_double() for _ in range(4))
        raw.FPDFText_GetCharBox(self._text, index, left, right, low, high)
        first, _ = self._frame.upright(left.value, low.value, turns or 0)
        second, _ = self._frame.upright(right.value, high.value, turns or 0)
        return min(first, second), max(first, second)

    def _add(self, text: str, left: float, right: float, base: float, style: Style, apart: bool, first: int) -> None:
        width, height = self._sides[style.turns or 0]
        on_page = -1 <= (left + right) / 2 <= width + 1
        if style.turns is not None:
            on_page = on_page and -1 <= base - style.size / 2 <= height + 1
        if not style.seen or not on_page:
            self._unseen += len(text)
            return
        last = first + len(text)
        if not text.isascii():  # what lies beyond the first 65,536 characters comes in halves
            whole = text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
            text = composed(_ACCENTED.sub(_with_accent, whole.translate(READ_AS)))
        self._words.append(Word(text, left, right, base, style, apart, len(self._words), first, last))

    def _sorted_out(self) -> PageWords:
        """Without the words of fonts that do not say which characters they are, unless they read like language."""
        doubtful = "".join([word.text for word in self._words if not word.style.readable])
        keep = not doubtful or _reads_like_language(doubtful)
        unreadable = 0 if keep else len(doubtful)
        words: list[Word] = []
        for word in self._words:
            text = word.text
            if not keep and not word.style.readable:
                continue
            if not text.isprintable() or _UNKNOWN in text:
                text = "".join(filter(str.isprintable, text.replace(_UNKNOWN, "")))
                unreadable += len(word.text) - len(text)
                word = word._replace(text=text)
            if text:
                words.append(word)
        return PageWords(words, self._unseen, unreadable)


def characters_of(text: PdfTextPage) -> str:
    """All characters of a page, one for each index; those beyond the first 65,536 in halves."""
    count = text.count_chars()
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (count + 1))()
    if raw.FPDFText_GetText(text.raw, 0, count, buffer) == count + 1:
        codes: Sequence[int] = buffer[:count]
    else:  # it leaves out some that have an index
        codes = [raw.FPDFText_GetUnicode(text.raw, index) for index in range(count)]
    return "".join(map(chr, codes)).translate(_HYPHENS)


def _is_second_half(character: str) -> bool:
    return "\udc00" <= character <= "\udfff"


def _with_accent(match: re.Match[str]) -> str:
    return match.group(2).replace("ı", "i") + _ACCENTS[match.group(1)]


def _reads_like_language(text: str) -> bool:
    """Whether codes that a font does not explain are letters after all: by their vowels, and no control characters."""
    letters = [character for character in text.casefold() if "a" <= character <= "z"]
    if len(letters) < max(_FEWEST_LETTERS, len(text) / 2) or not text.isprintable():
        return False
    return sum(character in "aeiou" for character in letters) >= _FEWEST_VOWELS * len(letters)

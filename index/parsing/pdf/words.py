"""The words of a page and where they stand, character by character from PDFium."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pypdfium2 import PdfPage, PdfTextPage, raw

from index.parsing.content import composed
from index.parsing.pdf.drawn import Drawn, fill_of, is_white
from index.parsing.pdf.frame import Frame

_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
# the signs of Symbol and Wingdings that lists and forms are set with, where old programs wrote them
_SIGNS = {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0fc": "✓", "\uf0fe": "☑", "\uf0a8": "☐", "\uf06f": "☐"}
_READ_AS = str.maketrans(_LIGATURES | _SIGNS)
# accents that TeX sets before or over their letters; the acute one only where it can be no apostrophe
_ACCENTS = dict(zip("¨ˆ˜ˇ˘˚´", "\u0308\u0302\u0303\u030c\u0306\u030a\u0301", strict=True))
_ACCENTED = re.compile(r"([¨ˆ˜ˇ˘˚]|(?<!\b[a-zA-Z])´(?=[aeiouyAEIOUYcnszCNSZ]))([A-Za-zı])")
_HYPHEN, _SOFT_HYPHEN = 0x2D, 0xAD  # one that is drawn is seen, whatever it is called
_SPECIAL = frozenset({_SOFT_HYPHEN, 0x02, 0xFFFE})  # the others are what PDFium makes of one at the end of a line
_LINE_ENDS = (0x0A, 0x0D)
_SPACES = frozenset(code for code in range(0x3001) if chr(code).isspace()) - set(range(0x1C, 0x20))
_UNSEEN_MODES = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)
_BOLD_WEIGHT, _FIXED_PITCH = 600, 1
_FIXED_NAMES = ("courier", "mono", "nimbusmon", "cmtt", "consol", "menlo", "typewriter")
_BOLD_NAMES = ("bold", "black", "heavy", "-medi", "demi")
_LIGHT, _SHEER = 175, 128  # of 255
_STRAIGHT = 0.03  # radians
_APART = 0.3  # of the size: a gap between words though the file has no space there
_SQUEEZED = 0.09  # of the size: a space that a justified line has left after a stop
_STOPS = frozenset(map(ord, ".,;:!?”)"))
_FEWEST_LETTERS, _FEWEST_VOWELS = 20, 0.25


def _bare(function: object, result: type, *arguments: type) -> Callable[..., int]:
    """A function of PDFium that takes and gives bare numbers, which is twice as fast: these run for each character."""
    address = ctypes.cast(function, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
    return ctypes.PYFUNCTYPE(result, ctypes.c_void_p, ctypes.c_int, *arguments)(address)


_code_at = _bare(raw.FPDFText_GetUnicode, ctypes.c_uint)
_object_at = _bare(raw.FPDFText_GetTextObject, ctypes.c_void_p)
_box_at = _bare(raw.FPDFText_GetLooseCharBox, ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True, slots=True)
class Style:
    """How a piece of text is set: its size in points as it is seen, and whether a reader sees it and can read it.

    ``turns`` are in quarters against the clock, None for slanted text. ``level`` is that of a heading, else 0.
    """

    size: float
    turns: int | None
    bold: bool
    fixed: bool
    faint: bool
    seen: bool
    readable: bool
    level: int
    reach: float
    """How far the next character of a word may stand from its end."""
    narrow: float
    """The narrowest space after a stop."""


PLAIN = Style(1.0, 0, False, False, False, seen=True, readable=True, level=0, reach=0.0, narrow=0.0)
"""Upright type of one point."""


@dataclass(frozen=True, slots=True)
class Word:
    """Characters in one style without white space, in points from the upper left corner of the page as it is read.

    ``base`` is the line that it stands on. ``apart``: the file has white space before it. ``place`` counts the words.
    """

    text: str
    left: float
    right: float
    base: float
    style: Style
    apart: bool
    place: int


@dataclass(slots=True)
class PageWords:
    """The words of a page, and how many of its characters are left out."""

    frame: Frame
    words: list[Word] = field(default_factory=list)
    unseen: int = 0
    """Characters that no reader sees."""
    unreadable: int = 0
    """Characters of fonts that do not say which characters they are."""


def words_of(page: PdfPage, text: PdfTextPage, levels: dict[int, int]) -> PageWords:
    """The words that a reader sees. ``levels`` are those of headings, by the number of their marked content."""
    return _Reader(page, text, levels).read()


class _Reader:
    def __init__(self, page: PdfPage, text: PdfTextPage, levels: dict[int, int]) -> None:
        self._text = text.raw
        self._levels = levels
        self._drawn = Drawn(page)
        self._frame = Frame.of(page)
        self._characters = text.count_chars()
        self._objects: dict[int, tuple[Style, float]] = {}
        self._styles: dict[Style, Style] = {}
        self._fonts: dict[int, tuple[bool, bool]] = {}
        self._words: list[Word] = []
        self._unseen = 0

    def read(self) -> PageWords:
        """Cuts the characters into words: at white space, where the style changes, and where they jump."""
        text = ctypes.cast(self._text, ctypes.c_void_p).value
        box, shift, code_at, object_at, box_at = raw.FS_RECTF(), self._frame.left, _code_at, _object_at, _box_at
        box_address = ctypes.addressof(box)
        codes: list[int] = []
        style, base, left, right, apart = PLAIN, 0.0, 0.0, 0.0, True
        top = bottom = math.nan
        for index in range(self._characters):
            code = code_at(text, index)
            if code in _SPACES:
                self._end(codes, left, right, base, style, apart)
                apart = code not in _LINE_ENDS or (apart and not codes)
                codes = []
                continue
            if code in _SPECIAL:
                code = self._meant(code, index)
            box_at(text, index, box_address)
            start, end = box.left - shift, box.right - shift
            own_style, own_base = style, base
            if not codes or box.top != top or box.bottom != bottom:  # else it is of the style of the one before
                top, bottom = box.top, box.bottom
                address = object_at(text, index) or 0
                own_style, own_base = self._objects.get(address) or self._object(address, index)
            if own_style.turns != 0:
                start, end = self._turned(index, own_style.turns)
            if codes:
                reach = style.reach
                goes_on = -reach <= start - right <= reach or -reach <= left - end <= reach
                squeezed = start - right > style.narrow and codes[-1] in _STOPS
                if goes_on and own_style is style and own_base == base and not squeezed:
                    codes.append(code)
                    left = start if start < left else left
                    right = end if end > right else right
                    continue
                self._end(codes, left, right, base, style, apart)
                apart = squeezed
            style, base, left, right, codes = own_style, own_base, start, end, [code]
        self._end(codes, left, right, base, style, apart)
        return self._sorted_out()

    def _meant(self, code: int, index: int) -> int:
        """A hyphen for each of the ways in which PDFium says one."""
        if code == _SOFT_HYPHEN or raw.FPDFText_IsHyphen(self._text, index) == 1:
            return _HYPHEN
        return code

    def _object(self, address: int, index: int) -> tuple[Style, float]:
        """The style and the base line of the text object that a character belongs to."""
        style = self._style(index, ctypes.cast(address, raw.FPDF_PAGEOBJECT))
        _, base = self._frame.upright(*self._origin(index), style.turns or 0)
        self._objects[address] = self._styles.setdefault(style, style), round(base, 2)
        return self._objects[address]

    def _origin(self, index: int) -> tuple[float, float]:
        x, y = ctypes.c_double(), ctypes.c_double()
        raw.FPDFText_GetCharOrigin(self._text, index, x, y)
        return x.value, y.value

    def _style(self, index: int, drawn: raw.FPDF_PAGEOBJECT) -> Style:
        matrix = raw.FS_MATRIX()
        raw.FPDFText_GetMatrix(self._text, index, matrix)
        scale = math.sqrt(abs(matrix.a * matrix.d - matrix.b * matrix.c))
        quarters = -float(raw.FPDFText_GetCharAngle(self._text, index)) / (math.pi / 2)  # it counts with the clock
        is_straight = abs(quarters - round(quarters)) * math.pi / 2 < _STRAIGHT
        turns = round(quarters) % 4 if is_straight else None
        fill = fill_of(drawn)
        bold, fixed = self._font(drawn)
        size = max(0.1, round(float(raw.FPDFText_GetFontSize(self._text, index)) * scale, 2))
        return Style(
            size=size,
            turns=turns,
            bold=bold or raw.FPDFTextObj_GetTextRenderMode(drawn) == raw.FPDF_TEXTRENDERMODE_FILL_STROKE,
            fixed=fixed,
            faint=(min(fill[:3]) >= _LIGHT and not is_white(fill)) or fill[3] < _SHEER,
            seen=self._is_seen(index, drawn, fill),
            readable=raw.FPDFText_HasUnicodeMapError(self._text, index) != 1,
            level=self._levels.get(raw.FPDFPageObj_GetMarkedContentID(drawn), 0) if self._levels else 0,
            reach=_APART * size if is_straight else math.inf,
            narrow=_SQUEEZED * size if turns == 0 else math.inf,
        )

    def _is_seen(self, index: int, drawn: raw.FPDF_PAGEOBJECT, fill: tuple[int, int, int, int]) -> bool:
        mode = raw.FPDFTextObj_GetTextRenderMode(drawn)
        if mode in _UNSEEN_MODES:
            return self._drawn.is_picture  # the text that text recognition has laid under the picture of a page
        if mode == raw.FPDF_TEXTRENDERMODE_STROKE:
            return True
        return fill[3] > 0 and (not is_white(fill) or self._drawn.is_behind(*self._origin(index)))

    def _font(self, drawn: raw.FPDF_PAGEOBJECT) -> tuple[bool, bool]:
        """Whether it is bold, and whether all its letters are equally wide."""
        font = raw.FPDFTextObj_GetFont(drawn)
        address = ctypes.cast(font, ctypes.c_void_p).value or 0
        if address not in self._fonts:
            name, flags = ctypes.create_string_buffer(200), ctypes.c_int()
            raw.FPDFFont_GetBaseFontName(font, name, 200)
            raw.FPDFFont_GetFlags(font, flags)
            words = name.value.decode("utf-8", errors="replace").casefold()
            bold = raw.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT or any(word in words for word in _BOLD_NAMES)
            fixed = bool(flags.value & _FIXED_PITCH) or any(word in words for word in _FIXED_NAMES)
            self._fonts[address] = bold, fixed
        return self._fonts[address]

    def _turned(self, index: int, turns: int | None) -> tuple[float, float]:
        """Where a character of turned text begins and ends, in the direction of its line."""
        left, right, low, high = (ctypes.c_double() for _ in range(4))
        raw.FPDFText_GetCharBox(self._text, index, left, right, low, high)
        first, _ = self._frame.upright(left.value, low.value, turns or 0)
        second, _ = self._frame.upright(right.value, high.value, turns or 0)
        return min(first, second), max(first, second)

    def _end(self, codes: list[int], left: float, right: float, base: float, style: Style, apart: bool) -> None:
        if not codes:
            return
        middle = (left + right) / 2
        on_page = -1 <= middle <= self._frame.width(style.turns or 0) + 1 and (
            style.turns is None or -1 <= base - style.size / 2 <= self._frame.height(style.turns) + 1
        )
        if not style.seen or not on_page:
            self._unseen += len(codes)
            return
        text = "".join(map(chr, codes))
        if not text.isascii():  # what lies beyond the first 65,536 characters comes in halves
            whole = text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
            text = composed(_ACCENTED.sub(_with_accent, whole.translate(_READ_AS)))
        self._words.append(Word(text, left, right, base, style, apart, len(self._words)))

    def _sorted_out(self) -> PageWords:
        """Without the words of fonts that do not say which characters they are, unless they read like language."""
        doubtful = "".join(word.text for word in self._words if not word.style.readable)
        keep = _reads_like_language(doubtful)
        words = [word for word in self._words if word.style.readable or keep]
        readable: list[Word] = []
        unreadable = 0 if keep else len(doubtful)
        for word in words:
            text = word.text if word.text.isprintable() else "".join(filter(str.isprintable, word.text))
            unreadable += len(word.text) - len(text)
            if text:
                readable.append(word if text == word.text else replace(word, text=text))
        return PageWords(self._frame, readable, self._unseen, unreadable)


def _with_accent(match: re.Match[str]) -> str:
    return match.group(2).replace("ı", "i") + _ACCENTS[match.group(1)]


def _reads_like_language(text: str) -> bool:
    """Whether codes that a font does not explain are letters after all: by their vowels, and no control characters."""
    letters = [character for character in text.casefold() if "a" <= character <= "z"]
    if len(letters) < max(_FEWEST_LETTERS, len(text) / 2) or not text.isprintable():
        return False
    return sum(character in "aeiou" for character in letters) >= _FEWEST_VOWELS * len(letters)

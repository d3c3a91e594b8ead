"""How the text objects of a page are set: their type, and whether a reader sees them."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, field

from pypdfium2 import PdfPage, PdfTextPage, raw

from index.parsing.pdf.page.drawn import Drawn, fill_of, is_white
from index.parsing.pdf.page.frame import Frame

_UNSEEN_MODES = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)
_BOLD_WEIGHT, _FIXED_PITCH = 600, 1
_FIXED_NAMES = ("courier", "mono", "nimbusmon", "cmtt", "consol", "menlo", "typewriter")
_BOLD_NAMES = ("bold", "black", "heavy", "-medi", "demi")
_LIGHT, _SHEER = 175, 128  # of 255
_STRAIGHT = 0.03  # radians
_APART = 0.3  # of the size: a gap between words though the file has no space there
_SQUEEZED = 0.09  # of the size: a space that a justified line has left after a stop


@dataclass(frozen=True, slots=True)
class Style:
    """How a piece of text is set, and whether a reader sees it and can read it.

    ``font`` is a number for it, ``size`` in points as it is seen, ``turns`` in quarters against the clock, None for
    slanted text, ``level`` that of a heading, else 0.
    """

    font: int
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
    widths: dict[str, float] = field(default_factory=dict, compare=False)
    """Of the characters that were met."""


PLAIN = Style(0, 1.0, 0, False, False, False, seen=True, readable=True, level=0, reach=0.0, narrow=0.0)
"""Upright type of one point."""


class Styles:
    """Looks up the style and the base line of text objects of one page."""

    def __init__(self, page: PdfPage, text: PdfTextPage, levels: dict[int, int]) -> None:
        self._text = text.raw
        self._levels = levels
        self._drawn = Drawn(page)
        self._frame = Frame.of(page)
        self._objects: dict[int, tuple[Style, float]] = {}
        self._styles: dict[Style, Style] = {}
        self._fonts: dict[int, tuple[int, bool, bool]] = {}
        self._matrix = raw.FS_MATRIX()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()

    def of(self, address: int, index: int) -> tuple[Style, float]:
        """Those of the object at an address in memory that has the character with this index."""
        known = self._objects.get(address)
        if known is None:
            style = self._style(index, ctypes.cast(address, raw.FPDF_PAGEOBJECT))
            _, base = self._frame.upright(*self._origin(index), style.turns or 0)
            known = self._objects[address] = self._styles.setdefault(style, style), round(base, 2)
        return known

    def _origin(self, index: int) -> tuple[float, float]:
        raw.FPDFText_GetCharOrigin(self._text, index, self._x, self._y)
        return self._x.value, self._y.value

    def _style(self, index: int, drawn: raw.FPDF_PAGEOBJECT) -> Style:
        matrix = self._matrix
        raw.FPDFText_GetMatrix(self._text, index, matrix)
        scale = math.sqrt(abs(matrix.a * matrix.d - matrix.b * matrix.c))
        size = max(0.1, round(float(raw.FPDFText_GetFontSize(self._text, index)) * scale, 2))
        quarters = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
        is_straight = abs(quarters - round(quarters)) * math.pi / 2 < _STRAIGHT
        turns = round(quarters) % 4 if is_straight else None
        fill, mode = fill_of(drawn), raw.FPDFTextObj_GetTextRenderMode(drawn)
        font, bold, fixed = self._font(drawn)
        return Style(
            font=font,
            size=size,
            turns=turns,
            bold=bold or mode == raw.FPDF_TEXTRENDERMODE_FILL_STROKE,
            fixed=fixed,
            faint=(min(fill[:3]) >= _LIGHT and not is_white(fill)) or fill[3] < _SHEER,
            seen=self._is_seen(index, mode, fill),
            readable=raw.FPDFText_HasUnicodeMapError(self._text, index) != 1,
            level=self._levels.get(raw.FPDFPageObj_GetMarkedContentID(drawn), 0) if self._levels else 0,
            reach=_APART * size if is_straight else math.inf,
            narrow=_SQUEEZED * size if turns == 0 else math.inf,
        )

    def _is_seen(self, index: int, mode: int, fill: tuple[int, int, int, int]) -> bool:
        if mode in _UNSEEN_MODES:
            return self._drawn.is_picture  # the text that text recognition has laid under the picture of a page
        if mode == raw.FPDF_TEXTRENDERMODE_STROKE:
            return True
        return fill[3] > 0 and (not is_white(fill) or self._drawn.is_behind(*self._origin(index)))

    def _font(self, drawn: raw.FPDF_PAGEOBJECT) -> tuple[int, bool, bool]:
        """A number for it, whether it is bold, and whether all its letters are equally wide."""
        font = raw.FPDFTextObj_GetFont(drawn)
        address = ctypes.cast(font, ctypes.c_void_p).value or 0
        if address not in self._fonts:
            name, flags = ctypes.create_string_buffer(200), ctypes.c_int()
            raw.FPDFFont_GetBaseFontName(font, name, 200)
            raw.FPDFFont_GetFlags(font, flags)
            words = name.value.decode("utf-8", errors="replace").casefold()
            bold = raw.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT or any(word in words for word in _BOLD_NAMES)
            fixed = bool(flags.value & _FIXED_PITCH) or any(word in words for word in _FIXED_NAMES)
            self._fonts[address] = address, bold, fixed
        return self._fonts[address]

"""What is drawn on a page besides text: what white text may stand on, and pictures."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import cached_property

from pypdfium2 import PdfObject, PdfPage, raw

_MOST_OBJECTS = 2_000  # to be looked at: a page that has more is taken to have something behind every text
_WHITE = 250  # of 255
_NESTED = 3
_SHORTEST_RULE = 20  # points
_MOST_OF_PAGE = 0.6

Bounds = tuple[float, float, float, float]
"""Left, lower, right and upper edge, in the file's coordinates."""


class Drawn:
    """What is drawn on a page besides text. Nothing is looked at before it is asked for."""

    def __init__(self, page: PdfPage) -> None:
        self._page = page

    def is_behind(self, x: float, y: float) -> bool:
        """Whether something that is not white may be drawn at this point."""
        areas = self._areas
        return areas is None or any(left <= x <= right and low <= y <= high for left, low, right, high in areas)

    @cached_property
    def is_picture(self) -> bool:
        """Whether most of the page is covered by pictures, as a scanner makes it."""
        width, height = self._page.get_size()
        sizes = ((right - left, top - low) for left, low, right, top in self._pictures())
        return bool(sum(wide * high for wide, high in sizes) >= _MOST_OF_PAGE * width * height)

    def is_anything(self) -> bool:
        """Whether anything at all is drawn."""
        return bool(raw.FPDFPage_CountObjects(self._page))

    @cached_property
    def _areas(self) -> list[Bounds] | None:
        if raw.FPDFPage_CountObjects(self._page) > _MOST_OBJECTS:
            return None
        shown = (item for item in self._page.get_objects(max_depth=1) if item.type != raw.FPDF_PAGEOBJ_TEXT)
        return [item.get_bounds() for item in shown if item.type != raw.FPDF_PAGEOBJ_PATH or _is_filled(item)]

    def _pictures(self) -> Iterator[Bounds]:
        if raw.FPDFPage_CountObjects(self._page) > _MOST_OBJECTS:
            return
        for item in self._page.get_objects([raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM], max_depth=1):
            inside = [raw.FPDF_PAGEOBJ_IMAGE]
            if item.type == raw.FPDF_PAGEOBJ_IMAGE or any(self._page.get_objects(inside, _NESTED, form=item)):
                yield item.get_bounds()


def rules_on(page: PdfPage) -> list[Bounds]:
    """The level lines that are drawn on a page, also as edges of boxes and shaded bands, each as a flat area."""
    if raw.FPDFPage_CountObjects(page) > _MOST_OBJECTS:
        return []
    boxes = (item.get_bounds() for item in page.get_objects([raw.FPDF_PAGEOBJ_PATH], max_depth=1))
    edges = (
        (left, height, right, height)
        for left, low, right, high in boxes
        if right - left >= _SHORTEST_RULE
        for height in (low, high)
    )
    return list(edges)


def fill_of(item: raw.FPDF_PAGEOBJECT) -> tuple[int, int, int, int]:
    """Red, green, blue and opacity of what an object is filled with, each up to 255; black where it does not say."""
    parts = [ctypes.c_uint() for _ in range(4)]
    if not raw.FPDFPageObj_GetFillColor(item, *parts):
        return 0, 0, 0, 255
    red, green, blue, opacity = (part.value for part in parts)
    return red, green, blue, opacity


def is_white(fill: tuple[int, int, int, int]) -> bool:
    """Whether nobody could tell it from paper."""
    return min(fill[:3]) >= _WHITE


def _is_filled(path: PdfObject) -> bool:
    mode, is_stroked = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(path, mode, is_stroked)
    return mode.value != raw.FPDF_FILLMODE_NONE and not is_white(fill_of(path.raw))

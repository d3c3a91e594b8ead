"""Places on a page: as the file has them, as a line of text is read, and as the page is seen."""

from __future__ import annotations

from dataclasses import dataclass

from pypdfium2 import PdfPage


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a page that is seen, in the file's coordinates, from the lower left corner up, in points.

    ``rotation`` is how the page is turned to be seen, and ``turns`` how a text is turned on the unturned page, the
    first in quarters with the clock, the second against it: where they are equal, the text is seen upright.
    """

    left: float
    bottom: float
    right: float
    top: float
    rotation: int

    @classmethod
    def of(cls, page: PdfPage) -> Frame:
        """The frame of a page."""
        left, bottom, right, top = page.get_bbox()
        return cls(left, bottom, right, top, page.get_rotation() // 90)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point of the file's coordinates is on the page."""
        return self.left <= x <= self.right and self.bottom <= y <= self.top

    def height(self, turns: int) -> float:
        """How high the page is for a text that is turned so."""
        return self.right - self.left if turns % 2 else self.top - self.bottom

    def width(self, turns: int) -> float:
        """How wide the page is for a text that is turned so."""
        return self.height(turns + 1)

    def upright(self, x: float, y: float, turns: int) -> tuple[float, float]:
        """From the file's coordinates to those of a text that is turned so: from its upper left corner down."""
        match turns % 4:
            case 0:
                return x - self.left, self.top - y
            case 1:
                return y - self.bottom, x - self.left
            case 2:
                return self.right - x, y - self.bottom
            case _:
                return self.top - y, self.right - x

    def seen(self, x: float, y: float, turns: int) -> tuple[float, float]:
        """From the coordinates of a text that is turned so to those of the page as it is seen."""
        width, height = self.width(turns), self.height(turns)
        match (self.rotation - turns) % 4:
            case 0:
                return x, y
            case 1:
                return height - y, x
            case 2:
                return width - x, height - y
            case _:
                return y, width - x

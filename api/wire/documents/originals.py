"""The file that a document was read from, over the wire, and where the document's text stands in it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, Field

from api.wire.requests import Sent
from index.documents import Original
from index.parsing.pdf.boxes import PageBoxes


class OriginalOut(BaseModel):
    """The kept file: its name, and its bytes, which `GET /v1/documents/{id}/original` gives."""

    name: str
    media_type: str
    size: int
    sha256: str

    @classmethod
    def of(cls, original: Original | None) -> Self | None:
        """From the inside to the wire."""
        if original is None:
            return None
        return cls(name=original.name, media_type=original.media_type, size=original.size, sha256=original.sha256)


class SpanQuery(Sent):
    """A half-open range of a document's text."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]


class ImageQuery(Sent):
    """How a page is drawn."""

    scale: Annotated[
        float, Field(ge=0.1, le=4, description="Pixels to a point; fewer where a page would have over 16 million.")
    ] = 1.5


class PageBoxesOut(BaseModel):
    """Where a range of the text stands on a page, in points from the page's upper left corner as it is seen."""

    page: int
    label: Annotated[str, Field(description="The page's number as it is printed; empty where the file says none.")]
    width: float
    height: float
    certain: Annotated[bool, Field(description="False where the place is not known for certain: no rectangles then.")]
    rectangles: Annotated[
        list[tuple[float, float, float, float]], Field(description="Each left, upper, right and lower edge.")
    ]

    @classmethod
    def of(cls, boxes: PageBoxes) -> Self:
        """From the inside to the wire."""
        return cls(
            page=boxes.page,
            label=boxes.label,
            width=boxes.width,
            height=boxes.height,
            certain=boxes.certain,
            rectangles=list(boxes.rectangles),
        )

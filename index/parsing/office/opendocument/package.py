"""What an OpenDocument file is made of, and the names of its elements."""

from __future__ import annotations

from index.errors import MalformedFile
from index.parsing.content import File
from index.parsing.office.packages import opened
from index.parsing.office.word.xml import Element

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
TEXT, TABLE, DRAW = f"{{{_OASIS}text:1.0}}", f"{{{_OASIS}table:1.0}}", f"{{{_OASIS}drawing:1.0}}"
STYLE, OFFICE = f"{{{_OASIS}style:1.0}}", f"{{{_OASIS}office:1.0}}"
"""The beginnings of the names of elements and attributes."""
PARAGRAPH, HEADING = f"{TEXT}p", f"{TEXT}h"


def parts_of(file: File) -> dict[str, bytes]:
    """The parts of a file by their paths. Raises MalformedFile, UnsafeArchive."""
    with opened(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    if "content.xml" not in parts:
        raise MalformedFile(file.name, "not an OpenDocument file: it has no content.xml")
    return parts


def number(element: Element, name: str) -> int:
    """A number that stands in an attribute, which is 1 where there is none."""
    return int(element.get(name, 1))

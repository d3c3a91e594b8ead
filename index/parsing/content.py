"""What a format's module is given and what it makes of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby

from lxml import etree

from index.documents import Outline
from index.errors import MalformedFile, SourcespanError

MAX_BYTES = 50_000_000
MAX_HEADING = 1_000
"""Characters of a heading that its outline keeps. The text keeps all of them."""
_SHOWN = 60
"""Characters of what is left out that a note shows."""
# longer than any character that is written, the limit of Unicode's stream-safe text (UAX #15); no mark is \w or ASCII
_ROW_OF_MARKS = re.compile(r"[^\w\s\x00-\x7f]{31,}")


@dataclass(frozen=True, slots=True)
class File:
    """The bytes of a file. What is unpacked from it is limited as well."""

    name: str
    data: bytes
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class Content:
    """The readable text of a file, its outline, and its title where it gives itself one."""

    text: str
    outline: Outline
    title: str | None = None
    notes: tuple[str, ...] = ()
    """What was not read, or not for certain, one sentence each: "pages 2 and 5 are pictures: …"."""


def settled(text: str) -> str:
    """In Unicode form NFC, with lines ended by LF."""
    return composed(text.replace("\r\n", "\n").replace("\r", "\n"))


def composed(text: str) -> str:
    """In Unicode form NFC, in time that is proportional to the text.

    Marks that are not in their canonical order would be moved one by one past all that are before them. Sorted here,
    which is the same text to Unicode, they are in order already.
    """
    return unicodedata.normalize("NFC", _ROW_OF_MARKS.sub(_in_canonical_order, text))


def _in_canonical_order(row: re.Match[str]) -> str:
    decomposed = "".join(unicodedata.normalize("NFD", character) for character in row.group())
    groups = groupby(decomposed, key=lambda character: unicodedata.combining(character) > 0)
    parts = (sorted(group, key=unicodedata.combining) if are_marks else group for are_marks, group in groups)
    return "".join(chain.from_iterable(parts))


def one_line(text: str) -> str:
    """The words of ``text`` with one space between them."""
    return " ".join(text.split())


def counted(number: int, what: str) -> str:
    """How many there are of a thing: "1 picture", "2 pictures"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def left_out(what: str, texts: Sequence[str]) -> list[str]:
    """The note that parts of a document are left out as ``what``, with the first of their texts; none without parts."""
    if not texts:
        return []
    first = texts[0] if len(texts[0]) <= _SHOWN else f"{texts[0][:_SHOWN]}…"
    more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
    return [f"left out as {what}: “{first}”{more}"]


@contextmanager
def malformed(name: str, reason: str) -> Iterator[None]:
    """Whatever a library raises over the bytes of the file becomes a MalformedFile."""
    try:
        yield
    except (SourcespanError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, etree.XMLSyntaxError) and error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        # parsers raise anything over broken input: KeyError, AssertionError, struct.error …
        raise MalformedFile(name, reason) from error

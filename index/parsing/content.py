"""What a format's module is given and what it makes of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from index.documents import Heading, Outline
from index.errors import MalformedFile, SourcespanError

MAX_BYTES = 50_000_000


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


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a heading of a level from 1."""

    text: str
    level: int = 0


def settled(text: str) -> str:
    """In Unicode form NFC, with lines ended by LF."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def from_blocks(blocks: Iterable[Block], title: str | None = None) -> Content:
    """Puts the blocks under one another, with a blank line between; by default the first heading is the title."""
    parts: list[str] = []
    headings: list[Heading] = []
    at = 0
    for block in blocks:
        text = settled(block.text)
        if block.level:
            headings.append(Heading(at, block.level, one_line(text)))
        parts.append(text)
        at += len(text) + 2
    first = headings[0].text if headings else None
    # a line feed composes with nothing, so what is NFC in parts is NFC as a whole
    return Content("\n\n".join(parts), Outline(headings=tuple(headings)), title or first)


def one_line(text: str) -> str:
    """The words of ``text`` with one space between them."""
    return " ".join(text.split())


@contextmanager
def malformed(name: str, reason: str) -> Iterator[None]:
    """Whatever a library raises over the bytes of the file becomes a MalformedFile."""
    try:
        yield
    except (SourcespanError, MemoryError):
        raise
    except Exception as error:
        # parsers raise anything over broken input: KeyError, AssertionError, struct.error …
        raise MalformedFile(name, reason) from error

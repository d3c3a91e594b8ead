"""What is stored: documents and the passages they are split into."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from index.errors import EmptyDocument, MalformedFile
from index.passages.reading_text import NO_CONTEXT, Context, ReadingText

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK = 1_000_000

READING = 5
"""Goes up with every change of what is read of files and of how texts are split. Documents note which one made them."""


def is_blank(text: str) -> bool:
    """Whether there is nothing but white space in it. Makes no copy, as stripping it would."""
    return not text or text.isspace()


def lone_surrogate(text: str) -> int | None:
    """Where half of a UTF-16 pair stands alone, as JSON can spell it and UTF-8 cannot; None if nowhere."""
    for start, block in _blocks(text):
        try:
            block.encode()
        except UnicodeEncodeError as error:
            return start + error.start
    return None


def unstorable(text: str) -> int | None:
    """Where a character stands that not every database can hold: half of a UTF-16 pair, or U+0000; None if nowhere."""
    position = lone_surrogate(text)
    return position if position is not None else (text.find("\0") if "\0" in text else None)


def texts_in(given: object) -> Iterator[str]:
    """All texts in a value of JSON, names of fields too."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, Mapping):
        for name, value in given.items():
            yield from texts_in(name)
            yield from texts_in(value)
    elif isinstance(given, list | tuple):
        for value in given:
            yield from texts_in(value)


def sha256_of(text: str) -> str:
    """Of the text in UTF-8."""
    digest = hashlib.sha256()
    for _, block in _blocks(text):
        digest.update(block.encode())
    return digest.hexdigest()


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """The text in blocks, each with where it begins: work on all of it at once keeps other threads waiting."""
    return ((start, text[start : start + _BLOCK]) for start in range(0, len(text), _BLOCK))


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document: where it stands in the text and what it says. The highest level is 1."""

    start: int
    level: int
    text: str


BlockKind = Literal["paragraph", "heading", "list_item", "table", "code", "note", "caption"]


@dataclass(frozen=True, slots=True)
class Columns:
    """What is known of a table's columns. Offsets count from the beginning of its block."""

    headers: tuple[str, ...]
    """What each is called; empty for one that has no header."""
    body: int
    """Where the first row below the headers begins."""
    bare: tuple[int, ...] = ()
    """Where rows begin, in order, whose cells hold what stands between cells: which is which, the text cannot say."""

    def as_json(self) -> str:
        """As `from_json` reads it."""
        return json.dumps([self.headers, self.body, self.bare], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, written: str) -> Columns:
        """Raises ValueError, TypeError."""
        headers, body, bare = json.loads(written)
        return cls(tuple(map(str, headers)), int(body), tuple(map(int, bare)))


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A block of a document: the half-open range of the stored text that a parser knew to be one thing."""

    start: int
    end: int
    kind: BlockKind
    level: int = 0
    """Of a heading, from 1 for the highest; of a list item, how deep it is nested, from 1."""
    columns: Columns | None = None
    """Of a table whose first rows are headers."""


@dataclass(frozen=True, slots=True)
class Location:
    """The page that a character is on, counted from 1, and the heading that it stands under, as far as is known."""

    page: int | None = None
    heading: str | None = None
    page_label: str | None = None
    """The number of the page as it is printed on it or shown for it: "iv"."""

    @property
    def page_in_words(self) -> str:
        """ "page 6", or "p. iv (page 6)" where another number is printed on it; empty where there are no pages."""
        page = f"page {self.page:,}" if self.page else ""
        return page if not page or self.page_label in (None, str(self.page)) else f"p. {self.page_label} ({page})"


@dataclass(frozen=True, slots=True)
class Outline:
    """From offsets of a document's text to its pages, headings and blocks, each in the order of the text."""

    pages: tuple[int, ...] = ()
    """Where each page begins; one without text begins where the next one does."""
    headings: tuple[Heading, ...] = ()
    blocks: tuple[TextBlock, ...] = ()
    """None overlaps the next; none at all for plain text, whose structure is not known."""
    labels: tuple[str, ...] = ()
    """What is printed on each page as its number, empty where that is not known; none at all where no page has one."""

    def __post_init__(self) -> None:
        for starts in (self.pages, tuple(heading.start for heading in self.headings)):
            if starts != tuple(sorted(starts)) or (starts and starts[0] < 0):
                raise ValueError(f"not in the order of the text: {starts}")
        if self.labels and len(self.labels) != len(self.pages):
            raise ValueError(f"{len(self.labels)} labels for {len(self.pages)} pages")
        end = 0
        for block in self.blocks:
            if not end <= block.start <= block.end:
                raise ValueError(f"not in the order of the text: {block}")
            end = block.end

    def location(self, offset: int) -> Location:
        """Where the character at ``offset`` is."""
        page = bisect_right(self.pages, offset)
        under = bisect_right(self.headings, offset, key=lambda heading: heading.start)
        label = self.labels[page - 1] if page and self.labels else ""
        return Location(page or None, self.headings[under - 1].text if under else None, label or None)


@dataclass(frozen=True, slots=True)
class Original:
    """A file that a document was read from, as it was put in: its name without folders, its bytes, and their hash."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """A document on its way in: it has text, but no identity yet.

    Raises EmptyDocument for blank text, MalformedFile for text that no UTF-8 file, or not every database, could hold.
    """

    title: str
    text: str
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    outline: Outline = Outline()
    sentences: NDArray[np.int32] | None = field(default=None, compare=False, repr=False)
    """The half-open ranges of the sentences of ``text``, (sentences, 2), where whoever read it found them already."""
    notes: tuple[str, ...] = ()
    """What of the file was not read, or not for certain: one sentence each, for whoever put it in."""
    original: Original | None = None
    """The file, where it is to be kept."""
    incoming: Path | None = field(default=None, compare=False, repr=False)
    """Where ``original`` waits until the document is stored; None where it is kept already."""
    collections: frozenset[str] = frozenset()
    """In which it is put, besides those that it is in."""
    file: str = ""
    """The path of the file on this machine that it is to follow; empty for what was sent."""
    file_sha256: str = ""
    """Of the bytes of that file."""

    def __post_init__(self) -> None:
        name = self.title or self.source
        if is_blank(self.text):
            raise EmptyDocument(name)
        for part in (
            self.text,
            self.title,
            self.source,
            *(heading.text for heading in self.outline.headings),
            *self.outline.labels,
            *self.notes,
            *texts_in(self.metadata),
        ):
            if (position := unstorable(part)) is not None:
                what = "U+0000" if part[position] == "\0" else "a lone surrogate"
                raise MalformedFile(ascii(name), f"{what} at character {position}")

    @property
    def sha256(self) -> str:
        """Of the text in UTF-8: what a client compares to verify a quote later."""
        return sha256_of(self.text)

    @property
    def size(self) -> int:
        """Bytes of the text in UTF-8."""
        return len(self.text.encode())


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document without its text, which may be large: see `PassageIndex.with_text`."""

    id: str
    title: str
    source: str
    sha256: str
    characters: int
    passages: int
    created_at: datetime
    metadata: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    """What of the file was not read, or not for certain: one sentence each."""
    original: Original | None = None
    """The file that it was read from, where that is kept."""
    kind: str = "text"
    """Of file: the suffix of its source, without the dot."""
    changed_at: datetime | None = None
    """When it was given the text that it has, where it had another one before."""
    sources: tuple[str, ...] = ()
    """The names of all that it came from; `source` is the first."""
    collections: tuple[str, ...] = ()
    """In which it is, in alphabetical order."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one document: ``text == document.text[start:end]``, in code points."""

    key: int
    """Its number in the catalogue and the vector index; never used twice."""
    document_id: str
    start: int
    end: int
    text: str
    location: Location = Location()
    """Where it begins."""
    context: Context = NO_CONTEXT
    """None for a passage that was stored before there was any: it is read, and was embedded, bare."""

    @property
    def reading(self) -> ReadingText:
        """What it is found by and read as."""
        return self.context.reading(self.text)

    @property
    def id(self) -> str:
        """What other programs call it."""
        return f"{self.document_id}:{self.start}-{self.end}"

"""Drafts on their way from one process to another: a few large values instead of very many small ones.

Reading a million small objects, or one huge text, would keep all other threads of the reading process waiting.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, starmap
from pathlib import Path
from pickle import PickleBuffer
from typing import TYPE_CHECKING, Any, get_args

from index.documents import BlockKind, Columns, DocumentDraft, Heading, Outline, TextBlock
from index.errors import DocumentError
from index.parsing.containers.archives import ParsedFile
from index.passages.sentences import sentences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Numbers = PickleBuffer | bytearray
"""As they are sent, and as they arrive."""

_KINDS: tuple[BlockKind, ...] = get_args(BlockKind)
_BLOCK = 1_000_000
_INTEGER = "i"  # of 32 bits, which is enough for offsets in texts that fit into memory


@dataclass(frozen=True, slots=True)
class PackedDraft:
    """A draft: its text in blocks, numbers as arrays, the words of its headings one on each line."""

    title: str
    text: tuple[str, ...]
    source: str
    metadata: Mapping[str, Any]
    pages: Numbers
    labels: str
    """Of its pages, one on each line; empty where there are none."""
    heading_starts: Numbers
    heading_levels: Numbers
    heading_lines: str
    blocks: Numbers
    """Four for each: start, end, kind as an index of `_KINDS`, level."""
    columns: str
    """Of each table in order, a line of JSON, empty where nothing is known."""
    sentences: Numbers
    notes: tuple[str, ...]
    collections: frozenset[str]

    @classmethod
    def of(cls, draft: DocumentDraft) -> PackedDraft:
        """Splits the text into sentences as well: that is work on untrusted text too."""
        text, headings = draft.text, draft.outline.headings
        return cls(
            draft.title,
            tuple(text[at : at + _BLOCK] for at in range(0, len(text), _BLOCK)),
            draft.source,
            draft.metadata,
            PickleBuffer(array(_INTEGER, draft.outline.pages)),
            "\n".join(draft.outline.labels),
            PickleBuffer(array(_INTEGER, (heading.start for heading in headings))),
            PickleBuffer(array(_INTEGER, (heading.level for heading in headings))),
            "\n".join(heading.text for heading in headings),
            PickleBuffer(array(_INTEGER, chain.from_iterable(map(_block_numbers, draft.outline.blocks)))),
            "\n".join(_written(block.columns) for block in draft.outline.blocks if block.kind == "table"),
            PickleBuffer(array(_INTEGER, chain.from_iterable(sentences(text)))),
            draft.notes,
            draft.collections,
        )

    def draft(self) -> DocumentDraft:
        """As it was, with the ranges of its sentences."""
        starts, levels = _numbers(self.heading_starts).tolist(), _numbers(self.heading_levels).tolist()
        headings = tuple(starmap(Heading, zip(starts, levels, self.heading_lines.split("\n"), strict=bool(starts))))
        return DocumentDraft(
            self.title,
            "".join(self.text),
            self.source,
            self.metadata,
            Outline(
                tuple(_numbers(self.pages).tolist()),
                headings,
                tuple(_text_blocks(self.blocks, self.columns)),
                tuple(self.labels.split("\n")) if self.labels else (),
            ),
            _numbers(self.sentences).reshape(-1, 2),
            self.notes,
            collections=self.collections,
        )


@dataclass(frozen=True, slots=True)
class PackedFile:
    """What became of a file."""

    path: str
    size: int
    draft: PackedDraft | None
    error: DocumentError | None
    is_skipped: bool
    data: bytes | None = None

    @classmethod
    def of(cls, parsed: ParsedFile, max_original: int = 0) -> PackedFile:
        """Ready to be sent, with its bytes if there are no more than ``max_original``; 0: never."""
        draft, data = None if parsed.draft is None else PackedDraft.of(parsed.draft), parsed.data
        if draft and data and max_original and len(data) > max_original:
            note = f"the file itself was not kept: it has {len(data):,} bytes, and the limit is {max_original:,}"
            draft = replace(draft, notes=(*draft.notes, note))
        is_kept = data is not None and len(data) <= max_original
        return cls(str(parsed.path), parsed.size, draft, parsed.error, parsed.is_skipped, data if is_kept else None)

    def parsed(self) -> ParsedFile:
        """As it was."""
        draft = None if self.draft is None else self.draft.draft()
        return ParsedFile(Path(self.path), self.size, draft, self.error, self.is_skipped, self.data)


def _block_numbers(block: TextBlock) -> tuple[int, int, int, int]:
    return block.start, block.end, _KINDS.index(block.kind), block.level


def _written(columns: Columns | None) -> str:
    return "" if columns is None else columns.as_json()


def _text_blocks(numbers: Numbers, columns: str) -> Iterator[TextBlock]:
    of_tables = iter(columns.split("\n"))
    for start, end, kind, level in _numbers(numbers).reshape(-1, 4).tolist():
        known = next(of_tables) if _KINDS[kind] == "table" else ""
        yield TextBlock(start, end, _KINDS[kind], level, Columns.from_json(known) if known else None)


def _numbers(buffer: Numbers) -> NDArray[np.int32]:
    import numpy as np  # not at the top: workers, which only send, do without its 120 MB of address space

    return np.frombuffer(memoryview(buffer), np.int32)

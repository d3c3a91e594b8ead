"""What documents may look like: the one place for hypothesis strategies."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from index.parsing.blocks import Block, Cell, from_blocks

# everything that has gone wrong in somebody's offsets: marks that combine, pairs of UTF-16, joined emoji, right to
# left, every way to end a line, tabs, characters that grow when their case changes
_PIECES = (
    "The ferry leaves at 7.30 a.m. from Pier 9.",
    "“Why?” she asked (twice).",
    "Dr. Ngo paid $1,250.50 to J. R. Smith!",
    "Cafe\u0301 nai\u0308ve",
    "e\u0301\u0301\u0323",
    "👩‍👩‍👧‍👦 met 🏴󠁧󠁢󠁳󠁣󠁴󠁿 and 👍🏽.",
    "שלום עולם. مرحبا بالعالم؟",
    "今日は。東京です！",
    "ﬁnally İstanbul ß",
    "\u202eold\u202c",
    "zero\u200bwidth",
    "# A heading",
    "- an item",
    "x" * 70,
)
_GAPS = (" ", "  ", "\n", "\r\n", "\n\n", "\r\n\r\n", "\t", "\u00a0", "\u2003", "\f", "")

Arrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]

unicode_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)

texts = st.lists(
    st.tuples(st.one_of(st.sampled_from(_PIECES), unicode_text), st.sampled_from(_GAPS)), min_size=1, max_size=30
).map(lambda parts: "".join(piece + gap for piece, gap in parts))
"""Any text, blank ones too."""

documents = texts.filter(lambda text: text.strip())
"""Text that can be stored."""

words = st.lists(st.text("abcdefgh", min_size=1, max_size=8), min_size=1, max_size=12).map(" ".join)
"""What any format can hold as it is."""

_printed = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)

blocks = st.lists(
    st.tuples(st.integers(0, 6), st.lists(_printed, min_size=1, max_size=8).map(" ".join)), min_size=1, max_size=10
).filter(lambda found: all(text.strip(" |-") for _, text in found))
"""Paragraphs (level 0) and headings, in characters of every script."""


_cells = st.builds(
    Cell,
    st.sampled_from(["", "Kind", "Height (m)", "12", "a | b", "|", "Two\nlines", "ends |", "\u0301x", "The elm. Old."])
    | words,
    st.booleans(),
    columns=st.sampled_from([1, 1, 1, 2]),
    rows=st.sampled_from([1, 1, 1, 2]),
)
_tables = st.builds(
    lambda header, rows: Block(
        kind="table", rows=(tuple(Cell(c.text, True, c.columns, c.rows) for c in header), *rows)
    ),
    st.lists(_cells, max_size=4),
    st.lists(st.lists(_cells, max_size=5).map(tuple), max_size=8),
)
_paragraphs = st.builds(Block, words.map(lambda text: f"{text}: {text}. The {text}.") | texts)
_lead_ins = st.builds(Block, words.map(lambda text: f"{text}:"))
_items = st.builds(Block, words, st.just(1), st.just("list_item"), st.sampled_from(["•", "(a)", "2."]))
_headings = st.builds(Block, words, st.integers(1, 4), st.just("heading"), st.sampled_from(["", "2.1"]))
contents = (
    st.lists(st.one_of(_headings, _paragraphs, _lead_ins, _items, _tables), min_size=1, max_size=14)
    .map(from_blocks)
    .filter(lambda content: bool(content.text.strip()))
)
"""What parsers give of documents with headings, lists and tables."""


@st.composite
def logits(draw: st.DrawFn) -> Arrays:
    """(start logits, end logits, may start, may end), each (windows, tokens)."""
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 12)))
    # few distinct values, so that ties are common
    values = st.integers(-4, 4).map(float)
    start, end = (draw(hnp.arrays(np.float32, shape, elements=values)) for _ in range(2))
    may_start, may_end = (draw(hnp.arrays(np.bool_, shape)) for _ in range(2))
    return start, end, may_start, may_end


unit_vectors = (
    hnp.arrays(np.float32, st.tuples(st.integers(1, 30), st.just(4)), elements=st.floats(-1, 1, width=16))
    .map(lambda rows: rows + np.array([1e-2, 0, 0, 0], np.float32))
    .map(lambda rows: rows[np.linalg.norm(rows, axis=1) > 1e-3])
    .map(lambda rows: (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))
)
"""(0 to 30, 4), each of length one, equal ones too."""
header_values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=100)
"""What a client may send in a header."""

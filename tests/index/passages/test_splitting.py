from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from index.parsing.blocks import Block, Cell, from_blocks, heading
from index.parsing.content import Content
from index.passages.reading_text import Context
from index.passages.sentences import sentences
from index.passages.splitting import PassageSize, split
from tests import strategies


def count_words(texts: Sequence[str]) -> list[int]:
    """A tokenizer of words, with a token for every four characters of a long one."""
    return [sum(-(-len(word) // 4) for word in text.split()) for text in texts]


def non_blank(text: str) -> set[int]:
    return {at for at, character in enumerate(text) if character.strip()}


def covered(ranges: list[tuple[int, int]]) -> set[int]:
    return {at for start, end in ranges for at in range(start, end)}


@given(strategies.texts, st.integers(1, 60), st.data())
def test_passages_cover_the_text_and_fit(text: str, max_tokens: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, max_tokens - 1))
    passages = [(p.start, p.end) for p in split(text, count_words, PassageSize(max_tokens, overlap))]
    assert non_blank(text) <= covered(passages)
    assert passages == sorted(set(passages))
    assert [end for _, end in passages] == sorted({end for _, end in passages}), "each passage brings something new"
    assert all(count_words([text[start:end]])[0] <= max_tokens for start, end in passages)


@given(strategies.texts)
def test_passages_begin_and_end_with_sentences(text: str) -> None:
    starts, ends = (set(edge) for edge in zip(*sentences(text), strict=True)) if text.strip() else (set(), set())
    for passage in split(text, count_words, PassageSize(200, 40)):
        assert passage.start in starts
        assert passage.end in ends


def test_neighbours_share_whole_sentences() -> None:
    text = " ".join(f"This is the sentence with number {n}." for n in range(20))
    passages = list(split(text, lambda texts: [len(t.split()) for t in texts], PassageSize(30, 8)))
    shared = [text[right.start : left.end] for left, right in pairwise(passages)]
    assert all(part.startswith("This is") and part.endswith(".") for part in shared)


def test_an_overlap_as_large_as_the_passage_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap_tokens=5"):
        PassageSize(5, 5)


@given(strategies.contents, st.text("ab c", max_size=30), st.integers(1, 60), st.data())
def test_passages_by_structure_cover_the_text_and_fit_with_their_context(
    content: Content, title: str, max_tokens: int, data: st.DataObject
) -> None:
    text = content.text
    size = PassageSize(max_tokens, data.draw(st.integers(0, max_tokens - 1)))
    passages = list(split(text, count_words, size, content.outline, title=title))
    ranges = [(p.start, p.end) for p in passages]
    assert non_blank(text) <= covered(ranges)
    assert ranges == sorted(set(ranges))
    assert [end for _, end in ranges] == sorted({end for _, end in ranges}), "each passage brings something new"
    for passage in passages:
        stored = text[passage.start : passage.end]
        reading = passage.context.reading(stored)
        assert count_words([reading.text])[0] <= max_tokens
        assert "".join(reading.text[piece.start : piece.end] for piece in reading.pieces) == stored


@given(strategies.contents)
def test_what_stands_together_is_not_cut(content: Content) -> None:
    """Where every row, item and heading fits, each is whole, and no passage but the last ends with a heading."""
    text, blocks = content.text, content.outline.blocks
    size = PassageSize(400, 0)
    assume(all(count_words([text[b.start : b.end]])[0] * 9 < 300 for b in blocks))
    passages = list(split(text, count_words, size, content.outline))
    edges = {edge for passage in passages for edge in (passage.start, passage.end)}
    lines = [
        (start, end)
        for block in blocks
        for start, end in (
            _lines(text, block.start, block.end) if block.kind == "table" else [(block.start, block.end)]
        )
        if block.kind in ("table", "list_item", "heading")
    ]
    for start, end in lines:
        whole = text[start:end].strip()
        left = start + text[start:end].index(whole)
        assert not any(left < edge < left + len(whole) for edge in edges)
    headings = {block.end for block in blocks if block.kind == "heading"}
    assert not any(passage.end in headings for passage in passages[:-1])


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    lines = []
    for line in text[start:end].split("\n"):
        lines.append((start, start + len(line)))
        start += len(line) + 1
    return lines


def read(content: Content, size: PassageSize, title: str = "") -> list[str]:
    passages = split(content.text, count_words, size, content.outline, title=title)
    return [p.context.reading(content.text[p.start : p.end]).text for p in passages]


def test_rows_are_read_with_their_headers_and_the_way_to_them() -> None:
    rows = [["Station", "Permit", "Total"], ["Brask", "88", "1,111"], ["Oda", "", "7"], ["Ny | Sund", "5", "9"]]
    table = Block(kind="table", rows=tuple(tuple(Cell(text, n == 0) for text in row) for n, row in enumerate(rows)))
    content = from_blocks([heading("Water", 1), Block("Some words. " * 4), heading("Catch", 2), table])
    assert read(content, PassageSize(26, 0), "Water") == [
        "Water\n\nSome words. Some words. Some words. Some words.",
        "Water\nCatch\n\nStation | Permit | Total\nStation: Brask | Permit: 88 | Total: 1,111",
        "Water › Catch\nStation: Oda | Permit: | Total: 7\nNy | Sund | 5 | 9",
    ]


def test_headers_of_several_rows_are_joined_by_column() -> None:
    rows = (
        (Cell("Sales by half-year", True, columns=3),),
        (Cell("Segment", True, rows=2), Cell("External sales", True, columns=2)),
        (Cell("H1 2023", True), Cell("H1 2022", True)),
        (Cell("Feed"), Cell("88"), Cell("97")),
    )
    assert read(from_blocks([Block(kind="table", rows=rows)]), PassageSize(90, 0))[0].endswith(
        "\nSegment: Feed | External sales H1 2023: 88 | External sales H1 2022: 97"
    )


def test_a_list_stays_with_what_leads_it_in() -> None:
    items = [Block(f"thing {n}", 1, "list_item", "•") for n in range(3)]
    content = from_blocks([Block("Before it. " * 7), Block("You need:"), *items, Block("After it. " * 4)])
    passages = read(content, PassageSize(30, 0))
    assert any(passage.startswith("You need:\n\n• thing 0\n• thing 1\n• thing 2") for passage in passages)


def test_a_long_path_leaves_out_its_middle() -> None:
    levels = [heading(f"{'long ' * 4}{n}", n) for n in range(1, 7)]
    path = read(from_blocks([*levels, Block("Words. " * 40)]), PassageSize(100, 0), "Title")[-1].split("\n")[0]
    assert path.startswith("Title › ")
    assert path.endswith(" 6")
    assert len(path) <= 100


def test_tables_of_plain_text_get_no_headers() -> None:
    text = "Station | Permit\nBrask | 88\n" * 3
    (passage,) = split(text, count_words, PassageSize(100, 0), title="Water")
    assert passage.context == Context("Water")


def test_what_has_no_tokens_is_not_repeated_in_passage_after_passage() -> None:
    text = "\u200b. " * 4_000
    passages = list(split(text, lambda texts: [0] * len(texts), PassageSize(20, 4)))
    assert len(passages) <= 5
    assert sum(p.end - p.start for p in passages) < 1.3 * len(text)

"""Headings that nothing marks: which lines are taken for them, and how deep they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.parsing.blocks import Block, from_blocks, heading
from index.passages.headings import heading_levels, outlined

TEXT = "The goods were checked by the depot and packed in wooden boxes."


def shown(*paragraphs: str) -> list[tuple[int, str]]:
    return [(each.level, each.text) for each in outlined("\n\n".join(paragraphs)).headings]


@pytest.mark.parametrize(
    "line",
    [
        "Order of Otto Prell",
        "Chapter 3",
        "CHAPTER IV.",
        "Article. II.",
        "§ 5 Fees and charges",
        "3.2.1   General Syntax",
        "BOOK THE FIRST",
        "ITEM 1A. RISK FACTORS",
        "Kündigung des Vertrags",
        "IV. The return",
        "   Indented Title",
    ],
)
def test_a_line_that_heads_text(line: str) -> None:
    assert shown(TEXT, line, TEXT) == [(1, " ".join(line.split()))]


@pytest.mark.parametrize(
    "line",
    [
        "The ferry was late.",
        "Dear Ms Prell,",
        "Total due: 368 euros",
        "and so it went on",
        "“It is late!”",
        "RFC 2616                HTTP/1.1            June 1999",
        "MAX_SIZE = 3",
        "2022-10-14",
        "* * *",
        "Is it open on Sundays?",
        "A line that nobody would set as a heading as it goes on and on and says " + "so " * 8 + "much",
    ],
)
def test_a_line_that_is_text(line: str) -> None:
    assert shown(TEXT, line, TEXT) == []


def test_what_heads_nothing_is_none() -> None:
    assert shown(TEXT, "Yours sincerely") == []
    assert shown("Apples", "Pears", "Quinces", TEXT) == [], "a list"
    assert shown("A Title", "By Somebody", TEXT) == []
    assert shown("One line\nand another", TEXT) == []
    assert outlined("").headings == ()


def test_the_head_of_each_page_is_none() -> None:
    pages = [part for number in range(3) for part in ("Annual Report", f"Section {number}", TEXT)]
    assert shown(*pages) == [(1, f"Section {number}") for number in range(3)]


def test_divisions_may_be_called_the_same() -> None:
    articles = [part for number in "IVX" for part in (f"Article {number}", "Section 1", TEXT)]
    assert shown(*articles) == [each for number in "IVX" for each in ((1, f"Article {number}"), (2, "Section 1"))]


def test_who_the_next_lines_are_of_heads_them_where_that_is_a_pattern() -> None:
    assert shown("Patient: Ada Lund", TEXT, "Patient: Kim Roe", TEXT) == [
        (1, "Patient: Ada Lund"),
        (1, "Patient: Kim Roe"),
    ]
    assert shown("Note: handle with care", TEXT) == []


def test_levels_follow_ranks() -> None:
    paragraphs = ("PART I", TEXT, "1 Scope", TEXT, "1.1 Terms", TEXT, "Remarks", TEXT, "PART II", TEXT)
    assert shown(*paragraphs) == [(1, "PART I"), (2, "1 Scope"), (3, "1.1 Terms"), (4, "Remarks"), (1, "PART II")]


def test_an_underlined_line_is_one_whatever_it_says() -> None:
    assert shown("how to begin:\n=============", TEXT) == [(1, "how to begin:")]
    assert shown("first line\nsecond line\n===========", TEXT) == []


@given(
    st.lists(st.sampled_from([TEXT, "Order of A", "Chapter 2", "1.1 Terms", "x", "", "A\nB", "Go\n--"]), max_size=12)
)
def test_headings_are_lines_of_the_text_in_its_order(paragraphs: list[str]) -> None:
    text = "\n\n".join(paragraphs)
    outline = outlined(text)
    assert [(block.start, block.level) for block in outline.blocks] == [(h.start, h.level) for h in outline.headings]
    for block, each in zip(outline.blocks, outline.headings, strict=True):
        assert text[block.start : block.end] == each.text
        assert "\n" not in each.text


@given(st.lists(st.sampled_from(["", "Order of A", "Order of B", "1 Scope", "1.1 Terms", "PART I"]), max_size=12))
def test_under_each_heading_comes_a_lower_one_or_text(lines: list[str]) -> None:
    levels = heading_levels(lines)
    assert all(level >= 1 for level in levels.values())
    for number, level in levels.items():
        below = number + 1
        assert below < len(lines)
        assert not lines[below] or below not in levels or levels[below] > level


def test_blocks_without_a_heading_get_them_and_others_keep_theirs() -> None:
    blocks = [Block("Order of A"), Block(TEXT), Block("Order of B"), Block("Subtotal 3\nTotal 4")]
    read = from_blocks(blocks)
    assert [each.text for each in read.outline.headings] == ["Order of A", "Order of B"]
    assert read.title is None, "what the first order is called is no title of all"
    assert [block.kind for block in read.outline.blocks] == ["heading", "paragraph", "heading", "paragraph"]
    marked = from_blocks([heading("Orders", 1), *blocks])
    assert [each.text for each in marked.outline.headings] == ["Orders"]
    assert marked.title == "Orders"


def test_a_heading_that_says_nothing_is_none() -> None:
    read = from_blocks([heading(" ", 1), heading("Orders", 1), Block(TEXT)])
    assert (read.title, [each.text for each in read.outline.headings]) == ("Orders", ["Orders"])

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.parsing import parse_bytes
from index.parsing.layout import Line, Page, lay_out
from tests import files, strategies

WIDTH = 6.0


def set_in_lines(*texts: str, left: float = 72, top: float = 600, pitch: float = 14) -> list[Line]:
    """Lines under one another in type of one width and size 12."""
    return [Line(text, left, left + WIDTH * len(text), top - pitch * number, 12) for number, text in enumerate(texts)]


def laid(*pages: list[Line]) -> str:
    return lay_out([Page(lines, 842) for lines in pages]).text


FULL = "The carrier shall deliver the goods within fourteen days"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((FULL, "of the date on which they were handed over"), f"{FULL} of the date on which they were handed over"),
        ((FULL, "un-", "less delayed"), f"{FULL} unless delayed"),
        ((FULL, "by a well-", "known and well-known firm"), f"{FULL} by a well-known and well-known firm"),
        ((FULL, "from 1990-", "2000 and Anglo-", "Saxon"), f"{FULL} from 1990-2000 and Anglo-Saxon"),
        ((FULL, "of arrival.", "Delay is paid for."), f"{FULL} of arrival.\n\nDelay is paid for."),
        ((FULL, "• one item", "• another"), f"{FULL}\n\n• one item\n\n• another"),
        ((f"{FULL}:", "1. tea", "2. milk"), f"{FULL}:\n\n1. tea\n\n2. milk"),
        ((FULL, "Amount: 5", "Date: 7"), f"{FULL} Amount: 5\n\nDate: 7"),
    ],
)
def test_lines_become_paragraphs(lines: tuple[str, ...], text: str) -> None:
    assert laid(set_in_lines(*lines)) == text


def test_a_wider_gap_ends_a_paragraph() -> None:
    first, second = set_in_lines(FULL, FULL), set_in_lines(FULL, FULL, top=560)
    assert laid([*first, *second]) == f"{FULL} {FULL}\n\n{FULL} {FULL}"


def test_an_indented_line_after_a_full_stop_begins_a_paragraph() -> None:
    ended = FULL[:-1] + "."
    lines = [*set_in_lines(FULL, ended), *set_in_lines(FULL[:-4], left=96, top=572), *set_in_lines(FULL, top=558)]
    assert laid(lines) == f"{FULL} {ended}\n\n{FULL[:-4]} {FULL}"


def test_paragraphs_and_words_go_on_over_pages_and_columns() -> None:
    right = set_in_lines("ple of a col-", left=400, top=700)
    below = set_in_lines("umn.", left=72, top=700)
    assert laid([*set_in_lines(FULL, "is an exam-"), *right], below) == f"{FULL} is an example of a column."
    cut = lay_out([Page(set_in_lines(FULL, "is an exam-"), 842), Page([], 842), Page(below, 842)])
    assert cut.text == f"{FULL} is an examumn."
    assert cut.pages == (0, cut.text.index("umn."), cut.text.index("umn."))


def test_running_heads_stand_once_and_page_numbers_nowhere() -> None:
    def page(number: int) -> list[Line]:
        head, foot = set_in_lines("Contract 4711", top=800), set_in_lines(f"Page {number} of 4", top=30)
        return [*head, *set_in_lines(f"{FULL} no {number}", "and so on,"), *foot]

    text = laid(*(page(number) for number in range(4)))
    assert text.count("Contract 4711") == 1
    assert "Page" not in text
    assert all(f"no {number} and so on," in text for number in range(4))


def test_larger_type_makes_headings_where_there_are_no_bookmarks() -> None:
    body = [("BodyText", "The buyer pays within thirty days of delivery. " * 8)]
    data = files.pdf_of(
        [[("Heading1", "Contract"), *body, ("Heading2", "Payment"), *body], [("Heading2", "Delay"), *body]]
    )
    draft = parse_bytes("a.pdf", data)
    assert [(h.text, draft.text[h.start :][: len(h.text)]) for h in draft.outline.headings] == [
        (heading, heading) for heading in ("Contract", "Payment", "Delay")
    ]
    assert draft.outline.location(len(draft.text) - 1).heading == "Delay"
    assert draft.outline.location(len(draft.text) - 1).page == 2


def test_bookmarks_are_headings_where_their_words_stand() -> None:
    pages = [
        [(72.0, 700.0, "Before."), (72.0, 600.0, "terms  of Payment"), (72.0, 580.0, "After.")],
        [(72.0, 700.0, "Last.")],
    ]
    draft = parse_bytes("a.pdf", files.pdf_of_lines(pages, bookmarks={0: ["Terms of payment"], 1: ["Annex"]}))
    where = {words: draft.outline.location(draft.text.index(words)) for words in ("Before", "After", "Last")}
    assert [location.heading for location in where.values()] == [None, "Terms of payment", "Annex"]
    assert [location.page for location in where.values()] == [1, 1, 2]


def test_a_word_that_was_cut_at_the_end_of_a_line_is_whole() -> None:
    lines = [(72.0, 700.0, "This is an exam-"), (72.0, 686.0, "ple of a soft\u00ad"), (72.0, 672.0, "ness.")]
    assert parse_bytes("a.pdf", files.pdf_of_lines([lines])).text == "This is an example of a softness."


@given(st.lists(st.lists(strategies.words, max_size=6), min_size=1, max_size=5))
@settings(max_examples=30)
def test_every_word_of_a_pdf_is_kept_and_every_page_begins_where_it_says(pages: list[list[str]]) -> None:
    marked = [[f"p{number}w {line}." for line in page] for number, page in enumerate(pages, start=1)]
    data = files.pdf_of_lines(
        [[(72.0, 700.0 - 20 * at, line) for at, line in enumerate(page)] for page in [*marked, ["q end."]]]
    )
    draft = parse_bytes("a.pdf", data)
    assert draft.text.split() == [word for page in [*marked, ["q end."]] for line in page for word in line.split()]
    assert len(draft.outline.pages) == len(pages) + 1
    for number, page in enumerate(marked, start=1):
        if page:
            assert draft.outline.location(draft.text.index(f"p{number}w")).page == number
            assert draft.outline.location(draft.text.rindex(f"p{number}w")).page == number


_lines = st.builds(
    Line,
    st.lists(st.text("aZ1.-•é", min_size=1, max_size=6), min_size=1, max_size=4).map(" ".join),
    *[st.floats(0, 600)] * 2,
    st.floats(200, 600),
    st.sampled_from([8.0, 12.0, 18.0]),
)


@given(st.lists(st.lists(_lines, max_size=6), max_size=4))
def test_wherever_lines_stand_nothing_is_lost_but_hyphens(pages: list[list[Line]]) -> None:
    made = lay_out([Page(lines, 842) for lines in pages])
    whole = "".join("".join(line.text.split()) for lines in pages for line in lines)
    assert "".join(made.text.split()).replace("-", "") == whole.replace("-", "")
    assert len(made.pages) == len(pages)
    assert list(made.pages) == sorted(made.pages)
    assert all(0 <= start <= len(made.text) for start in made.pages)
    for lines, start in zip(pages, made.pages, strict=True):
        assert not lines or made.text[start:].startswith(lines[0].text[:1])


def test_threads_may_parse_at_once() -> None:
    data = files.pdf_of([[("BodyText", "Goods are due. " * 50)]] * 5)
    with ThreadPoolExecutor(4) as pool:
        drafts = list(pool.map(lambda _: parse_bytes("a.pdf", data), range(8)))
    assert {draft.sha256 for draft in drafts} == {drafts[0].sha256}

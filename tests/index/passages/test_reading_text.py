from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.passages.reading_text import Cell, Context, ReadingText
from tests.strategies import texts


@st.composite
def passages(draw: st.DrawFn) -> tuple[str, Context]:
    text = draw(texts)
    headers = tuple(draw(st.lists(st.sampled_from(["Station", "Höhe (m)", "2023", "e\u0301"]), unique=True)))
    numbers = st.integers(0, max(len(headers) - 1, 0))
    places = draw(st.lists(st.tuples(st.integers(0, len(text)), numbers), unique_by=lambda cell: cell[0]))
    path = draw(st.sampled_from(["", "Title", "Title › Heading"]))
    return text, Context(path, headers, tuple(sorted(places)) if headers else ())


@given(passages())
def test_the_pieces_are_the_passage_and_all_else_is_context(passage: tuple[str, Context]) -> None:
    text, context = passage
    reading = context.reading(text)
    assert "".join(reading.text[piece.start : piece.end] for piece in reading.pieces) == text
    for piece in reading.pieces:
        assert reading.text[piece.start : piece.end] == text[piece.start - piece.shift : piece.end - piece.shift]
    kept = {place for piece in reading.pieces for place in range(piece.start, piece.end)}
    inserted = "".join(character for place, character in enumerate(reading.text) if place not in kept)
    labels = [context.headers[number] for _, number in context.cells]
    assert "".join(inserted.split()) == "".join("".join([context.path, *(f"{label}:" for label in labels)]).split())


def test_a_row_is_read_with_its_headers() -> None:
    row = "Brask | 88 |  | 1,111"
    context = Context("Catch › 2023", ("Station", "Rod", "Total"), ((0, 0), (13, 1), (16, 2)))
    assert context.reading(row).text == "Catch › 2023\nStation: Brask | 88 | Rod: | Total: 1,111"
    assert context.shown == "Catch › 2023\nStation | Rod | Total"


def test_without_context_a_passage_is_read_as_it_stands() -> None:
    assert Context().reading("A passage.") == ReadingText.bare("A passage.")
    assert Context().shown == ""


def test_a_range_within_a_cell_knows_its_row_and_its_column() -> None:
    rows = "Above.\nBrask | 88 |  | 1,111\nOrm | 9 | x | 12"
    places = ((7, 0), (15, 1), (20, 2), (23, 3), (29, 0), (35, 1), (39, 2), (43, 3))
    context = Context("", ("Station", "Permit", "Rod", "Total"), places)

    def cell(words: str) -> Cell | None:
        start = rows.index(words)
        return context.cell(rows, start, start + len(words))

    assert cell("1,111") == Cell("Brask", "Total")
    assert cell("88") == Cell("Brask", "Permit")
    assert cell("Brask") == Cell("", "Station")
    assert cell("12") == Cell("Orm", "Total")
    assert cell("88 |") is cell("Brask | 88") is cell("Above") is None


@given(passages(), st.data())
def test_a_cell_is_named_only_of_ranges_that_no_other_cell_touches(
    passage: tuple[str, Context], data: st.DataObject
) -> None:
    text, context = passage
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    if context.cell(text, start, end) is not None:
        assert "\n" not in text[start:end]
        assert not any(start < place < end for place, _ in context.cells if text[place - 3 : place] == " | ")

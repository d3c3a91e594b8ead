"""What labels a cell or a value, and whether the question asks for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.passages.reading_text import Context, ReadingText
from rag.confidence.labels import labelled

ROWS = "Tree | Height in metres | Trunk in centimetres\nWych oak | 26 | 130\nRowan | 8 | 23"
HEADERS = ("Tree", "Height in metres", "Trunk in centimetres")
FORM = "Grand total | 412\nPolicy number: PN-7"


def table() -> ReadingText:
    """The rows, each cell after its header, as the reader is given them, below the way to the table."""
    cells = tuple(
        (ROWS.index(row) + row.index(cell), number)
        for row in ROWS.split("\n")[1:]
        for number, cell in enumerate(row.split(" | "))
    )
    return Context("Trees of the park", HEADERS, cells).reading(ROWS)


@pytest.mark.parametrize(
    ("value", "cell", "label"),
    [("130", 1.0, 1.0), ("26", 0.0, 1.0), ("23", 0.0, 1.0), ("8", 0.0, 0.0), ("Wych oak", 0.0, 0.0)],
)
def test_a_cell_is_asked_for_by_its_column_and_its_row(value: str, cell: float, label: float) -> None:
    question = "What is the trunk of the wych oak in centimetres?"
    assert labelled(question, table(), ROWS.index(value)) == pytest.approx((cell, label))


def test_part_of_a_label_counts_for_its_part() -> None:
    question = "How wide is the trunk of the oak?"
    assert labelled(question, table(), ROWS.index("130")) == pytest.approx((0.25, 0.5))


def test_a_unit_need_not_be_asked_for() -> None:
    rows = ReadingText.bare("Ferry: Osprey II | Top speed (knots): 19 | (net): 7")
    assert labelled("What is the top speed of the Osprey II?", rows, rows.text.index("19")) == (1.0, 1.0)
    assert labelled("What is the net weight of the Osprey II?", rows, rows.text.index("7")) == (1.0, 1.0)


def test_without_headers_the_beginning_of_the_row_or_the_key_is_the_label() -> None:
    form = ReadingText.bare(FORM)
    assert labelled("What is the grand total?", form, FORM.index("412")) == (1.0, 1.0)
    assert labelled("What is the policy number?", form, FORM.index("PN-7")) == (0.0, 1.0)
    assert labelled("Who signed?", form, FORM.index("PN-7")) == (0.0, 0.0)


STAFF = "Ilona Marsh\n\nPost: keeper\nTelephone: 555 0142\n\nOtto Prell\n\nOf the boat house.\n\nTelephone: 555 0177"


@pytest.mark.parametrize(
    ("text", "value", "form"),
    [
        (STAFF, "0177", 1.0),
        (STAFF, "0142", 0.0),
        ("Otto Prell\nPosition: pilot\nTelephone: 7", "7", 1.0),
        ("Order 7, Otto Prell\n\n- Telephone: 0177", "0177", 1.0),
        ("Telephone: 7", "7", 0.0),
    ],
)
def test_a_key_is_asked_for_with_what_its_form_is_called(text: str, value: str, form: float) -> None:
    question = "What is the telephone number of Otto Prell?"
    assert labelled(question, ReadingText.bare(text), text.index(value)) == (form, 1.0)


def test_in_running_text_nothing_is_a_label() -> None:
    text = "The keeper's boat was lost in 1921."
    assert labelled("When was the keeper's boat lost?", ReadingText.bare(text), text.index("1921")) == (0.0, 0.0)


@given(st.text(), st.text(alphabet="ab:| \n", min_size=1), st.data())
def test_both_are_shares_wherever_the_answer_stands(question: str, text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text) - 1))
    cell, label = labelled(question, ReadingText.bare(text), offset)
    assert 0 <= cell <= label <= 1


@given(st.data())
def test_every_character_of_a_passage_is_found_in_what_is_read(data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(ROWS) - 1))
    reading = table()
    assert reading.text[reading.place(offset)] == ROWS[offset]

"""What the rows of a table in a PDF are: headers, captions, names with their values, or the lines of one cell."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from reportlab.pdfgen.canvas import Canvas

from index.documents import TextBlock
from index.parsing.content import Content
from tests.index.parsing.test_pdf import Draw, read

_LEFT = (60, 160, 300, 400, 500)
_PITCH = 16

Cells = Sequence[str]
"""The cells of a row; one that begins with * is bold, and an empty row is space."""


def grid(*rows: Cells, left: Sequence[float] = _LEFT, top: float = 700) -> Draw:
    """Rows of cells, each at the left edge of its column."""

    def page(canvas: Canvas) -> None:
        for number, row in enumerate(rows):
            for text, place in zip(row, left, strict=False):
                canvas.setFont("Helvetica-Bold" if text.startswith("*") else "Helvetica", 10)
                canvas.drawString(place, top - _PITCH * number, text.removeprefix("*"))

    return page


def tables(content: Content) -> list[TextBlock]:
    return [block for block in content.outline.blocks if block.kind == "table"]


def headers(content: Content) -> list[tuple[str, ...]]:
    """Of each table what its columns are called."""
    return [block.columns.headers if block.columns else () for block in tables(content)]


FORM = [
    ("*Owner", "", "*Boat"),
    ("*Name", "Otto Prell", "*Built", "1931"),
    ("*Berth", "B-17", "*Kind", "Cutter"),
    ("*Phone", "555 0142", "*Length", "9,8"),
    ("", "", "*Colour", "grey"),
]


def test_what_stands_over_parts_of_a_form_is_no_header_and_names_stand_before_their_values() -> None:
    content = read(grid(*FORM))
    assert headers(content) == [()]
    assert content.text.splitlines()[1:] == [
        "Name: Otto Prell | Built: 1931",
        "Berth: B-17 | Kind: Cutter",
        "Phone: 555 0142 | Length: 9,8",
        "Colour: grey",
    ]


def test_names_with_colons_are_no_headers_either() -> None:
    content = read(grid(("Name:", "Otto Prell"), ("Berth:", "17"), ("Fee:", "125")))
    assert (content.text, headers(content)) == ("Name: Otto Prell\nBerth: 17\nFee: 125", [()])


def test_what_is_bold_at_the_beginning_of_a_row_with_several_values_is_a_cell_of_it() -> None:
    rows = [("*Rope", "2", "12.50"), ("*Net", "1", "8.00"), ("*Lamp", "10", "7.00")]
    assert read(grid(*rows)).text == "Rope | 2 | 12.50\nNet | 1 | 8.00\nLamp | 10 | 7.00"


def test_numbers_and_letters_that_items_have_are_no_names() -> None:
    assert read(grid(("*1", "Single"), ("*2", "Married"), ("*3b", "Widowed"))).text.splitlines()[0] == "1 | Single"


def test_a_table_under_a_form_is_a_table_of_its_own_with_its_caption_and_headers() -> None:
    def caption(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 10)
        canvas.drawCentredString(270, 700 - 6 * _PITCH, "Estimate of costs")

    def page(canvas: Canvas) -> None:
        grid(*FORM, (), (), ("", "", "*Hours", "*Costs"), ("*Hull", "", "2", "300"), ("*Mast", "", "1.5", "225"))(
            canvas
        )
        caption(canvas)

    content = read(page)
    assert headers(content)[0] == ()
    assert [name for name in headers(content)[1] if name] == ["Hours", "Costs"]
    assert "\n\nEstimate of costs\n" in content.text


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([("Boat", "Landed", "Sold"), ("Elba", "120", "80"), ("Genoa", "90", "75")], ("Boat", "Landed", "Sold")),
        ([("", "2019", "2020"), ("Elba", "120", "80"), ("Genoa", "90", "75")], ("", "2019", "2020")),
        (
            [("Boat", "Q1/19", "Q2/19"), ("Elba", "120", "80"), ("Genoa", "90", "75")],
            ("Boat", "Q1/19", "Q2/19"),
        ),
        (
            [("Boat", "Landed", "Sold"), ("", "(kg)", "(euros)"), ("Elba", "120", "80"), ("Genoa", "90", "75")],
            ("Boat", "Landed (kg)", "Sold (euros)"),
        ),
        (
            [("Boat", "Landed", "Sold"), ("*Old boats",), ("Elba", "120", "80"), ("Genoa", "90", "75")],
            ("Boat", "Landed", "Sold"),
        ),
        ([("Elba", "120", "80"), ("Genoa", "90", "75"), ("Corsica", "10", "7")], ()),
    ],
)
def test_headers_have_a_cell_for_each_column_and_are_unlike_what_is_under_them(
    rows: Sequence[Cells], names: tuple[str, ...]
) -> None:
    assert headers(read(grid(*rows))) == [names]


def wrapped(*rows: Sequence[Sequence[str]], line: float = 12, space: float = 18, left: Sequence[float] = _LEFT) -> Draw:
    """Rows of cells of several lines, which stand as close as those of a text; the rows have more space between."""

    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        top = 700.0
        for row in rows:
            for cell, place in zip(row, left, strict=False):
                for number, text in enumerate(cell):
                    canvas.drawString(place, top - line * number, text)
            top -= line * (max(map(len, row)) - 1) + space

    return page


def test_lines_of_several_cells_of_a_row_are_put_together_where_rows_have_more_space() -> None:
    rows = [
        (["Item"], ["Description of the work"], ["Price"]),
        (["Rope"], ["A rope of hemp, tarred"], ["12.50"]),
        (
            ["Lamp oil in cans,", "of the best kind"],
            ["Oil for lamps, in cans", "of two litres, with a", "handle"],
            ["7.00"],
        ),
        (["Net"], ["A net"], ["8.00"]),
    ]
    assert read(wrapped(*rows, left=(60, 160, 300))).text.splitlines() == [
        "Item | Description of the work | Price",
        "Rope | A rope of hemp, tarred | 12.50",
        "Lamp oil in cans, of the best kind | Oil for lamps, in cans of two litres, with a handle | 7.00",
        "Net | A net | 8.00",
    ]


def test_terms_beside_sentences_are_the_rows_of_a_table() -> None:
    rows = [
        (["Term"], ["Meaning"]),
        (["Bow line"], ["The rope at the head of the boat, by", "which it is tied to the quay"]),
        (
            ["Spring line of the", "midship cleat"],
            ["A rope that runs along the boat so that", "it can move neither way"],
        ),
        (["Fender"], ["A cushion"]),
    ]
    assert read(wrapped(*rows)).text.splitlines() == [
        "Term | Meaning",
        "Bow line | The rope at the head of the boat, by which it is tied to the quay",
        "Spring line of the midship cleat | A rope that runs along the boat so that it can move neither way",
        "Fender | A cushion",
    ]


def test_items_of_a_form_are_not_the_lines_of_one() -> None:
    rows = [
        (["3. Enter the rent of the plot"], ["3."]),
        (["4. Enter the rent of the boat", "5. Enter the rent of the berth"], ["4.", "5."]),
        (["6. Add the lines before this one"], ["6."]),
        (["7. Pay"], ["7."]),
    ]
    text = read(wrapped(*rows, left=(60, 300))).text
    assert "\n5. Enter the rent of the berth | 5.\n" in text


def test_a_line_of_text_parts_the_tables_above_and_below_it() -> None:
    upper = [("Boat", "Owner", "Landed"), ("Elba", "Prell", "120"), ("Genoa", "Hollis", "90")]
    lower = [("Station", "Rod", "Net"), ("Aldery", "310", "52"), ("Brask", "17", "6")]
    text = "Between both there is a line."
    content = read(grid(*upper, (), (text,), (), *lower, left=(60, 240, 400)))
    assert headers(content) == [("Boat", "Owner", "Landed"), ("Station", "Rod", "Net")]
    assert f"90\n\n{text}\n\nStation" in content.text


CATCH = [(f"{day} May", f"Boat {day}", str(70 + day)) for day in range(1, 9)]


def test_a_table_that_goes_on_over_pages_has_its_headers_on_all_of_them() -> None:
    content = read(grid(("*Day", "*Boat", "*Landed (kg)"), *CATCH), grid(*CATCH), grid(*CATCH))
    assert headers(content) == [("Day", "Boat", "Landed (kg)")] * 3
    first, *others = [block.columns.body for block in tables(content) if block.columns]
    assert content.text[first:].startswith("1 May | Boat 1 | 71")
    assert others == [0, 0]


@pytest.mark.parametrize(
    "between",
    [
        grid(("All boats were back before dark, and nobody was missed.",)),
        grid(*[("Otto", "Prell")] * 8, left=(60, 300)),
    ],
)
def test_a_table_after_something_else_has_no_headers_of_another(between: Draw) -> None:
    content = read(grid(("*Day", "*Boat", "*Landed (kg)"), *CATCH), between, grid(*CATCH))
    assert headers(content)[-1] == ()


SIX = (60, 140, 200, 260, 340, 400, 460)


def test_a_header_over_the_middle_of_a_group_is_that_of_all_its_columns() -> None:
    rows = [(str(year), *(str(year - 1000 + n) for n in range(6))) for year in range(2016, 2022)]
    names = ("*Year", "*Eggs", "*Hens", "*Feed", "*Eggs", "*Hens", "*Feed")
    content = read(grid(("", "", "*North", "", "", "*South"), names, *rows, left=SIX))
    groups = [f"{group} {name}" for group in ("North", "South") for name in ("Eggs", "Hens", "Feed")]
    assert headers(content) == [("Year", *groups)]


def test_the_first_line_of_one_header_stands_over_no_other() -> None:
    rows = [(f"{day} May", "Otto", str(70 + day), str(day)) for day in range(1, 7)]
    content = read(grid(("", "", "*Landed", "*Sold"), ("*Day", "*Boat", "*(kg)", "*(kg)"), *rows))
    assert headers(content) == [("Day", "Boat", "Landed (kg)", "Sold (kg)")]

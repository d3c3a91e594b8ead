from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.chart import BarChart
from openpyxl.comments import Comment
from openpyxl.workbook import Workbook

from index.errors import UnsafeArchive
from index.isolation.limits import Limits
from index.parsing import parse_bytes
from index.parsing.blocks import Cell
from index.parsing.content import File
from index.parsing.isolated import Parser
from index.parsing.office.cell_formats import Value, shown
from index.parsing.office.sheets import xlsx
from index.parsing.tables import Grid
from tests.index.parsing.test_office import odf_file


def saved(workbook: Workbook) -> bytes:
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def workbook_of(*rows: Sequence[object], title: str = "Fares") -> Workbook:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    return workbook


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.25, "0%", "25%"),
        (0.1234, "0.00%", "12.34%"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (1.005, "0.00", "1.01"),
        (0.1 + 0.2, "General", "0.3"),
        (1234.5, "General", "1234.5"),
        (12345678901, "General", "12345678901"),
        (1e21, "General", "1E+21"),
        (0.0000012, "General", "0.0000012"),
        (-5, "0.00", "-5.00"),
        (-1234, "#,##0;(#,##0)", "(1,234)"),
        (0, '0;-0;"none"', "none"),
        (12.5, '#,##0.00 "€"', "12.50 €"),
        (12.5, "[$€-407] #,##0.00", "€ 12.50"),
        (-12.5, '"$"#,##0.00_);\\("$"#,##0.00\\)', "($12.50)"),
        (12345, "0.00E+00", "1.23E+04"),
        (2.75, "# ?/?", "2 3/4"),
        (0.075, "# ??/??", "3/40"),
        (1234567, '0.0,,"M"', "1.2M"),
        (7, "000", "007"),
        (2.5, "0.##", "2.5"),
        (44000, "[Red]#,##0", "44,000"),
        (3, '0" boats"', "3 boats"),
        (3, "@", "3"),
        (5550177, "000-0000", "555-0177"),
        (12345678, "000-00-0000", "012-34-5678"),
        (612345678, '0#" "##" "##" "##" "##', "06 12 34 56 78"),
        (1234.5, "#\\ ##0.00", "1 234.50"),
        (5, "#\\ ##0", "5"),
        (5550177, "[<=9999999]###-####;(###) ###-####", "555-0177"),
        (4155550177, "[<=9999999]###-####;(###) ###-####", "(415) 555-0177"),
        (1500, '[>=1000000]0.0,,"M";[>=1000]0.0,"K";0', "1.5K"),
        (-5, "[Red][<0]0;0", "-5"),
        (float("inf"), "0", "inf"),
        (True, "General", "TRUE"),
        ("#N/A", "0", "#N/A"),
        (None, "0", ""),
        (date(2024, 3, 5), "yyyy-mm-dd", "2024-03-05"),
        (datetime(2024, 3, 5, 14, 7), "d mmm yyyy h:mm AM/PM", "5 Mar 2024 2:07 PM"),  # noqa: DTZ001
        (date(2024, 3, 5), "dddd, mmmm dd, yyyy", "Tuesday, March 05, 2024"),
        (date(2024, 3, 5), "mm-dd-yy", "2024-03-05"),
        (date(2024, 3, 5), "[$-409]d\\-mmm\\-yy;@", "5-Mar-24"),
        (datetime(2024, 3, 5, 1, 2, 3), "mm:ss", "02:03"),  # noqa: DTZ001
        (time(9, 5), "h:mm", "9:05"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05"),
    ],
)
def test_values_are_written_as_their_cells_show_them(value: Value, number_format: str, text: str) -> None:
    assert shown(value, number_format) == text


def test_a_sheet_is_a_heading_and_its_tables() -> None:
    workbook = workbook_of(
        ["Fares of the ferry"],
        ["valid from May"],
        ["Season", None, "Child", "Share"],
        ["Summer", None, 3, 0.25],
        ["Winter", None, 2.5, 1],
        [],
        ["Dogs", "free"],
    )
    for row in (4, 5):
        workbook["Fares"][f"D{row}"].number_format = "0%"
    workbook.create_sheet("Empty")
    workbook.create_sheet("Ports")["C7"] = "Haldane"
    draft = parse_bytes("a.xlsx", saved(workbook))
    assert draft.text == (
        "Fares\n\nFares of the ferry\n\nvalid from May\n\n"
        "Season | Child | Share\nSummer | 3 | 25%\nWinter | 2.5 | 100%\n\nDogs | free\n\nPorts\n\nHaldane"
    )
    assert [heading.text for heading in draft.outline.headings] == ["Fares", "Ports"]


def test_what_is_hidden_or_has_no_result_is_left_out_and_said() -> None:
    workbook = workbook_of(["a", "b", "c"], ["1", "2", "3"], ["4711", "4711", "4711"], [1, "=SUM(A1:A2)"])
    sheet = workbook["Fares"]
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["C"].hidden = True
    workbook.create_sheet("Secret")["A1"] = "4711"
    workbook["Secret"].sheet_state = "veryHidden"
    sheet["A1"].comment = Comment("4711", "Ida")
    content = xlsx(File("a.xlsx", saved(workbook)))
    assert content.text == "Fares\n\na | b\n1 | 2\n\n1"
    assert content.notes == (
        "not read: 1 comment",
        "hidden and left out: 1 sheet (Secret)",
        "hidden in sheet 'Fares' and left out: 1 row and 1 column",
        "without a result in sheet 'Fares': 1 formula",
    )


def test_merged_cells_stand_in_each_row_and_lines_stay_in_their_cell() -> None:
    workbook = workbook_of(["Side", "Port", "Boats"], ["North", "a", "1\n2"], [None, "b", 2], ["South", "c", 3])
    workbook["Fares"].merge_cells("A2:A3")
    text = parse_bytes("a.xlsx", saved(workbook)).text
    assert text.split("\n")[2:] == ["Side | Port | Boats", "North | a | 1 2", "North | b | 2", "South | c | 3"]


def test_what_is_raised_or_struck_out_in_a_cell_is_told_apart() -> None:
    workbook = workbook_of(["Area"])
    raised, struck = InlineFont(vertAlign="superscript"), InlineFont(strike=True)
    workbook["Fares"]["A2"] = CellRichText("10", TextBlock(raised, "5"), " m", TextBlock(struck, " old"))
    assert parse_bytes("a.xlsx", saved(workbook)).text == "Fares\n\nArea\n10⁵ m"


def test_what_lies_over_the_cells_is_said() -> None:
    workbook = workbook_of(["Port", 2])
    workbook["Fares"].add_chart(BarChart(), "D4")
    box = '<xdr:sp xmlns:xdr="x"><xdr:txBody>Draft</xdr:txBody></xdr:sp>'
    with zipfile.ZipFile(file := io.BytesIO(saved(workbook)), "a") as package:
        package.writestr("xl/drawings/drawing2.xml", box)
    assert xlsx(File("a.xlsx", file.getvalue())).notes == ("not read: 1 chart", "not read: 1 text box")


def test_the_first_row_names_the_columns_where_it_has_no_numbers() -> None:
    grid = Grid()
    for row, cells in enumerate([["Port", "Boats"], ["Haldane", "12"]]):
        for column, text in enumerate(cells):
            grid.put(row, column, text, is_label=not text.isdigit())
    (table,) = grid.blocks()
    assert table.rows == ((Cell("Port", True), Cell("Boats", True)), (Cell("Haldane"), Cell("12")))


def test_cells_far_apart_take_no_more_than_there_are() -> None:
    workbook = workbook_of(["near"])
    workbook["Fares"]["XFD1048576"] = "far"
    assert parse_bytes("a.xlsx", saved(workbook)).text == "Fares\n\nnear\n\nfar"


@pytest.mark.parametrize(
    ("name", "source", "text"),
    [
        ("a.csv", "a,b\n1,2\n", "a | b\n1 | 2"),
        ("a.csv", 'a;b\n1,5;"x; y"\n2,5;"say ""hi"""\n', 'a | b\n1,5 | x; y\n2,5 | say "hi"'),
        ("a.csv", "a|b\n1|2\n", "a | b\n1 | 2"),
        ("a.csv", "sep=;\na;b\n1,5;2,5\n", "a | b\n1,5 | 2,5"),
        ("a.csv", 'a, b\n1, "1,200"\n', "a | b\n1 | 1,200"),
        ("a.csv", "a\tb\n1\t2\n", "a | b\n1 | 2"),
        ("a.tsv", "a, b\tc\n1, 2\t3\n", "a, b | c\n1, 2 | 3"),
        ("a.csv", "Of 2024\nport,boats\nHaldane,12\n\nnext,1\n", "Of 2024\n\nport | boats\nHaldane | 12\n\nnext | 1"),
        ("a.csv", 'a,b\n"two\nlines",2\n', "a | b\ntwo lines | 2"),
        ("a.csv", "name\nAda, of Haldane\nBo\nCy\n", "name\nAda, of Haldane\nBo\nCy"),
        ("a.csv", "a,b,c\n,,3\n", "a | b | c\n |  | 3"),
        ("a.csv", "a,b\n1,\"never closed\n2,3\n", "a | b\n1 | never closed 2,3"),
    ],
)  # fmt: skip
def test_the_separator_of_a_table_is_found(name: str, source: str, text: str) -> None:
    assert parse_bytes(name, source.encode()).text == text


def test_a_line_alone_is_no_table() -> None:
    blocks = parse_bytes("a.csv", b"Fares of 2024\n\nport,boats\nHaldane,12\n").outline.blocks
    assert [block.kind for block in blocks] == ["heading", "table"]


def test_tables_in_old_encodings() -> None:
    source = "Город;Лодки\nСамара;12\nТверь;7\n" * 10
    assert parse_bytes("a.csv", source.encode("cp1251")).text.startswith("Город | Лодки\nСамара | 12")
    assert parse_bytes("a.csv", source.encode("utf-16")).text.startswith("Город | Лодки\nСамара | 12")


def test_an_opendocument_sheet_reads_as_it_is_shown() -> None:
    def cell(text: str, more: str = "") -> str:
        return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"

    hidden = (
        '<style:style style:name="H" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    number = 'office:value-type="float" office:value="0.25"'
    rows = (
        f"<table:table-row>{cell('Season')}{cell('Share')}</table:table-row>"
        f"<table:table-row>{cell('Summer')}{cell('25 %', number)}</table:table-row>"
        f'<table:table-row table:visibility="collapse">{cell("4711")}</table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="1024"/>'
        "</table:table-row>"
    )
    sheet = '<table:table table:name="{}" table:style-name="{}">{}</table:table>'
    body = sheet.format("Fares", "V", rows) + sheet.format("Secret", "H", rows)
    assert parse_bytes("a.ods", odf_file("spreadsheet", body, hidden)).text == "Fares\n\nSeason | Share\nSummer | 25 %"


def test_a_million_cells_are_read_within_the_limits() -> None:
    table = "\n".join(",".join(str(row * column) for column in range(20)) for row in range(50_000))
    with Parser(Limits()) as parser:
        (file,) = parser.drafts_of("a.csv", io.BytesIO(table.encode()))
        assert file.error is None


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked() -> None:
    data = io.BytesIO(saved(workbook_of(["x"])))
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.xml", b"\0" * 5_000_000)
    with pytest.raises(UnsafeArchive, match=r"is not unpacked: 'xl/bomb\.xml' in it"):
        parse_bytes("a.xlsx", data.getvalue())


def test_a_table_leaves_nothing_behind_for_those_after_it() -> None:
    parse_bytes("a.csv", b"a,b\n")
    long = "x" * 200_000
    assert long in parse_bytes("b.csv", f"a,{long}\n".encode()).text
    assert next(csv.reader([f"a,{'x' * 100_000}"]))[0] == "a", "the limit of the process is as it was"


def test_an_opendocument_sheet_repeats_hides_and_parts_what_its_program_does() -> None:
    def row(*cells: str, more: str = "") -> str:
        return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"

    def cell(text: str, more: str = "") -> str:
        return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"

    comment = "<office:annotation><text:p>4711</text:p></office:annotation>"
    body = (
        '<table:table table:name="Fares"><table:table-column/><table:table-column table:visibility="collapse"/>'
        "<table:table-column/><table:shapes><draw:frame/><draw:frame/></table:shapes>"
        + row(cell("Port"), cell("secret"), cell("Fare"))
        + row(cell("Haldane", 'table:number-rows-spanned="2"'), cell("x"), cell("7<text:s/>500"))
        + row("<table:covered-table-cell/>", cell("x"), cell("8<text:line-break/>9"))
        + row(cell("Tolle"), cell("x"), f"<table:table-cell>{comment}<text:p>1</text:p></table:table-cell>",
              more='table:number-rows-repeated="2"')
        + row(cell("4711"), more='table:visibility="filter"')
        + row(cell("End"), cell("x"), cell("2"))
        + "</table:table>"
    )  # fmt: skip
    draft = parse_bytes("a.ods", odf_file("spreadsheet", body))
    rows = ("Port | Fare", "Haldane | 7 500", "Haldane | 8 9", "Tolle | 1", "Tolle | 1")
    assert draft.text == "Fares\n\n" + "\n".join(rows) + "\n\nEnd | 2"
    assert draft.notes == (
        "hidden in sheet 'Fares' and left out: 1 row and 1 column",
        "not read: 1 comment over the cells",
        "not read: 2 drawings over the cells",
    )


@pytest.mark.parametrize(
    ("csv", "headers"),
    [
        ("Port,2019,2020\nTolle,1200,2020\nHaldane,7,8\n", ("Port", "2019", "2020")),
        (",2020,2019\nTolle,12,15\n", ("", "2020", "2019")),
        ("Otto,1931,1999\nIda,1940,2001\n", ()),
        ("2019,2020\n12,15\n", ()),
        ("Rope,2019,12\nNet,2020,15\n", ()),
        ("Port,2019,2019\nTolle,12,15\n", ()),
    ],
)
def test_years_over_other_numbers_are_headers(csv: str, headers: tuple[str, ...]) -> None:
    (table,) = parse_bytes("a.csv", csv.encode()).outline.blocks
    assert (table.columns.headers if table.columns else ()) == headers

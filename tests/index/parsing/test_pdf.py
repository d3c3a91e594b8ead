from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from index.errors import MalformedFile, ScannedDocument
from index.parsing import parse_bytes
from index.parsing.content import Content, File
from index.parsing.pdf import pdf
from tests import strategies
from tests.samples import files, pdfs

Draw = Callable[[Canvas], None]

FULL = "The carrier shall deliver the goods within fourteen days"
MORE = "of the date on which they were handed over to the firm."
PROSE = (
    "The harbour office weighs each barrel twice, once on the quay and once in the store, and",
    "writes both weights into the book that lies open at the window for whoever wants to see",
    "what was landed, by whom, and on which day of the week the boat had left the island.",
)


def read(*pages: Draw, **settings: object) -> Content:
    """What is read from pages that are drawn, each by a function."""
    return pdf(File("a.pdf", drawn(*pages, **settings)))


def drawn(*pages: Draw, **settings: object) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, **settings)
    for page in pages:
        canvas.setFont("Times-Roman", 12)
        page(canvas)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def lines(*texts: str, left: float = 72, top: float = 700, size: float = 12, font: str = "Times-Roman") -> Draw:
    """Lines under one another."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont(font, size)
        for number, text in enumerate(texts):
            canvas.drawString(left, top - number * size * 1.2, text)

    return draw


def all_of(*parts: Draw) -> Draw:
    """What several functions draw, in this order."""

    def draw(canvas: Canvas) -> None:
        for part in parts:
            part(canvas)

    return draw


def with_marks(left: float, height: float, *pieces: str, size: float = 12, rise: float = 4.5, small: float = 7) -> Draw:
    """A line of pieces, each second one small and raised by ``rise``."""

    def draw(canvas: Canvas) -> None:
        text = canvas.beginText(left, height)
        for number, piece in enumerate(pieces):
            text.setFont("Times-Roman", small if number % 2 else size)
            text.setRise(rise if number % 2 else 0)
            text.textOut(piece)
        canvas.drawText(text)

    return draw


@pytest.mark.parametrize(
    ("texts", "text"),
    [
        ((FULL, "of the date on which they were handed over"), f"{FULL} of the date on which they were handed over"),
        ((FULL, "un-", "less delayed"), f"{FULL} unless delayed"),
        ((FULL, "by a well-", "known and well-known firm"), f"{FULL} by a well-known and well-known firm"),
        (
            (FULL, "with a mixed-", "mode of mixed goods, each mode"),
            f"{FULL} with a mixed-mode of mixed goods, each mode",
        ),
        ((FULL, "from 1990-", "2000 and Anglo-", "Saxon"), f"{FULL} from 1990-2000 and Anglo-Saxon"),
        ((FULL, "under docket FAA–2020–", "0686 of the office"), f"{FULL} under docket FAA–2020–0686 of the office"),
        ((FULL, "in its storm—", "proof boats and"), f"{FULL} in its storm—proof boats and"),
        ((FULL, "of arrival.", "Delay is paid for."), f"{FULL} of arrival.\n\nDelay is paid for."),
        ((FULL, "• one item", "• another"), f"{FULL}\n\n• one item\n• another"),
        ((f"{FULL}:", "1. tea", "2. milk"), f"{FULL}:\n\n1. tea\n2. milk"),
        ((FULL, "Amount: 5", "Date: 7"), f"{FULL} Amount: 5\n\nDate: 7"),
        (("Rope .......... 12.50", "Net ........... 7.00"), "Rope … 12.50\n\nNet … 7.00"),
    ],
)
def test_lines_become_paragraphs(texts: tuple[str, ...], text: str) -> None:
    assert read(lines(*texts)).text == text


def test_items_of_equal_length_are_each_one() -> None:
    page = all_of(
        lines("a. up to five metres", "b. up to eight metres", left=90), lines("2. Large boats", left=72, top=671.2)
    )
    assert read(page).text == "a. up to five metres\nb. up to eight metres\n2. Large boats"


def test_a_wider_gap_and_an_indented_line_begin_a_paragraph() -> None:
    assert read(all_of(lines(FULL, MORE), lines(FULL, MORE, top=650))).text == f"{FULL} {MORE}\n\n{FULL} {MORE}"
    begun = FULL.removesuffix(" days")
    indented = all_of(lines(FULL, FULL[:-1] + "."), lines(begun, left=96, top=671.2), lines(FULL, top=656.8))
    assert read(indented).text == f"{FULL} {FULL[:-1]}.\n\n{begun} {FULL}"


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (("It was signed in 1931", "1", " by the governor."), "It was signed in 1931¹ by the governor."),
        (("It was signed in 1931.", "12", " Then it"), "It was signed in 1931.¹² Then it"),
        (("some 10", "5", " fish and 10", "-3", " grams"), "some 10⁵ fish and 10⁻³ grams"),
        (("the law", "a", " of 2001", "b", " says"), "the lawᵃ of 2001ᵇ says"),
        (("the law", "*", " and the rule", "†", " say"), "the law* and the rule† say"),
        (("on the 1", "st", " and 22", "nd", " of May"), "on the 1st and 22nd of May"),
        (("he said so", "1,2", ", and went"), "he said so¹,², and went"),
        (("at 48", "1", "/2 cents a mile"), "at 48 1/2 cents a mile"),
        (("a flow of 5 m", "3", "/s"), "a flow of 5 m³/s"),
    ],
)
def test_raised_marks_are_no_part_of_words_and_numbers(pieces: tuple[str, ...], text: str) -> None:
    assert read(with_marks(72, 700, *pieces)).text == text


def test_a_mark_that_is_drawn_later_stands_where_it_is_seen() -> None:
    def marks(canvas: Canvas) -> None:
        canvas.setFont("Times-Roman", 7)
        for words, mark in (("It was signed in 1931", "1"), ("It was signed in 1931 by the governor", "2")):
            canvas.drawString(72 + canvas.stringWidth(words, "Times-Roman", 12), 704.5, mark)

    page = all_of(lines("It was signed in 1931 by the governor and by both", "mayors of the town."), marks)
    assert read(page).text == "It was signed in 1931¹ by the governor² and by both mayors of the town."


def test_a_lowered_number_is_apart_from_a_number_and_not_from_a_letter() -> None:
    assert read(with_marks(72, 700, "CO", "2", " and 10", "2", " and on", rise=-3)).text == "CO2 and 10₂ and on"


def test_one_number_over_another_is_a_fraction() -> None:
    def fraction(canvas: Canvas) -> None:
        end = 72 + canvas.stringWidth("mix ", "Times-Roman", 12)
        canvas.drawString(72, 700, "mix")
        canvas.drawString(end + 10, 700, "of a litre")
        canvas.setFont("Times-Roman", 7)
        canvas.drawString(end + 1, 704, "3")
        canvas.drawString(end, 697, "40")

    assert read(fraction).text == "mix 3/40 of a litre"


@pytest.mark.parametrize("high", [2, 3])
@pytest.mark.parametrize(
    ("letter", "rest", "gap", "text"),
    [
        ("T", "he valley was quiet in the morning,", 2, "The valley was quiet in the morning,"),
        ("“W", "e slept in the valley that morning,", 4, "“We slept in the valley that morning,"),
        ("A", " valley was quiet in the morning,", 2, "A valley was quiet in the morning,"),
        ("I", "n the valley it was quiet then,", 2, "In the valley it was quiet then,"),
    ],
)
def test_a_drop_capital_begins_the_word_beside_its_top(high: int, letter: str, rest: str, gap: int, text: str) -> None:
    size = (high - 1) * 14 / 0.7 + 12
    more = [rest, "when they came down from the hill", "with their baskets and their dogs", "to the boats."]

    def page(canvas: Canvas) -> None:
        canvas.setFont("Times-Roman", size)
        canvas.drawString(72, 700 - 14 * (high - 1), letter)
        canvas.setFont("Times-Roman", 12)
        beside = 72 + gap + stringWidth(letter, "Times-Roman", size)
        for number, line in enumerate(more):
            canvas.drawString(beside if number < high else 72, 700 - 14 * number, line)

    assert read(page).text == " ".join((text, *more[1:]))


def test_small_capitals_cut_nothing() -> None:
    def run_in(canvas: Canvas) -> None:
        text = canvas.beginText(72, 700)
        for words, size in (("F", 10), ("OR FURTHER INFORMATION", 8), (": ", 10), ("A", 10), ("SK", 8), (" Tom", 10)):
            text.setFont("Times-Roman", size)
            text.textOut(words)
        canvas.drawText(text)

    page = all_of(run_in, lines("Hollis, Keeper of Buoys, at the quay, or", "his clerk.", top=688, size=10))
    assert read(page).text == "FOR FURTHER INFORMATION: ASK Tom Hollis, Keeper of Buoys, at the quay, or his clerk."


COLUMNS = (
    (
        "The bath is open from six in the",
        "morning until nine, except on",
        "Mondays, when it is closed for",
        "cleaning.",
    ),
    ("Bathers must shower before they", "enter the pool. Lost keys cost", "twenty crowns and are paid at", "the desk."),
    (
        "Beginners are taught on Tuesdays",
        "in the small basin. A course has",
        "eleven lessons and costs ninety",
        "crowns.",
    ),
)
IN_COLUMNS = "\n\n".join(" ".join(column) for column in COLUMNS)


def column(number: int, *, top: float = 700) -> Draw:
    return lines(*COLUMNS[number], left=50 + 170 * number, top=top, size=10)


def row_by_row(canvas: Canvas) -> None:
    canvas.setFont("Times-Roman", 10)
    for number in range(4):
        for place, column in enumerate(COLUMNS):
            canvas.drawString(50 + 170 * place, 700 - 12 * number, column[number])


@pytest.mark.parametrize(
    "page",
    [
        all_of(column(0), column(1), column(2)),
        all_of(column(2), column(0), column(1)),
        row_by_row,
        all_of(column(0), column(1, top=696), column(2, top=692)),
    ],
    ids=["by columns", "in another order", "by rows", "on other lines"],
)
def test_columns_are_read_one_after_another_however_they_are_drawn(page: Draw) -> None:
    assert read(page).text == IN_COLUMNS


def test_lines_that_are_stretched_to_the_width_of_their_column_are_no_table() -> None:
    stretched = ("which is closed while it", "is so cleaned or is shut", "down, as bathers must be")

    def page(canvas: Canvas) -> None:
        canvas.setFont("Times-Roman", 10)
        for left in (60, 260):
            for number, line in enumerate([*COLUMNS[0][:3], *stretched, *COLUMNS[1][:3]]):
                words = line.split()
                widths = [stringWidth(word, "Times-Roman", 10) for word in words]
                space = (135 - sum(widths)) / (len(words) - 1)
                for place, word in enumerate(words):
                    canvas.drawString(left + sum(widths[:place]) + place * space, 700 - 12 * number, word)

    text = read(page).text
    assert "|" not in text
    assert text.count(" ".join(stretched)) == 2


def test_a_short_column_beside_a_long_one_is_a_column() -> None:
    page = all_of(lines(*COLUMNS[0], *COLUMNS[1], left=60, size=10), lines(*COLUMNS[2][:2], left=260, size=10))
    assert read(page).text.endswith("the desk.\n\nBeginners are taught on Tuesdays in the small basin. A course has")


def test_what_stands_across_columns_is_read_before_or_after_them() -> None:
    title = lines("Rules of the bath at the harbour, as they were set in the spring of the year", top=740)
    foot = lines("These rules hang at the door, and whoever breaks them leaves the bath for a day.", top=600)
    whole = all_of(row_by_row, foot, title)
    assert read(whole).text.split("\n\n")[1:-1] == IN_COLUMNS.split("\n\n")
    assert read(whole).text.startswith("Rules of the bath")
    assert read(whole).text.endswith("leaves the bath for a day.")


def test_a_large_heading_beside_a_line_of_another_column_is_none_of_it() -> None:
    left = [*COLUMNS[0], *COLUMNS[1]]
    widths = [stringWidth(line, "Times-Roman", 10) for line in left]
    edge, top = 60 + max(widths) + 10.8, 700 - 12 * widths.index(max(widths))
    right = all_of(
        lines("Lessons", left=edge, top=top, size=16, font="Times-Bold"),
        lines(*COLUMNS[2], left=edge, top=top - 24, size=10),
    )
    assert "Lessons" in read(all_of(lines(*left, left=60, size=10), right)).text.split("\n\n")


def test_sentences_go_on_over_columns_pages_and_what_is_between() -> None:
    note = lines("¹ See the ordinance of 4 May, which", "has more of it.", top=120, size=8)
    first = all_of(lines(*PROSE, FULL, "is an exam-"), note)
    second = lines("ple of what goes on. And then some more, as long as it takes to make a line.", *PROSE)
    text = read(first, second).text
    assert f"{FULL} is an example of what goes on." in text
    assert "¹ See the ordinance of 4 May, which has more of it." in text


def test_a_line_over_a_table_does_not_go_on_under_it() -> None:
    cells = [lines("Wanted:", "Berth:", top=680), lines("a large boat", "number 14", left=200, top=680)]
    text = read(all_of(lines("Application for a berth", top=720), *cells, lines("Remarks:", top=630))).text
    assert text == "Application for a berth\n\nWanted: a large boat\nBerth: number 14\n\nRemarks:"


TABLE = (
    ("Notice date", "Company", "Town", "Employees"),
    ("04/02/2019", "Orla Foundry", "Kirkvik", "61"),
    ("04/09/2019", "Quist Bakery", "Haldane", "7"),
    ("04/15/2019", "Reed Shipyard", "Kirkvik", "240"),
)
IN_ROWS = "\n".join(" | ".join(row) for row in TABLE)
_LEFT = (60, 140, 240, 320)


def cell(canvas: Canvas, row: int, place: int, *, from_right: bool = False) -> None:
    text = TABLE[row][place]
    if from_right and text.isdigit():
        canvas.drawRightString(_LEFT[place] + 40, 700 - 14 * row, text)
    else:
        canvas.drawString(_LEFT[place], 700 - 14 * row, text)


def by_rows(canvas: Canvas) -> None:
    canvas.setFont("Times-Roman", 9)
    for row in range(4):
        for place in range(4):
            cell(canvas, row, place, from_right=True)


def by_columns(canvas: Canvas) -> None:
    canvas.setFont("Times-Roman", 9)
    for place in range(4):
        for row in reversed(range(4)):
            cell(canvas, row, place)


def with_lines_between(canvas: Canvas) -> None:
    by_rows(canvas)
    for row in range(5):
        canvas.line(55, 710 - 14 * row, 370, 710 - 14 * row)


@pytest.mark.parametrize("page", [by_rows, by_columns, with_lines_between])
def test_tables_are_read_by_rows_however_they_are_drawn(page: Draw) -> None:
    text = read(all_of(lines(*PROSE, top=780, size=10), page, lines(*PROSE, top=600, size=10))).text
    assert text == f"{' '.join(PROSE)}\n\n{IN_ROWS}\n\n{' '.join(PROSE)}"


def test_cells_that_are_empty_keep_their_column_and_rows_that_are_close_keep_their_numbers() -> None:
    rows = (
        ("Ministry", "Plan", "Other", "Total"),
        ("Coal", "550.00", "", "600.00"),
        ("of Steel", "", "68.00", "68.00"),
    )

    def page(canvas: Canvas) -> None:
        for number, row in enumerate(rows):
            for place, text in enumerate(row):
                canvas.drawString(60 + 110 * place, 700 - 9.5 * number, text)

    assert read(page).text == "Ministry | Plan | Other | Total\nCoal | 550.00 |  | 600.00\nof Steel |  | 68.00 | 68.00"


def test_lines_around_rows_do_not_make_them_one_where_a_cell_is_empty() -> None:
    rows = [
        ("Item", "Quantity", "Price"),
        ("Rope, tarred", "2", "12.50"),
        ("Net", "", "8.00"),
        ("Lamp oil", "10", "7.00"),
    ]

    def page(canvas: Canvas) -> None:
        for number, row in enumerate([*rows, ("Total", "", "27.50")]):
            for place, text in enumerate(row):
                canvas.drawRightString(120 + 110 * place, 700 - 20 * number, text)
        for height in (634, 614):
            canvas.line(55, height, 400, height)

    assert read(page).text.splitlines()[2:4] == ["Net |  | 8.00", "Lamp oil | 10 | 7.00"]


def test_a_number_in_the_middle_of_a_row_is_no_marker_of_what_is_beside_it() -> None:
    rows = [
        ("Boat", "1931", "Remarks"),
        ("Elba", "13.1", "repaired"),
        ("Corsica", "9.9", "sold"),
        ("Genoa", "7.0", "new"),
    ]

    def page(canvas: Canvas) -> None:
        for number, row in enumerate(rows):
            for text, left in zip(row, (60, 120, 154), strict=True):
                canvas.drawString(left, 700 - 16 * number, text)

    assert read(page).text.splitlines() == [" | ".join(row) for row in rows]


def test_lines_above_the_first_rule_are_rows_where_they_stand_apart() -> None:
    def page(canvas: Canvas) -> None:
        canvas.setFont("Times-Roman", 10)
        heads = [("Otto Prell", "No. 4711", 40), ("Item", "Price", 0), ("Rope", "12.50", -20), ("Net", "7.00", -40)]
        for left, right, height in [*heads, ("Lamp", "", -60), ("oil", "9.00", -72)]:
            canvas.drawString(60, 700 + height, left)
            canvas.drawRightString(300, 700 + height, right)
        for height in (-6, -26, -46):
            canvas.line(55, 700 + height, 310, 700 + height)

    assert read(page).text.splitlines() == [
        *("Otto Prell | No. 4711", "Item | Price", "Rope | 12.50", "Net | 7.00", "Lamp oil | 9.00")
    ]


def test_stretched_lines_of_a_cell_are_no_cells() -> None:
    words = ["of", "old", "oak", "that"]
    widths = [stringWidth(word, "Times-Roman", 12) for word in words]
    space = (stringWidth("Remarks on the parts", "Times-Roman", 12) - sum(widths)) / (len(words) - 1)

    def stretched(canvas: Canvas) -> None:
        for number, word in enumerate(words):
            canvas.drawString(200 + sum(widths[:number]) + number * space, 660, word)

    right = [lines(text, left=200, top=top) for text, top in (("Remarks on the parts", 700), ("is tarred", 646))]
    names = [lines(text, left=60, top=top) for text, top in (("Part", 700), ("Hull", 660), ("Mast", 610))]
    text = read(all_of(*names, *right, stretched, lines("of spruce", left=200, top=610))).text
    assert text.splitlines()[1:] == ["Hull | of old oak that is tarred", "Mast | of spruce"]


def test_lines_of_one_cell_are_put_together() -> None:
    def page(canvas: Canvas) -> None:
        for number, (name, *what) in enumerate(
            [
                ("Amelia Farrow", "Governor of the island"),
                ("Tom Hollis", "Keeper of buoys and", "fog horns"),
                ("Orla", "Clerk"),
            ]
        ):
            canvas.drawString(60, 700 - 40 * number, name)
            for place, text in enumerate(what):
                canvas.drawString(200, 700 - 40 * number - 14 * place, text)

    assert read(page).text.splitlines()[1] == "Tom Hollis | Keeper of buoys and fog horns"


def test_cells_that_stand_beside_the_middle_of_others_are_in_their_row() -> None:
    def page(canvas: Canvas) -> None:
        canvas.setFont("Times-Roman", 10)
        for number, (name, *what) in enumerate(
            [("Rope", "A rope of hemp, tarred at", "both ends"), ("Net", "A net"), ("Buoy", "A buoy")]
        ):
            middle = 700 - 30 * number - 6 * (len(what) - 1)
            canvas.drawString(60, middle, name)
            canvas.drawString(300, middle, f"{number + 1}2.50")
            for place, text in enumerate(what):
                canvas.drawString(140, 700 - 30 * number - 12 * place, text)

    assert read(page).text.splitlines() == [
        "Rope | A rope of hemp, tarred at both ends | 12.50",
        "Net | A net | 22.50",
        "Buoy | A buoy | 32.50",
    ]


def test_a_column_of_prose_beside_a_table_is_none_of_its_cells() -> None:
    prose = lines(*(line[:40] for line in PROSE for _ in range(3)), left=50, size=10)
    numbers = [lines("1997", "1998", "1999", "2000", "2001", "2002", left=300, size=10)]
    numbers.append(lines("106", "109", "110", "112", "116", "120", left=360, size=10))
    text = read(all_of(prose, *numbers)).text
    assert "1997 | 106\n1998 | 109\n" in text
    assert "|" not in text.partition("1997")[0]


def test_prose_in_cells_with_lines_drawn_between_stays_in_its_row() -> None:
    left = ("The bath was open from six in the", "morning until nine at night, with", "a break at noon.")
    right = ("The bath is open from eight in the", "morning until ten at night, with", "no break at all.")

    def page(canvas: Canvas) -> None:
        canvas.setFont("Times-Roman", 10)
        for row in range(3):
            for number in range(3):
                canvas.drawString(60, 700 - 50 * row - 12 * number, left[number])
                canvas.drawString(300, 700 - 50 * row - 12 * number, right[number])
            canvas.line(55, 714 - 50 * row, 500, 714 - 50 * row)
        canvas.line(55, 714 - 150, 500, 714 - 150)

    assert read(page).text.splitlines() == [f"{' '.join(left)} | {' '.join(right)}"] * 3


def running(number: int) -> Draw:
    return all_of(
        lines("Contract 4711", top=810, size=10),
        lines(*PROSE, f"{FULL} no {number}", "and so on,"),
        lines(f"Page {number} of 4", top=30, size=10),
    )


def test_running_heads_stand_once_and_page_numbers_nowhere() -> None:
    text = read(*(running(number) for number in range(1, 5))).text
    assert text.count("Contract 4711") == 1
    assert "Page" not in text
    assert all(f"no {number} and so on," in text for number in range(1, 5))


def test_heads_with_page_numbers_and_of_chapters_run_as_well() -> None:
    def page(number: int) -> Draw:
        head = f"{number} THE FREE ISLAND" if number % 2 == 0 else f"{'HERRING' if number < 8 else 'COD'} {number}"
        return all_of(lines(head, top=810, size=9), lines(*PROSE, f"{FULL} no {number}."))

    text = read(*map(page, range(2, 15))).text
    assert [text.count(head) for head in ("THE FREE ISLAND", "HERRING", "COD")] == [1, 1, 1]
    assert [line for line in text.splitlines() if line.isdigit()] == []


@pytest.mark.parametrize("foot", ["Total due: {} euros", "Invoice {}", "{}"])
def test_a_last_line_that_differs_from_page_to_page_stays(foot: str) -> None:
    pages = [all_of(lines(*PROSE), lines(foot.format(amount), top=40)) for amount in (368, 1_204, 99, 5_610)]
    text = read(*pages).text
    assert all(foot.format(amount) in text for amount in (368, 1_204, 99, 5_610))


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


@pytest.mark.parametrize(
    ("headings", "font"),
    [
        (("1 Where they stand", "2 What was seen", "2.1 In winter"), "Times-Bold"),
        (("Where they stand", "What was seen?", "In winter"), "Times-Bold"),
        (("1 Where they stand", "2 What was seen", "2.1 In winter"), "Times-Roman"),
        (("Article 1 Scope", "Article 2 Payment", "Article 3 Delay"), "Times-Roman"),
    ],
)
def test_bold_and_numbered_lines_of_the_size_of_the_text_are_headings(headings: Sequence[str], font: str) -> None:
    parts = [
        part
        for number, heading in enumerate(headings)
        for part in (lines(heading, top=740 - 100 * number, font=font), lines(*PROSE, top=720 - 100 * number))
    ]
    found = read(all_of(*parts)).outline.headings
    assert [heading.text for heading in found] == list(headings)
    assert len({heading.level for heading in found if "." not in heading.text}) == 1
    assert all(heading.level == found[0].level + 1 for heading in found if "." in heading.text)


def test_items_and_short_lines_are_no_headings() -> None:
    page = lines(*PROSE, "1. Tea", "2. Milk", "3. Sugar and all that goes with it on Sundays", FULL, MORE)
    assert read(page).outline.headings == ()


def test_bookmarks_are_headings_where_their_words_stand() -> None:
    pages = [
        [(72.0, 700.0, "Before."), (72.0, 600.0, "terms  of Payment"), (72.0, 580.0, "After.")],
        [(72.0, 700.0, "Last.")],
    ]
    draft = parse_bytes("a.pdf", files.pdf_of_lines(pages, bookmarks={0: ["Terms of payment"], 1: ["Annex"]}))
    where = {words: draft.outline.location(draft.text.index(words)) for words in ("Before", "After", "Last")}
    assert [location.heading for location in where.values()] == [None, "Terms of payment", "Annex"]
    assert [location.page for location in where.values()] == [1, 1, 2]
    words = " ".join(draft.text[block.start : block.end] for block in draft.outline.blocks)
    assert words.split() == draft.text.split(), "the blocks stay, whatever the headings come from"


def slanted(canvas: Canvas) -> None:
    canvas.saveState()
    canvas.translate(200, 300)
    canvas.rotate(45)
    canvas.setFont("Helvetica-Bold", 70)
    canvas.setFillGray(0.85)
    canvas.drawString(0, 0, "DRAFT")
    canvas.restoreState()


def behind(canvas: Canvas) -> None:
    canvas.setFont("Helvetica-Bold", 70)
    canvas.setFillGray(0.85)
    canvas.drawString(100, 690, "DRAFT")
    canvas.setFillGray(0)


@pytest.mark.parametrize("mark", [slanted, behind])
def test_a_watermark_is_no_title_and_cuts_nothing(mark: Draw) -> None:
    first = all_of(mark, lines("Rules", top=760, size=18), lines(*PROSE), mark)
    content = read(first, *[all_of(mark, lines(*PROSE), mark)] * 2)
    assert content.title == "Rules"
    assert {heading.text for heading in content.outline.headings} == {"Rules"}
    assert content.text.count(" ".join(PROSE)) == 3
    assert content.text.count("DRAFT") == 1


def unseen(canvas: Canvas) -> None:
    text = canvas.beginText(72, 500)
    text.setTextRenderMode(3)
    text.textOut("invisible")
    canvas.drawText(text)


def white(canvas: Canvas) -> None:
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(72, 480, "white")


@pytest.mark.parametrize(
    "draw",
    [unseen, white, lines("outside", left=700), lines("below", top=-40)],
    ids=["mode", "white", "right", "below"],
)
def test_text_that_no_reader_sees_is_left_out_and_said(draw: Draw) -> None:
    content = read(lines(*PROSE), all_of(lines(*PROSE), draw))
    assert content.text == "\n\n".join([" ".join(PROSE)] * 2)
    [note] = content.notes
    assert "on page 2 that no reader sees were left out" in note


def test_white_text_on_a_dark_ground_and_the_text_under_a_scan_are_seen() -> None:
    def on_ground(canvas: Canvas) -> None:
        canvas.rect(60, 470, 200, 30, fill=1)
        white(canvas)

    assert "white" in read(all_of(lines(*PROSE), on_ground)).text

    def scanned(canvas: Canvas) -> None:
        canvas.drawImage(pdfs.picture(), 0, 0, *A4)
        unseen(canvas)

    content = read(scanned)
    assert content.text == "invisible"


def test_pages_that_are_pictures_are_named() -> None:
    def picture(canvas: Canvas) -> None:
        canvas.drawImage(pdfs.picture(), 0, 0, *A4)

    content = read(lines(*PROSE), picture, lines(*PROSE), picture, picture)
    assert content.notes == (
        "pages 2, 4 and 5 are pictures whose text was not read: run text recognition (OCR) over the file first",
    )
    assert len(content.outline.pages) == 5
    with pytest.raises(ScannedDocument):
        read(picture, picture)


def test_fonts_that_do_not_say_which_characters_they_are_are_said_or_refused() -> None:
    nonsense = ("The carrier shall deliver the goods", "within fourteen days of the 3rd of May.")
    with pytest.raises(MalformedFile, match=r"fonts do not say which characters they are: run text recognition"):
        pdf(File("a.pdf", pdfs.without_characters(nonsense)))
    content = pdf(File("a.pdf", pdfs.without_characters(nonsense, plain="It can be read.")))
    assert content.text == "It can be read."
    assert [note for note in content.notes if "characters on page 1 were left out, as their fonts do not say" in note]


def form(canvas: Canvas) -> None:
    canvas.drawString(72, 700, "Family name:")
    canvas.acroForm.textfield(name="name", value="Brandvold", x=150, y=694, width=200, height=20, relative=True)
    canvas.drawString(72, 660, "Plot wanted:")
    canvas.acroForm.textfield(name="plot", value="North field, number 27", x=150, y=654, width=200, height=20)
    canvas.drawString(72, 620, "Member")
    canvas.acroForm.checkbox(name="member", checked=True, x=150, y=616, size=14)
    canvas.drawString(72, 590, "Retired")
    canvas.acroForm.checkbox(name="retired", checked=False, x=150, y=586, size=14)


def test_letters_of_formulas_are_letters() -> None:
    assert pdf(File("a.pdf", pdfs.with_letters_of_formulas("E = mc = 5ab"))).text == "E = mc = 5ab"


def test_what_was_filled_into_a_form_stands_where_it_is_seen() -> None:
    text = " ".join(read(form).text.replace("|", " ").split())
    assert "Family name: Brandvold" in text
    assert "Plot wanted: North field, number 27" in text
    member, retired = text[text.index("Member") :].split("Retired")
    assert len(member.split()) == 2, "its tick"
    assert retired == ""


def test_notes_that_were_written_on_a_page_and_values_without_looks_are_read() -> None:
    content = pdf(File("a.pdf", pdfs.with_notes()))
    text = " ".join(content.text.split())
    assert "Rent: 1,250 euros" in text
    assert "Not valid after May" in text
    assert "hidden" not in text


def test_values_that_only_the_xml_of_a_form_has_are_read() -> None:
    content = pdf(File("a.pdf", pdfs.with_xfa()))
    assert content.text == "Application\n\nFamilyName: Brandvold\n\nPlot: North field"


def test_headings_are_those_that_a_tagged_file_says() -> None:
    content = pdf(File("a.pdf", pdfs.with_tags([("H1", "Rules"), ("P", FULL), ("H2", "Delay"), ("P", FULL)])))
    assert [(heading.level, heading.text) for heading in content.outline.headings] == [(1, "Rules"), (2, "Delay")]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_pages_and_turned_text_are_read(turn: int) -> None:
    def turned(canvas: Canvas) -> None:
        canvas.setPageRotation(turn)
        lines(*PROSE, top=500)(canvas)

    def turned_text(canvas: Canvas) -> None:
        canvas.translate(A4[0] / 2, A4[1] / 2)
        canvas.rotate(turn)
        lines(*PROSE, left=-200, top=100, size=9)(canvas)

    assert read(turned).text == " ".join(PROSE)
    assert read(turned_text).text == " ".join(PROSE)


# what is as long as this is all on the page
_lines = strategies.words.map(lambda line: line[:60].strip()).filter(bool)


@given(st.lists(st.lists(_lines, max_size=6), min_size=1, max_size=5))
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


_pieces = st.tuples(st.integers(0, 40), st.sampled_from([6, 9, 12, 20]), st.text("abcdxyz", min_size=1, max_size=12))


@given(st.lists(st.lists(st.lists(_pieces, max_size=3), max_size=8), min_size=1, max_size=3))
@example(  # columns that overlap each other
    [
        [
            [(0, 6, "a"), (0, 6, "a"), (0, 6, "a")],
            [(9, 6, "a"), (0, 6, "a"), (0, 6, "a")],
            [(6, 6, "a")],
            [(3, 6, "a"), (0, 6, "a")],
        ]
    ]
)
@settings(max_examples=60, deadline=None)
def test_wherever_words_stand_none_is_lost(pages: list[list[list[tuple[int, int, str]]]]) -> None:
    def page(rows: list[list[tuple[int, int, str]]]) -> Draw:
        return all_of(
            *(
                lines(text, left=30 + 180 * place + shift, top=700 - 25 * height, size=size)
                for height, row in enumerate(rows)
                for place, (shift, size, text) in enumerate(row)
            )
        )

    content = read(*map(page, pages), lines("The end."))
    letters = "".join(text for rows in pages for row in rows for _, _, text in row) + "Theend"
    assert sorted(filter(str.isalpha, unicodedata.normalize("NFKC", content.text))) == sorted(letters)
    assert len(content.outline.pages) == len(pages) + 1
    assert list(content.outline.pages) == sorted(content.outline.pages)


def test_threads_may_parse_at_once() -> None:
    data = files.pdf_of([[("BodyText", "Goods are due. " * 50)]] * 5)
    with ThreadPoolExecutor(4) as pool:
        drafts = list(pool.map(lambda _: parse_bytes("a.pdf", data), range(8)))
    assert {draft.sha256 for draft in drafts} == {drafts[0].sha256}

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from docx import Document
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls

from index.errors import MalformedFile, UnsafeArchive
from index.parsing import parse_bytes
from index.parsing.content import File
from index.parsing.office.docx import docx
from tests.samples import files

W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def word_file(body: str, **parts: str) -> bytes:
    """A .docx of XML: the inside of its body, and of other parts, "numbering" and so on, with their elements."""
    relations = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{name.rstrip("0123456789")}" Target="{name}.xml"/>'
        for name in parts
    )
    document = f'<Relationship Id="d" Type="{RELATIONS}/officeDocument" Target="word/document.xml"/>'
    roots = {"header": "hdr", "footer": "ftr"}
    made = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{document}</Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>',
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
    }
    for name, inside in parts.items():
        kind = name.rstrip("0123456789")
        root = roots.get(kind, kind)
        made[f"word/{name}.xml"] = f"<w:{root} {W}>{inside}</w:{root}>"
    return files.zip_of({name: text.encode() for name, text in made.items()})


def text_of(body: str, **parts: str) -> str:
    return parse_bytes("a.docx", word_file(body, **parts)).text


def p(*runs: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def r(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def row(*cells: str, properties: str = "") -> str:
    made = "".join(cell if cell.startswith("<w:tc>") else f"<w:tc>{p(r(cell))}</w:tc>" for cell in cells)
    return f"<w:tr>{properties}{made}</w:tr>"


def item(text: str, level: int = 0, key: str = "1") -> str:
    return p(r(text), properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{key}"/></w:numPr>')


def numbering(*levels: tuple[str, str], more: str = "", lists: str = "") -> str:
    """Part "numbering" of a list whose levels have (numerals, form), with other elements in each level."""
    made = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{numerals}"/>{more}'
        f'<w:lvlText w:val="{form}"/></w:lvl>'
        for n, (numerals, form) in enumerate(levels)
    )
    lists = lists or '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    return f'<w:abstractNum w:abstractNumId="0">{made}</w:abstractNum>{lists}'


def field(code: str, result: str = "", data: str = "") -> str:
    return (
        f'<w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r><w:r><w:instrText> {code} </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{r(result)}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def saved(document: WordDocument) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def test_paragraphs_headings_lists_and_tables_stand_in_their_order() -> None:
    data = files.docx_of(
        [
            ("Title", "Contract"),
            ("Heading 1", "Terms of\tpayment"),
            ("Normal", "Pay  within\n30 days."),
            ("List Bullet", "in euros"),
            ("Normal", " "),
            ("Heading 2", "Delay"),
        ],
        table=[["Days", "Interest"], ["30", "2 %"], ["", ""]],
    )
    draft = parse_bytes("a.docx", data)
    assert draft.text == (
        "Contract\n\nTerms of payment\n\nPay within\n30 days.\n\n• in euros\n\nDelay\n\nDays | Interest\n30 | 2 %"
    )
    assert draft.title == "Contract"
    assert [(h.level, h.text) for h in draft.outline.headings] == [
        (1, "Contract"),
        (1, "Terms of payment"),
        (2, "Delay"),
    ]
    assert draft.outline.location(draft.text.index("2 %")).heading == "Delay"


def test_a_style_made_from_a_heading_is_a_heading() -> None:
    document = Document()
    style = document.styles.add_style("Clause", WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Heading 3"]
    document.add_paragraph("1.2 Warranty", style)
    document.add_paragraph("Two years.")
    (heading,) = parse_bytes("a.docx", saved(document)).outline.headings
    assert (heading.level, heading.text) == (3, "1.2 Warranty")


def test_what_was_deleted_is_gone_and_what_was_put_in_is_there() -> None:
    document = Document()
    paragraph = document.add_paragraph("The buyer pays ")
    for tag, content in (("w:del", "<w:delText>ten</w:delText>"), ("w:ins", "<w:t>twenty</w:t>")):
        change = OxmlElement(tag)
        change.append(parse_xml(f"<w:r {nsdecls('w')}>{content}</w:r>"))
        paragraph._p.append(change)
    paragraph.add_run(" euros.")
    assert parse_bytes("a.docx", saved(document)).text == "The buyer pays twenty euros."


def test_text_in_form_fields_and_boxes_is_read() -> None:
    document = Document()
    field = parse_xml(
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>In a field.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    document.element.body.insert(0, field)
    document.add_paragraph("After it.")
    assert parse_bytes("a.docx", saved(document)).text == "In a field.\n\nAfter it."


def test_a_table_in_a_table_is_read_once() -> None:
    document = Document()
    outer = document.add_table(1, 2)
    outer.cell(0, 0).text = "outer"
    inner = outer.cell(0, 1).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "inner", "twice"
    assert parse_bytes("a.docx", saved(document)).text == "outer\n\ninner | twice"


def test_the_rows_around_a_table_in_a_cell_stay_rows() -> None:
    def around(inner: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:tbl>{inner}</w:tbl>{p()}</w:tc>"

    sizes = around(row("small", "1 €") + row("large", "", "cold"))
    plain = f"{row('Milk', '3 €')}{row('Juice', '4 €')}"
    tea = f"<w:tr><w:tc>{p(r('Tea'))}</w:tc>{sizes}</w:tr>"
    assert text_of(f"<w:tbl>{plain}{tea}</w:tbl>") == "Milk | 3 €\nJuice | 4 €\nTea | small, 1 €; large, , cold"
    # alone in its row it stands for itself, and what is only laid out by a table is no row
    alone = around(row("A", "B") + row("1", "2"), '<w:gridSpan w:val="2"/>')
    assert text_of(f"<w:tbl>{plain}<w:tr>{alone}</w:tr></w:tbl>") == "Milk | 3 €\nJuice | 4 €\n\nA | B\n1 | 2"
    assert text_of(f"<w:tbl>{tea}</w:tbl>") == "Tea\n\nsmall | 1 €\nlarge |  | cold"


def test_a_document_that_unpacks_to_too_much_is_not_unpacked() -> None:
    data = files.docx_of([("Normal", "x")])
    bomb = io.BytesIO(data)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/a.bin", b"\0" * 5_000_000)
    with pytest.raises(UnsafeArchive, match=r"'a\.docx' is not unpacked: 'word/media/a\.bin' in it"):
        parse_bytes("a.docx", bomb.getvalue())
    with pytest.raises(UnsafeArchive, match=r"would unpack to more than 4,000,000 bytes"):
        parse_bytes("a.docx", bomb.getvalue(), max_bytes=1_000_000)


def test_outside_entities_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret")
    source = zipfile.ZipFile(io.BytesIO(files.docx_of([("Normal", "placeholder")])))
    parts = {name: source.read(name) for name in source.namelist()}
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'.encode()
    xml = parts["word/document.xml"].replace(b"placeholder", b"before &e; after")
    parts["word/document.xml"] = xml.replace(b"<w:document", entity + b"<w:document", 1)
    text = parse_bytes("a.docx", files.zip_of(parts)).text
    assert text.startswith("before")
    assert "secret" not in text


@pytest.mark.parametrize(
    ("levels", "items", "shown"),
    [
        (
            [("decimal", "Article %1."), ("decimal", "%1.%2")],
            [("Rent", 0), ("Due", 1), ("Late", 1), ("Pets", 0), ("Cats", 1)],
            ["Article 1. Rent", "1.1 Due", "1.2 Late", "Article 2. Pets", "2.1 Cats"],
        ),
        ([("upperRoman", "%1."), ("lowerLetter", "(%2)")], [("a", 0), ("b", 1), ("c", 1)], ["I. a", "(a) b", "(b) c"]),
        ([("decimalZero", "%1"), ("ordinal", "%2")], [("a", 0), ("b", 1)], ["01 a", "1st b"]),
        ([("ordinalText", "%1 part"), ("bullet", "\uf0b7")], [("a", 0), ("b", 1)], ["First part a", "• b"]),
        # a level that has not begun yet is shown with its start
        (
            [("decimal", "%1."), ("decimal", "%1.%2"), ("decimal", "%1.%2.%3")],
            [("a", 2), ("b", 2)],
            ["1.1.1 a", "1.1.2 b"],
        ),
        ([("none", ""), ("bullet", "-")], [("a", 0), ("b", 1)], ["a", "", "- b"]),
    ],
    ids=["clauses", "letters", "zeros", "words", "deep", "none"],
)
def test_the_numbers_that_word_sets_are_in_the_text(
    levels: list[tuple[str, str]], items: list[tuple[str, int]], shown: list[str]
) -> None:
    body = "".join(item(text, level) for text, level in items)
    assert text_of(body, numbering=numbering(*levels)).split("\n") == shown


def test_headings_are_numbered_by_their_style() -> None:
    heading = '<w:style w:type="paragraph" w:styleId="H{n}"><w:name w:val="heading {n}"/><w:pPr><w:numPr>{lvl}'
    heading += '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    styles = heading.format(n=1, lvl="") + heading.format(n=2, lvl='<w:ilvl w:val="1"/>')
    body = "".join(
        p(r(text), properties=f'<w:pStyle w:val="{style}"/>')
        for text, style in [("Scope", "H1"), ("Goods", "H2"), ("Services", "H2"), ("Price", "H1"), ("Tax", "H2")]
    )
    draft = parse_bytes(
        "a.docx", word_file(body, styles=styles, numbering=numbering(("decimal", "%1"), ("decimal", "%1.%2")))
    )
    found = [(heading.level, heading.text) for heading in draft.outline.headings]
    assert found == [(1, "1 Scope"), (2, "1.1 Goods"), (2, "1.2 Services"), (1, "2 Price"), (2, "2.1 Tax")]


def test_lists_go_on_or_begin_anew_as_they_do_in_word() -> None:
    lists = "".join(f'<w:num w:numId="{n}"><w:abstractNumId w:val="0"/>{more}</w:num>' for n, more in [
        (1, ""), (2, ""), (3, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'),
    ])  # fmt: skip
    body = (
        item("a") + item("b", key="2") + p(r("between")) + item("c", key="3") + item("d", key="3") + item("e", key="0")
    )
    text = text_of(body, numbering=numbering(("decimal", "%1."), lists=lists))
    assert text == "1. a\n2. b\n\nbetween\n\n5. c\n6. d\n\ne"


def test_a_level_may_go_on_over_higher_ones_and_write_decimals_only() -> None:
    more = '<w:lvlRestart w:val="0"/><w:isLgl/>'
    body = item("a") + item("b", 1) + item("c") + item("d", 1)
    text = text_of(body, numbering=numbering(("upperRoman", "%1"), ("decimal", "%1.%2"), more=more))
    assert text.split("\n") == ["1 a", "1.1 b", "2 c", "2.2 d"]


HIDDEN_STYLES = (
    '<w:style w:type="character" w:styleId="C"><w:name w:val="C"/><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="P0"><w:name w:val="P0"/><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="P"><w:name w:val="P"/><w:basedOn w:val="P0"/></w:style>'
)


@pytest.mark.parametrize(
    "hidden",
    [
        p(r("Code 4711.", "<w:vanish/>")),
        p(r("Code 4711.", '<w:rStyle w:val="C"/>')),
        p(r("Code 4711."), properties='<w:pStyle w:val="P"/>'),
        f"<w:tbl>{row('Code 4711', properties='<w:trPr><w:hidden/></w:trPr>')}{row('seen')}</w:tbl>",
        p(field('XE "4711"')),
        p("<w:del><w:r><w:delText>4711</w:delText></w:r></w:del>"),
        p(f"<w:moveFrom>{r('4711')}</w:moveFrom>"),
        p(r("4711", "<w:strike/>")),
        p(r("4711", "<w:dstrike/>")),
        f"<w:tbl>{row('4711', properties='<w:trPr><w:del/></w:trPr>')}{row('seen')}</w:tbl>",
    ],
)
def test_what_word_does_not_show_is_not_read(hidden: str) -> None:
    text = text_of(p(r("Opens at eight."), r(" Always.", '<w:vanish w:val="0"/>')) + hidden, styles=HIDDEN_STYLES)
    assert text.startswith("Opens at eight. Always.")
    assert "4711" not in text


def test_a_deleted_end_of_a_paragraph_joins_it_with_the_next() -> None:
    first = p(r("First half "), properties="<w:rPr><w:del/></w:rPr>")
    assert text_of(first + p(r("second half.")) + p(f"<w:ins>{r('New.')}</w:ins>")) == "First half second half.\n\nNew."


UP, DOWN = (f'<w:vertAlign w:val="{way}script"/>' for way in ("super", "sub"))
FRACTION = "<m:f><m:num><m:r><m:t>{}</m:t></m:r></m:num><m:den><m:r><m:t>{}</m:t></m:r></m:den></m:f>"
POWER = "<m:sSup><m:e><m:r><m:t>{}</m:t></m:r></m:e><m:sup><m:r><m:t>{}</m:t></m:r></m:sup></m:sSup>"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f"<m:oMath>{FRACTION.format(3, 40)}</m:oMath>", "It is 3/40."),
        (f"<m:oMath><m:r><m:t>2</m:t></m:r>{FRACTION.format(1, 2)}</m:oMath>", "It is 2 1/2."),
        (f"{r('2')}<m:oMath>{FRACTION.format(1, 2)}</m:oMath>", "It is 2 1/2."),
        (f"<m:oMath>{FRACTION.format('a+b', 2)}</m:oMath>", "It is (a + b)/2."),
        (f"<m:oMath>{POWER.format(12, 2)}</m:oMath>", "It is 12²."),
        (f"<m:oMath>{POWER.format(10, '-6')}</m:oMath>", "It is 10⁻⁶."),
        (f"<m:oMath>{POWER.format('x', 'a')}</m:oMath>", "It is x^a."),
        (r("10") + r("5", '<w:vertAlign w:val="superscript"/>'), "It is 10⁵."),
        (r("H") + r("2", '<w:vertAlign w:val="subscript"/>') + r("O"), "It is H₂O."),
        (r("the 1") + r("st", '<w:vertAlign w:val="superscript"/>'), "It is the 1st."),
        (
            f"{r('3', UP)}{r('/')}{r('40', DOWN)}{r(' or 1')}{r('1', UP)}{r('⁄')}{r('2', DOWN)}",
            "It is 3/40 or 1 1/2.",
        ),
        (r("said") + r("2,3", UP), "It is said²,³."),
    ],
)
def test_raised_characters_and_fractions_never_make_another_number(content: str, text: str) -> None:
    assert text_of(p(r("It is "), content, r("."))) == text


def test_a_style_may_raise_or_strike_characters() -> None:
    base = '<w:style w:type="character" w:styleId="{}">{}<w:rPr>{}</w:rPr></w:style>'
    styles = (
        base.format("Up", "", '<w:vertAlign w:val="superscript"/>')
        + base.format("Mark", '<w:basedOn w:val="Up"/>', "<w:b/>")
        + base.format("Gone", "", "<w:strike/>")
    )
    runs = (r("10"), r("5", '<w:rStyle w:val="Mark"/>'), r(" boats"), r(" 4711", '<w:rStyle w:val="Gone"/>'))
    assert text_of(p(*runs), styles=styles) == "10⁵ boats"


def note(kind: str, key: int, text: str) -> str:
    return f'<w:{kind} w:id="{key}">{p(r(text))}</w:{kind}>'


def test_notes_stand_after_their_paragraph_with_their_marks() -> None:
    body = p(
        r("Deep"), '<w:r><w:footnoteReference w:id="7"/></w:r>', r(", old"), '<w:r><w:endnoteReference w:id="7"/></w:r>'
    ) + p(r("Far"), '<w:r><w:footnoteReference w:id="8" w:customMarkFollows="1"/><w:t>*</w:t></w:r>', r("."))
    text = text_of(
        body + p(r("End.")),
        footnotes=note("footnote", 7, "By Tolle.") + note("footnote", 8, "In miles."),
        endnotes=note("endnote", 7, "In Haldane."),
    )
    assert text == "Deep¹, old[i]\n\n¹ By Tolle.\n\n[i] In Haldane.\n\nFar*.\n\n* In miles.\n\nEnd."


def test_cells_keep_their_places_and_merged_ones_stand_in_each_row() -> None:
    merged = '<w:tc><w:tcPr><w:vMerge w:val="{}"/></w:tcPr>{}</w:tc>'
    wide = f'<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{p(r("Total"))}</w:tc>'
    table = (
        row("", "Child", "Adult")
        + row(merged.format("restart", p(r("North"))), "3", "7")
        + row(merged.format("continue", p()), "4", "8")
        + row(wide, "22")
        + row("x", properties='<w:trPr><w:gridBefore w:val="1"/></w:trPr>')
    )
    shown = " | Child | Adult\nNorth | 3 | 7\nNorth | 4 | 8\nTotal |  | 22\n | x"
    assert text_of(p(r("Fares")) + f"<w:tbl>{table}</w:tbl>") == f"Fares\n\n{shown}"


@pytest.mark.parametrize(
    ("cells", "rows"),
    [
        (["Music/Hall", "210/480", "190/505"], ["Music | 210 | 190", "Hall | 480 | 505"]),
        (["Music/Hall/Tea", "210//12", "190/505/"], ["Music | 210 | 190", "Hall |  | 505", "Tea | 12"]),
        (["1990", "Music/Hall", "210/480/"], ["1990 | Music | 210", "1990 | Hall | 480"]),
        (["Otto", "Quay 3/Haldane", "Monday/Friday"], ["Otto | Quay 3 Haldane | Monday Friday"]),
    ],
)
def test_lines_within_cells_are_rows_where_they_match(cells: list[str], rows: list[str]) -> None:
    made = (f"<w:tc>{''.join(p(r(line)) for line in cell.split('/'))}</w:tc>" for cell in cells)
    assert text_of(f"<w:tbl>{row('', '2011', '2012')}{row(*made)}</w:tbl>").split("\n")[1:] == rows


def test_cells_are_numbered_though_nothing_else_is_in_them() -> None:
    rows = "".join(row(f"<w:tc>{item('')}</w:tc>", text) for text in ("Tea", "Milk"))
    table = f"<w:tbl>{row('No.', 'Item')}{rows}</w:tbl>"
    assert text_of(table, numbering=numbering(("decimal", "%1."))) == "No. | Item\n1. | Tea\n2. | Milk"


def test_rows_that_are_longer_than_the_first_keep_their_cells() -> None:
    assert text_of(f"<w:tbl>{row('Tea', '2')}{row('Milk', '1', 'fresh')}</w:tbl>") == "Tea | 2\nMilk | 1 | fresh"
    wide = f'<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{p(r("Prices"))}</w:tc>'
    for grid in ("", "<w:tblGrid><w:gridCol/></w:tblGrid>"):
        assert text_of(f"<w:tbl>{grid}<w:tr>{wide}</w:tr>{row('Tea', '2')}</w:tbl>") == "Prices\nTea | 2"


BOX = "<w:txbxContent>{}</w:txbxContent>"


@pytest.mark.parametrize(
    "drawing",
    [
        f"<mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx>{BOX}</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{BOX}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent>",
        f"<w:pict><v:shape><v:textbox>{BOX}</v:textbox></v:shape></w:pict>",
    ],
    ids=["drawing", "vml"],
)
def test_a_text_box_comes_once_after_the_paragraph_it_hangs_on(drawing: str) -> None:
    inside = p(r("In the box.")) + f"<w:tbl>{row('a', 'b')}</w:tbl>" + p()
    body = p(r("Before "), f"<w:r>{drawing.replace('{}', inside)}</w:r>", r("and after.")) + p(r("Next."))
    assert text_of(body) == "Before and after.\n\nIn the box.\n\na | b\n\nNext."


def test_words_that_are_drawn_are_read() -> None:
    art = '<w:r><w:pict><v:shape><v:textpath string="Summer sale"/></v:shape></w:pict></w:r>'
    assert text_of(p(r("Half price"), art) + p(r("in June."))) == "Half price\n\nSummer sale\n\nin June."


def test_headers_and_footers_come_once_without_page_numbers() -> None:
    def refer(name: str, kind: str, pages: str) -> str:
        return f'<w:{kind}Reference r:id="{name}" w:type="{pages}"/>'

    first = refer("header1", "header", "default") + refer("footer1", "footer", "default")
    sections = (
        p(properties=f"<w:sectPr>{first}</w:sectPr>")
        + p(r("Second."))
        + f"<w:sectPr>{refer('header2', 'header', 'default')}{refer('header3', 'header', 'first')}</w:sectPr>"
    )
    text = text_of(
        p(r("First.")) + sections,
        header1=p(r("Ferry Office")),
        header2=p(r("Ferry  Office")) + p(r("Draft of May")),
        header3=p(r("Shown on no page")),
        footer1=p(r("Page "), field("PAGE", "3"), r(" of "), field("NUMPAGES", "9")) + p(r("Harbour Street 2")),
    )
    assert text == "Ferry Office\n\nDraft of May\n\nFirst.\n\nSecond.\n\nHarbour Street 2"


def test_fields_show_their_results_and_forms_what_is_filled_in() -> None:
    def form(inside: str) -> str:
        return f"<w:ffData>{inside}</w:ffData>"

    colours = '<w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/><w:listEntry w:val="green"/></w:ddList>'
    body = (
        p(r("See "), field("REF x", f"4</w:t></w:r>{field('PAGEREF y', '12')}<w:r><w:t>"), r("."))
        + p(field("FORMTEXT", "Ada"), r(" "), f'<w:fldSimple w:instr="SEQ">{r("7")}</w:fldSimple>')
        + p(field("FORMCHECKBOX", data=form("<w:checkBox><w:checked/></w:checkBox>")), r(" Yes"))
        + p(field("FORMCHECKBOX", data=form('<w:checkBox><w:default w:val="0"/></w:checkBox>')), r(" No"))
        + p(field("FORMDROPDOWN", data=form(colours)))
        + p('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>', r(" Paid"))
        + p('<w:r><w:fldChar w:fldCharType="begin"/></w:r>', r("A field that never ends."))
    )
    assert text_of(body).split("\n\n") == [
        "See 412.", "Ada 7", "☒ Yes", "☐ No", "green", "☑ Paid", "A field that never ends.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (r"EQ \f(3,40)", "3/40"),
        (r"EQ \f(3;40)", "3/40"),
        (r"EQ x = \f(\r(3,27),a+1)", "x = (³√27)/(a+1)"),
        (r"EQ 10\s\up8(5)", "10⁵"),
        (r'EQ \* jc2 \* "Font:MS Mincho" \* hps10 \o\ad(\s\up 9(とう),東)', "東 (とう)"),
        (r"EQ \b\bc\{(\a\al(1,2))", "(1, 2)"),
        (r'SYMBOL 176 \f "Symbol" \s 12', "°"),
        (r"SYMBOL 8364 \u", "€"),
        (r'XE "dues"', ""),
    ],
)
def test_what_word_draws_from_the_code_of_a_field_is_read(code: str, text: str) -> None:
    assert text_of(p(r("The slope is "), field(code).replace(r(""), ""), r("."))) == f"The slope is {text}."
    assert text_of(p(r("It is "), field(code, "kept"), r("."))) == "It is kept."


def test_controls_are_read_around_anything() -> None:
    control = "<w:sdt><w:sdtPr/><w:sdtContent>{}</w:sdtContent></w:sdt>"
    cell = control.format(f"<w:tc>{p(r('b'))}</w:tc>")
    rows = control.format(f"<w:tr><w:tc>{p(r('a'))}</w:tc>{cell}</w:tr>")
    table = control.format(f"<w:tbl>{rows}</w:tbl>")
    assert text_of(p(control.format(r("In line"))) + table + p(r("End"))) == "In line\n\na | b\n\nEnd"


def test_line_ends_tabs_and_soft_hyphens() -> None:
    run = "<w:r><w:t>One</w:t><w:cr/><w:t>two</w:t><w:ptab/><w:t>thr\u00adee</w:t><w:noBreakHyphen/><w:t>4</w:t></w:r>"
    assert text_of(p(run)) == "One\ntwo three\u20114"


def test_what_is_not_read_is_said() -> None:
    namespace = "http://schemas.openxmlformats.org/drawingml/2006/picture"
    picture = f'<w:r><w:drawing><pic:pic xmlns:pic="{namespace}"/></w:drawing></w:r>'
    comment = '<w:r><w:commentReference w:id="1"/></w:r>'
    content = docx(File("a.docx", word_file(p(r("Seen"), picture, picture, comment))))
    assert content.notes == ("not read: 2 pictures", "not read: 1 comment")


def test_a_long_document_is_read_in_pieces_that_are_the_same_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = '<w:r><w:footnoteReference w:id="{n}"/></w:r>'
    body = "".join(item(f"Item {n}") + p(r(f"Text {n}"), reference.replace("{n}", str(n))) for n in range(20))
    parts = {
        "numbering": numbering(("decimal", "%1.")),
        "footnotes": "".join(note("footnote", n, f"Note {n}") for n in range(20)),
    }
    whole = text_of(body, **parts)
    monkeypatch.setattr("index.parsing.office.docx._ELEMENTS_OF_PIECE", 30)
    assert text_of(body, **parts) == whole
    assert "20. Item 19\n\nText 19²⁰\n\n²⁰ Note 19" in whole


def test_the_strict_variant_of_the_standard_is_read() -> None:
    data = word_file(p(r("Strict")) + item("one"), numbering=numbering(("decimal", "%1)")))
    source = zipfile.ZipFile(io.BytesIO(data))
    parts = {name: source.read(name) for name in source.namelist()}
    for name, text in parts.items():
        strict = text.replace(
            b"schemas.openxmlformats.org/wordprocessingml/2006/main", b"purl.oclc.org/ooxml/wordprocessingml/main"
        )
        parts[name] = strict.replace(RELATIONS.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships")
    assert parse_bytes("a.docx", files.zip_of(parts)).text == "Strict\n\n1) one"


@pytest.mark.parametrize("missing", ["word/document.xml", "_rels/.rels"])
def test_a_file_without_a_text_is_no_word_document(missing: str) -> None:
    source = zipfile.ZipFile(io.BytesIO(word_file(p(r("x")))))
    data = files.zip_of({name: source.read(name) for name in source.namelist() if name != missing})
    with pytest.raises(MalformedFile, match=r"'a\.docx' cannot be read: not a Word document"):
        parse_bytes("a.docx", data)

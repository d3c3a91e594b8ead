from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Inches

from index.errors import (
    DocumentTooComplex,
    EncryptedFile,
    MalformedFile,
    MislabelledFile,
    UnsafeArchive,
    UnsupportedFormat,
)
from index.isolation.limits import Limits
from index.parsing import SUPPORTED_SUFFIXES, parse_bytes
from index.parsing.content import File
from index.parsing.isolated import Parser
from index.parsing.office.formulas import readable
from index.parsing.office.opendocument.texts import odt
from index.parsing.office.rtf import rtf
from index.parsing.office.slides import pptx
from tests.samples import files

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CORNERS = (Inches(1), Inches(1), Inches(3), Inches(2))


def text_of(name: str, data: bytes | str) -> str:
    return parse_bytes(name, data.encode() if isinstance(data, str) else data).text


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\frac{3}{40}", "3/40"),
        (r"3\frac{1}{2}", "3 1/2"),
        (r"{3}{\frac{1}{2}}4", "3 1/2 4"),
        (r"\frac{a + b}{2c}", "(a + b)/2c"),
        (r"\frac{\frac{1}{2}}{3}", "(1/2)/3"),
        (r"12^{2}", "12²"),
        (r"x_{10}^{n + 1}", "x₁₀ⁿ⁺¹"),
        (r"e^{- x}", "e^(- x)"),
        (r"2\sqrt[3]{x + 1}", "2∛(x + 1)"),
        (r"\left( \alpha \leq 25\% \right)", "(α ≤ 25%)"),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "(1, 2; 3, 4)"),
        (r"\text{Cost per }m^{2}", "Cost per m²"),
        (r"\begin{aligned} a & = 1 \\ b & = 2 \end{aligned}", "a = 1; b = 2"),
        (r"\label{eq:x} x = 2 \tag{3}", "x = 2 (3)"),
        (r"\unknown{x}", "unknown x"),
        ("{" * 200 + "x" + "}" * 200, "{" * 200 + "x" + "}" * 200),
    ],
)
def test_formulas_are_readable_in_a_line(tex: str, text: str) -> None:
    assert readable(tex) == text


def test_structured_text_of_each_kind_has_its_headings_lists_tables_and_notes() -> None:
    rst = (
        "Harbour\n=======\n\nRules\n-----\n\n3. Third [#]_\n4. Fourth\n\n   a) inner\n\nterm\n  Meaning\n\n"
        "===== =====\nSide  Child\n===== =====\nEast  2\n===== =====\n\n::\n\n  code  here\n\n"
        ".. [#] Since 2020, x\\ :sup:`2`.\n\n.. image:: a.png\n   :alt: unseen\n"
    )
    draft = parse_bytes("a.rst", rst.encode())
    assert draft.title == "Harbour"
    assert draft.text == (
        "Harbour\n\nRules\n\n3. Third¹\n\n¹ Since 2020, x².\n\n4. Fourth\na) inner\nterm\nMeaning\n\n"
        "Side | Child\nEast | 2\n\ncode  here"
    )
    assert [heading.text for heading in draft.outline.headings] == ["Harbour", "Rules"]


NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Fit\n", "It is **so**."]},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 1,
            "source": ["x = 1"],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["42\n"]}],
        },
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.mark.parametrize(
    ("name", "source", "text"),
    [
        (
            "a.org",
            "#+TITLE: Plan\n#+AUTHOR: Ada\n* Head\n- [X] done\n- [ ] open\n\n+struck+ seen",
            "Plan\n\nAda\n\nHead\n\n• ☒ done\n• ☐ open\n\nseen",
        ),
        (
            "a.tex",
            "\\title{Ferry}\\begin{document}\\maketitle\\section{Fares}It is $\\frac{3}{40}$\\footnote{Old.} % no\n"
            "\\end{document}",
            "Ferry\n\nFares\n\nIt is 3/40¹\n\n¹ Old.",
        ),
        (
            "a.mediawiki",
            "== Fares ==\n10<sup>5</sup> boats<ref>By Ada</ref><del>no</del>",
            "Fares\n\n10⁵ boats¹\n\n¹ By Ada",
        ),
        (
            "a.docbook",
            "<article><title>Plan</title><section><title>Fares</title><para>Ten.</para></section></article>",
            "Plan\n\nFares\n\nTen.",
        ),
        ("a.ipynb", json.dumps(NOTEBOOK), "Fit\n\nIt is so.\n\nx = 1\n\n42"),
    ],
    ids=["org", "tex", "mediawiki", "docbook", "ipynb"],
)
def test_other_kinds_of_text(name: str, source: str, text: str) -> None:
    assert text_of(name, source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"{\rtf1\ansi\ansicpg1251 \'ce\'ea{\v hidden}10{\super 5}\par Next}", "Ок10⁵\n\nNext"),
        (r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 A;}{\f1\fcharset238 B;}}\f0 \'e9{\f1 \'b3\'f3d\'9f}\'e9}", "éłódźé"),
        (r"{\rtf1\ansi\ansicpg932 \'93\'fa\'96\'7b}", "日本"),
        (r"{\rtf1\ansi\ansicpg1251\uc1 \u8364\'88 5 \uc0\u163 6\b\u233 7}", "€ 5 £6é7"),
        (r"{\rtf1\mac caf\'8e}", "café"),
        (r"{\rtf1\ansi Deep{\super\chftn}{\*\footnote\pard\plain By Tolle.}, old.\par}", "Deep¹, old.\n\n¹ By Tolle."),
        (r"{\rtf1\ansi \u322?\u243?d\u378? \u-10179?\u-8704?}", "łódź 😀"),
    ],
    ids=["cyrillic", "fonts", "japanese", "numbers", "mac", "notes", "pairs"],
)
def test_rich_text_in_old_character_sets(source: str, text: str) -> None:
    assert text_of("a.rtf", source) == text


def test_what_rich_text_has_on_each_page_is_said() -> None:
    content = rtf(File("a.rtf", rb"{\rtf1\ansi{\headerl Draft}Plan}"))
    assert (content.text, content.notes) == ("Plan", ("not read: headers and footers",))
    assert rtf(File("a.rtf", rb"{\rtf1\ansi\headery708 Plan}")).notes == ()


ODF = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {"draw": "drawing", **{name: name for name in ("office", "text", "table", "style")}}.items()
)


def odf_file(kind: str, body: str, styles: str = "", pages: str = "", **parts: str) -> bytes:
    content = (
        f"<office:document-content {ODF}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    masters = f"<office:master-styles>{pages}</office:master-styles>"
    made = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": content,
        "styles.xml": f"<office:document-styles {ODF}>{masters}</office:document-styles>",
        **parts,
    }
    return files.zip_of({name: text.encode() for name, text in made.items()})


def test_an_opendocument_text_reads_as_it_is_seen() -> None:
    styles = (
        '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="S" style:family="text"><style:text-properties style:text-position="super 58%"/>'
        "</style:style>"
    )
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>4711</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
        '<text:h text:outline-level="1">Fares</text:h>'
        '<text:p>10<text:span text:style-name="S">5</text:span><text:span text:style-name="H">4711</text:span> boats'
        "<office:annotation><text:p>4711</text:p></office:annotation> of "
        "<text:text-input>Ada</text:text-input></text:p>"
        "<text:p>Host<draw:frame><draw:text-box><text:p>In the box.</text:p></draw:text-box></draw:frame> on</text:p>"
        '<text:section text:display="none"><text:p>4711</text:p></text:section>'
    )
    head = "<style:master-page><style:header><text:p>Office</text:p></style:header><style:footer>"
    data = odf_file("text", body, styles, f"{head}<text:p>7</text:p></style:footer></style:master-page>" * 2)
    content = odt(File("a.odt", data))
    assert content.text == "Office\n\nFares\n\n10⁵ boats of Ada\n\nHost on\n\nIn the box."
    assert content.notes == ("not read: 1 comment",)


def test_slides_are_pages_with_titles_tables_groups_and_notes() -> None:
    show = Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "Berths"
    frame = first.placeholders[1].text_frame
    frame.text = "Forty berths"
    inner = frame.add_paragraph()
    inner.text, inner.level = "ten for guests", 1
    first.notes_slide.notes_text_frame.text = "Say that the fee is 12 crowns."
    second = show.slides.add_slide(show.slide_layouts[5])
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(*CORNERS).text_frame.text = "In a group"
    second.shapes.title.text = "Fees"
    table = second.shapes.add_table(3, 2, *CORNERS).table
    for cells, texts in zip(table.rows, [["", "Summer"], ["Small", "12"], ["", "7"]], strict=True):
        for cell, text in zip(cells.cells, texts, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    raised = second.shapes.add_textbox(*CORNERS).text_frame.paragraphs[0]
    raised.add_run().text = "10"
    raised.add_run().text = "5"
    raised.runs[1].font._element.set("baseline", "30000")
    raised.add_run().text = "gone"
    raised.runs[2].font._element.set("strike", "sngStrike")
    hidden = show.slides.add_slide(show.slide_layouts[6])
    hidden.shapes.add_textbox(*CORNERS).text_frame.text = "4711"
    hidden._element.set("show", "0")
    chart = CategoryChartData()  # type: ignore[no-untyped-call]
    chart.categories = ["2011"]
    chart.add_series("Boats", (12,))  # type: ignore[no-untyped-call]
    second.shapes.add_chart(XL_CHART_TYPE.PIE, *CORNERS, chart)
    saved = io.BytesIO()
    show.save(saved)
    content = pptx(File("a.pptx", saved.getvalue()))
    assert content.text == (
        "Berths\n\n• Forty berths\n• ten for guests\n\nSay that the fee is 12 crowns.\n\n"
        "Fees\n\nIn a group\n\n | Summer\nSmall | 12\nSmall | 7\n\n10⁵"
    )
    assert content.outline.location(content.text.index("Summer")).page == 2
    assert content.notes == ("not read: 1 chart", "hidden and left out: 1 slide (3)")


def test_the_number_of_a_slide_is_not_its_text() -> None:
    show = Presentation()
    box = show.slides.add_slide(show.slide_layouts[6]).shapes.add_textbox(*CORNERS)
    number = '<a:fld id="{0}" type="slidenum"><a:t>1</a:t></a:fld>'
    paragraph = parse_xml(f"<a:p {nsdecls('a')}><a:r><a:t>Plan</a:t></a:r>{number}</a:p>")
    box.text_frame._txBody.append(paragraph)
    saved = io.BytesIO()
    show.save(saved)
    assert text_of("a.pptx", saved.getvalue()) == "Plan"


def test_a_box_with_a_formula_keeps_its_words_and_the_formula_is_said() -> None:
    show = Presentation()
    shapes = show.slides.add_slide(show.slide_layouts[6]).shapes
    box = shapes.add_textbox(*CORNERS)
    box.text_frame.text = "The share is "
    box.text_frame.paragraphs[0]._p.append(
        parse_xml('<a14:m xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main"/>')
    )
    alternatives = parse_xml(
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        '<mc:Choice Requires="a14"/><mc:Fallback/></mc:AlternateContent>'
    )
    box._element.addprevious(alternatives)
    alternatives[0].append(box._element)
    saved = io.BytesIO()
    show.save(saved)
    content = pptx(File("a.pptx", saved.getvalue()))
    assert (content.text, content.notes) == ("The share is", ("not read: 1 formula",))


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\begin{enumerate}[label=(\alph*)]\item one\item two\end{enumerate}", "(a) one\n(b) two"),
        (r"\begin{enumerate}[start=3, nosep]\item one\item two\end{enumerate}", "3. one\n4. two"),
        (r"\begin{enumerate}[label=\Roman*., start=2]\item one\end{enumerate}", "II. one"),
        (r"So \cite{lee_2020} and \citep[p. 3]{bo, lee_2020} say.", "So [lee_2020] and [bo, lee_2020, p. 3] say."),
        (
            "\\begin{thebibliography}{9}\n% \\bibitem{x} Gone.\n"
            "\\bibitem[L]{lee} A. Lee.\n\\bibitem{bo} Bo.\\end{thebibliography}",
            "[lee] A. Lee.\n\n[bo] Bo.",
        ),
        ("\\begin{verbatim}\n\\cite{x}\n\\end{verbatim}", "\\cite{x}"),
    ],
)
def test_latex_keeps_the_numbers_of_lists_and_what_is_cited(tex: str, text: str) -> None:
    assert text_of("a.tex", f"\\begin{{document}}{tex}\\end{{document}}") == text


def test_formulas_on_slides_are_read_in_their_place() -> None:
    show = Presentation()
    paragraph = show.slides.add_slide(show.slide_layouts[6]).shapes.add_textbox(*CORNERS).text_frame.paragraphs[0]._p
    half = "<m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
    formula = (
        '<a14:m xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main" '
        'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">'
        f"<m:oMathPara><m:oMath>{half}</m:oMath></m:oMathPara></a14:m>"
    )
    for part in ("Take 2", formula, "; or", formula):
        run = part if part is formula else f"<a:r {nsdecls('a')}><a:t>{part}</a:t></a:r>"
        paragraph.append(parse_xml(run))
    saved = io.BytesIO()
    show.save(saved)
    content = pptx(File("a.pptx", saved.getvalue()))
    assert (content.text, content.notes) == ("Take 2 1/2; or 1/2", ())


def test_the_boxes_of_a_diagram_on_a_slide_are_items() -> None:
    def point(text: str, kind: str) -> str:
        return f'<d:pt type="{kind}"><d:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d:t></d:pt>'

    kind = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
    points = "".join(map(point, ("never shown", "Plan", "", "Build"), ("doc", "node", "sibTrans", "asst")))
    model = f'<d:dataModel xmlns:d="{kind}" {nsdecls("a")}><d:ptLst>{points}</d:ptLst></d:dataModel>'
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    part = Part(PackURI("/ppt/diagrams/data1.xml"), "application/xml", show.part.package, model.encode())
    key = slide.part.relate_to(part, f"{RELATIONS}/diagramData")
    for at in (key, "rIdGone"):
        drawn = slide.shapes.add_table(1, 1, *CORNERS)._element.graphic.graphicData
        drawn.set("uri", kind)
        drawn.replace(drawn[0], parse_xml(f'<d:relIds xmlns:d="{kind}" {nsdecls("r")} r:dm="{at}"/>'))
    saved = io.BytesIO()
    show.save(saved)
    content = pptx(File("a.pptx", saved.getvalue()))
    assert (content.text, content.notes) == ("• Plan\n• Build", ("not read: 1 chart",))


def test_slides_number_their_items_and_hide_shapes() -> None:
    show = Presentation()
    shapes = show.slides.add_slide(show.slide_layouts[6]).shapes
    frame = shapes.add_textbox(*CORNERS).text_frame
    items = [("one", 0, "arabicPeriod"), ("inner", 1, "alphaLcParenR"), ("", 0, ""), ("two", 0, "arabicPeriod")]
    for text, level, kind in [*items, ("other", 1, "romanUcPlain"), ("between", 0, ""), ("new", 0, "arabicParenBoth")]:
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
        if kind:
            numbers = parse_xml(f'<a:buAutoNum {nsdecls("a")} type="{kind}" startAt="3"/>')
            paragraph._p.get_or_add_pPr().append(numbers)
    hidden = shapes.add_textbox(*CORNERS)
    hidden.text_frame.text = "4711"
    hidden._element.nvSpPr.cNvPr.set("hidden", "1")
    saved = io.BytesIO()
    show.save(saved)
    assert text_of("a.pptx", saved.getvalue()) == "3. one\nc) inner\n4. two\nIII other\n\nbetween\n\n(3) new"


def test_supported_suffixes_are_sorted_and_each_once() -> None:
    assert list(SUPPORTED_SUFFIXES) == sorted(set(SUPPORTED_SUFFIXES))


@pytest.mark.parametrize(
    ("name", "advice"),
    [("a.doc", "save it as .docx or PDF"), ("a.ppt", ".pptx or PDF"), ("a.xls", ".xlsx")],
)
def test_a_refusal_of_an_old_format_names_the_way_out(name: str, advice: str) -> None:
    with pytest.raises(UnsupportedFormat, match=re.escape(advice)):
        parse_bytes(name, b"x")


OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.docx", odf_file("text", "<text:p>x</text:p>"), "an OpenDocument text; name it .odt"),
        ("a.xlsx", files.docx_of([("Normal", "x")]), "a Word document; name it .docx"),
        ("a.txt", b"{\\rtf1 x}", "a rich-text (RTF) document; name it .rtf"),
        ("a.odt", b"%PDF-1.4", "a PDF; name it .pdf"),
        ("a.pptx", OLD_OFFICE + b"x", "save it as .docx, .xlsx, .pptx or PDF"),
    ],
)
def test_a_wrong_name_is_told_with_the_right_one(name: str, data: bytes, message: str) -> None:
    with pytest.raises(MislabelledFile, match=re.escape(message)):
        parse_bytes(name, data)


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx"])
def test_an_encrypted_document_is_told(name: str) -> None:
    with pytest.raises(EncryptedFile):
        parse_bytes(name, OLD_OFFICE + "EncryptedPackage".encode("utf-16-le"))


@pytest.mark.parametrize("name", ["a.docx", "a.odt", "a.epub", "a.xlsx", "a.pptx", "a.ods"])
def test_another_archive_under_a_document_s_name_cannot_be_read(name: str) -> None:
    with pytest.raises(MalformedFile, match=re.escape(repr(name))):
        parse_bytes(name, files.zip_of({"x": b"x"}))


def test_what_a_document_names_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("4711")
    rst = f"Seen\n\n.. include:: {tmp_path}/secret.txt\n\n.. csv-table::\n   :file: {tmp_path}/secret.txt\n"
    tex = f"\\begin{{document}}Seen \\input{{{tmp_path}/secret.txt}}\\end{{document}}"
    for name, source in (("a.rst", rst), ("a.tex", tex)):
        try:
            text = text_of(name, source)
        except MalformedFile:
            continue
        assert "4711" not in text


def test_parts_that_are_nested_too_deeply_are_an_error_of_the_file() -> None:
    source = "<article>" + "<blockquote>" * 2_000 + "<para>x</para>" + "</blockquote>" * 2_000 + "</article>"
    with pytest.raises(MalformedFile, match="nested too deeply"):
        parse_bytes("a.docbook", source.encode())


# its orphans become children of this program, which so learns how each of them ended
PROGRAM = """
import ctypes, io, os
from index.isolation.limits import Limits
from index.parsing.isolated import Parser

ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
slow = ("word ''emphasis'' " * 8 + "\\n\\n") * 200_000
with Parser(Limits(seconds=2.0)) as parser:
    (file,) = parser.drafts_of("a.mediawiki", io.BytesIO(slow.encode()))
    print(file.error.resource)
    (after,) = parser.drafts_of("b.org", io.BytesIO(b"The ferry leaves at noon."))
    print(after.draft.text)
while True:
    try:
        print(os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1]))
    except ChildProcessError:
        break
"""


@pytest.mark.skipif(sys.platform != "linux", reason="children end with their parent on Linux only")
def test_pandoc_ends_with_the_worker_that_started_it() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    resource, after, *ends = ran.stdout.splitlines()
    assert (resource, after) == ("time", "The ferry leaves at noon.")
    # the worker's second process and pandoc, and the second process of each worker that was closed
    assert len(ends) >= 2
    assert set(ends) == {str(-signal.SIGKILL)}


def test_a_document_that_fills_pandoc_s_memory_is_refused_by_name_and_limit() -> None:
    large = "<article>" + "<para>a <emphasis>b</emphasis></para>" * 300_000 + "</article>"
    with Parser(Limits(memory_bytes=400_000_000)) as parser:
        (file,) = parser.drafts_of("a.docbook", io.BytesIO(large.encode()))
        assert isinstance(file.error, DocumentTooComplex)
        assert "'a.docbook' needs more than 400 MB of memory" in str(file.error)
        (after,) = parser.drafts_of("b.org", io.BytesIO(b"The ferry leaves at noon."))
        assert after.draft is not None


def test_a_book_that_unpacks_to_too_much_is_not_unpacked() -> None:
    data = io.BytesIO(files.zip_of({"mimetype": b"application/epub+zip"}))
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.xhtml", b"\0" * 5_000_000)
    with pytest.raises(UnsafeArchive, match=r"is not unpacked: 'bomb\.xhtml' in it"):
        parse_bytes("a.epub", data.getvalue())


RICH_LISTS = (
    r"{\*\listtable{\list{\listlevel\levelnfc0\levelstartat3{\leveltext\'02\'00.;}{\levelnumbers\'01;}}\listid1}}"
    r"{\*\listoverridetable{\listoverride\listid1\listoverridecount0\ls1}}"
)


def rich(body: str) -> str:
    return text_of(
        "a.rtf", rf"{{\rtf1\ansi\ansicpg1252{{\fonttbl{{\f0 Times;}}{{\f3\fcharset2 Symbol;}}}}{RICH_LISTS}{body}}}"
    )


def test_numbers_of_rich_text_are_those_that_stand_there() -> None:
    def item(number: str, text: str, level: int = 0) -> str:
        return rf"{{\listtext\pard\plain {number}\tab}}\pard\ls1\ilvl{level} {{\*\bkmkstart a}}{text}\par"

    items = item("3.", "Third") + item("3.1.", "Inner", 1) + item("4.", "Fourth")
    more = item("5.", "Fifth") + item(r"\f3 \'b7", "Point")
    expected = "3. Third\n3.1. Inner\n4. Fourth\n\nBetween.\n\n5. Fifth\n• Point\n\nEnd."
    assert rich(rf"{items}\pard Between.\par{more}\pard End.\par") == expected
    assert rich(r"{\pntext 2.\tab}{\*\pn{\pntxta .}}Old\par") == "2. Old"
    heading = r"{\listtext\pard 2.1\tab}\pard\ls1\outlinelevel0 Fares\par\pard Seven.\par"
    assert rich(r"\pard First.\par" + heading) == "First.\n\n2.1 Fares\n\nSeven."


def test_rows_of_rich_text_keep_what_stands_in_them() -> None:
    def row(*cells: str, before: str = "") -> str:
        ends = "".join(rf"{before if n == 0 else ''}\cellx{n + 1}" for n in range(len(cells)))
        return rf"\trowd{ends}\pard\intbl " + "".join(rf"{cell}\cell " for cell in cells) + r"\row"

    listed = row(r"{\listtext\pard 1.\tab}\ls1 Port", "12")
    assert rich(rf"{listed}\pard End.\par") == "1. Port | 12\n\nEnd."
    merged = row("Haldane", "7.50", before=r"\clvmgf") + row("", "8.50", before=r"\clvmrg") + row("", "9")
    assert rich(rf"{merged}\pard End.\par") == "Haldane | 7.50\nHaldane | 8.50\n | 9\n\nEnd."
    inner = r"\pard\intbl\itap2 12\nestcell 34\nestcell{\*\nesttableprops\trowd\cellx1\cellx2\nestrow}\pard\intbl B"
    assert rich(rf"{row('A', inner)}\pard End.\par") == "A | 12 34 B\n\nEnd."


def test_rich_text_hides_entries_of_its_index_and_may_end_in_the_middle() -> None:
    assert rich(r"Seen{\xe 4711}{\tc 4711}.\par") == "Seen."
    draft = parse_bytes("a.rtf", rb"{\rtf1\ansi It ends {\b here")
    assert (draft.text, draft.notes) == ("It ends here", ("the file ends in the middle: what follows is missing",))


@pytest.mark.parametrize(
    ("name", "source", "text"),
    [
        ("a.adoc", "= Fares\n\nSeven H~2~O.\n\n|===\n|A |B\n\n|1\n|2\n|===", "Fares\n\nSeven H₂O.\n\nA | B\n1 | 2"),
        ("a.typ", "= Fares\nSeven#footnote[Since 1931.] *boats*.", "Fares\n\nSeven¹ boats.\n\n¹ Since 1931."),
        ("a.xml", '<book version="5.0"><title>Fares</title><para>Seven.</para></book>', "Fares\n\nSeven."),
        ("a.xml", "<article><body><sec><title>Fares</title><p>Seven.</p></sec></body></article>", "Fares\n\nSeven."),
        ("a.xml", "<html><h1>Fares</h1><p>Seven.</p></html>", "Fares\n\nSeven."),
        ("a.tex", "\\date{\\today}\\begin{document}\\maketitle Seven on \\today.\\end{document}", "Seven on ."),
    ],
)  # fmt: skip
def test_more_formats_of_text_are_read_by_what_they_hold(name: str, source: str, text: str) -> None:
    assert text_of(name, source) == text


def test_xml_of_another_kind_is_refused_with_a_way_out() -> None:
    with pytest.raises(MalformedFile, match=r"not XML of a kind that is read.*: save it as HTML or text"):
        parse_bytes("a.xml", b"<feed><title>Fares</title></feed>")


def test_an_old_encoding_that_xml_declares_is_no_guess() -> None:
    head = '<?xml version="1.0" encoding="windows-1251"?>'
    book = f"{head}<FictionBook><body><section><p>Паром.</p></section></body></FictionBook>"
    draft = parse_bytes("a.fb2", book.encode("cp1251"))
    assert (draft.text, draft.notes) == ("Паром.", ())


def test_what_pandoc_does_not_read_is_said() -> None:
    head = r"\documentclass{article}\usepackage{siunitx}"
    tex = head + r"\begin{document}\centering Seven \ce{H2O}.\input{more}\end{document}"
    assert parse_bytes("a.tex", tex.encode()).notes == (
        "left out as files that it includes: “more.tex”",
        r"left out as commands that are not known: “\ce{H2O}”",
    )
    wiki = "Five {{convert|5|km}}.<!-- x --><references/>"
    assert parse_bytes("a.mediawiki", wiki.encode()).notes == (
        "left out as markup of other programs: “{{convert|5|km}}”",
    )


def test_chapters_of_an_opendocument_text_have_their_numbers() -> None:
    def title(text: str, level: int, more: str = "") -> str:
        return f'<text:h text:outline-level="{level}" {more}>{text}</text:h>'

    forms = (
        '<text:outline-style><text:outline-level-style text:level="1" style:num-format="1" style:num-suffix="."/>'
        '<text:outline-level-style text:level="2" style:num-format="a" text:display-levels="2"/>'
        '<text:outline-level-style text:level="3" style:num-format=""/></text:outline-style>'
    )
    unnumbered = '<style:style style:name="U" style:family="paragraph" style:list-style-name=""/>'
    body = (
        title("Preface", 1, 'text:style-name="U"') + title("Ports", 1) + title("Haldane", 2) + title("Tolle", 2)
        + title("Quays", 3) + title("Fares", 1) + title("Adults", 2) + title("", 1) + "<text:p>Seven.</text:p>"
    )  # fmt: skip
    draft = parse_bytes("a.odt", odf_file("text", body, unnumbered, forms))
    titles = ["Preface", "1. Ports", "1.a Haldane", "1.b Tolle", "Quays", "2. Fares", "2.a Adults"]
    assert [heading.text for heading in draft.outline.headings] == titles


def test_no_text_of_an_opendocument_text_is_lost_in_a_cell_or_a_numbered_paragraph() -> None:
    def table(*cells: str) -> str:
        inside = "".join(f"<table:table-cell>{cell}</table:table-cell>" for cell in cells)
        columns = f'<table:table-column table:number-columns-repeated="{len(cells)}"/>'
        return f"<table:table>{columns}<table:table-row>{inside}</table:table-row></table:table>"

    inner = table("<text:p>12</text:p>", "<text:p>34</text:p>")
    hidden = '<text:variable-set text:display="none">5</text:variable-set><text:sequence>3</text:sequence>'
    body = (
        table("<text:p>A</text:p>", f"<text:p>B</text:p>{inner}")
        + f"<text:numbered-paragraph><text:p>Table {hidden}</text:p></text:numbered-paragraph>"
    )
    assert parse_bytes("a.odt", odf_file("text", body)).text == "A | B\n\n12 | 34\n\nTable 3"


NUMBERED = (
    '<text:list-style style:name="L">'
    '<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
    '<text:list-level-style-number text:level="2" style:num-format="1" style:num-suffix="." text:display-levels="2"/>'
    '</text:list-style><text:list-style style:name="B">'
    '<text:list-level-style-bullet text:level="1" text:bullet-char="•"/></text:list-style>'
)


def item(text: str, inside: str = "", more: str = "") -> str:
    return f"<text:list-item {more}><text:p>{text}</text:p>{inside}</text:list-item>"


def listed(*items: str, more: str = 'text:style-name="L"') -> str:
    return f"<text:list {more}>{''.join(items)}</text:list>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            listed(
                item("Rent", listed(item("Monthly"), item("In advance"), more="")),
                item("Notice", listed(item("Weeks"), more="")),
            ),
            "1. Rent\n1.1. Monthly\n1.2. In advance\n2. Notice\n2.1. Weeks",
        ),
        (listed(item("Oil", more='text:start-value="7"'), item("Rope")), "7. Oil\n8. Rope"),
        (
            listed(item("Oil"), more='text:style-name="L" xml:id="first"') + "<text:p>But:</text:p>"
            + listed(item("Rope")) + "<text:p>And:</text:p>"
            + listed(item("Net"), more='text:style-name="L" text:continue-list="first"'),
            "1. Oil\n\nBut:\n\n1. Rope\n\nAnd:\n\n2. Net",
        ),
        (
            listed(item("Oil"), item("Rope")) + "<text:p>But:</text:p>"
            + listed(item("Net"), more='text:style-name="L" text:continue-numbering="true"'),
            "1. Oil\n2. Rope\n\nBut:\n\n3. Net",
        ),
        (listed(item("Oil"), item("Rope"), more='text:style-name="B"'), "• Oil\n• Rope"),
        (
            "<table:table><table:table-column/><table:table-row><table:table-cell>"
            + listed(item("Rent", listed(item("Monthly"), more=""))) + "</table:table-cell></table:table-row>"
            "<table:table-row><table:table-cell><text:p>Seven</text:p></table:table-cell></table:table-row></table:table>",
            "1. Rent 1.1. Monthly\nSeven",
        ),
    ],
)  # fmt: skip
def test_items_of_an_opendocument_text_have_the_numbers_that_its_program_shows(body: str, text: str) -> None:
    assert parse_bytes("a.odt", odf_file("text", body, NUMBERED)).text == text


def test_numbers_that_lead_to_an_entry_do_not_run_into_the_number_before_them() -> None:
    text = (
        '12 boats<xref ref-type="bibr" rid="a">1,3</xref> since 1931<xref ref-type="bibr" rid="b">2</xref>'
        ', as section <xref ref-type="sec" rid="c">4</xref> has it'
    )
    article = f"<article><front><article-meta/></front><body><p>{text}.</p></body></article>"
    assert parse_bytes("a.xml", article.encode()).text == "12 boats¹,³ since 1931², as section 4 has it."

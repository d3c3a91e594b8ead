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

from index.errors import UnsafeArchive
from index.parsing import parse_bytes
from tests import files


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
        "Contract\n\nTerms of payment\n\nPay within\n30 days.\n\n- in euros\n\nDelay\n\nDays | Interest\n\n30 | 2 %"
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

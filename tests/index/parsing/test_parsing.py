"""What holds for files of every kind: names, limits, errors, and the promises about offsets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from index.documents import DocumentDraft
from index.errors import (
    DocumentError,
    DocumentTooLarge,
    EmptyDocument,
    EncryptedFile,
    MalformedFile,
    MislabelledFile,
    ScannedDocument,
    UnsupportedFormat,
)
from index.parsing import SUPPORTED_SUFFIXES, drafts_of, named_files, parse_bytes, parse_file
from index.parsing.isolated import Parser
from index.passage_index import PassageIndex
from tests import strategies
from tests.samples import files

CONTRACT = (("Heading 1", "Terms of payment"), ("Normal", "The buyer pays within 30 days."))
PDF = files.pdf_of([[("Heading1", "Terms of payment"), ("BodyText", "The buyer pays within 30 days.")]])
DOCX = files.docx_of(CONTRACT)
HTML = b"<h1>Terms of payment</h1><p>The buyer pays within 30 days."
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"W\0o\0r\0d\0"
ENCRYPTED_WORD = OLD_WORD + "EncryptedPackage".encode("utf-16-le")


@pytest.mark.parametrize(("name", "data"), [("a.pdf", PDF), ("a.docx", DOCX), ("a.html", HTML), ("A.HTM", HTML)])
def test_every_kind_of_file_becomes_the_same_text(name: str, data: bytes) -> None:
    draft = parse_bytes(name, data)
    assert draft.text == "Terms of payment\n\nThe buyer pays within 30 days."
    assert (draft.title, draft.source) == ("Terms of payment", name)
    assert draft.outline.location(draft.text.index("30")).heading == "Terms of payment"
    assert draft.outline.location(draft.text.index("30")).page == (1 if name == "a.pdf" else None)


@pytest.mark.parametrize(
    ("name", "data", "error", "says"),
    [
        ("a.txt", b"", EmptyDocument, "'a.txt' has no text"),
        ("a.txt", b" \r\n\t", EmptyDocument, "'a.txt' has no text"),
        ("a.html", b"<script>x</script>", EmptyDocument, "'a.html' has no text"),
        ("a.docx", files.docx_of([]), EmptyDocument, "'a.docx' has no text"),
        ("a.pdf", files.pdf_of_lines([[]]), EmptyDocument, "'a.pdf' has no text"),
        ("a.exe", b"text", UnsupportedFormat, ".csv, .docbook, .docx, .eml, .epub"),
        ("a", b"text", UnsupportedFormat, "'a' is of a kind that is not read"),
        ("a.txt", PDF, MislabelledFile, "'a.txt' does not hold what its name says: it is a PDF; name it .pdf"),
        ("a.pdf", DOCX, MislabelledFile, "it is a Word document; name it .docx"),
        ("a.zip", DOCX, MislabelledFile, "it is a Word document; name it .docx"),
        ("a.docx", PDF, MislabelledFile, "it is a PDF"),
        ("a.md", files.zip_of({"a": b"b"}), MislabelledFile, "it is a zip archive; name it .zip"),
        ("a.md", b"\x89PNG\r\n\x1a\n...", MislabelledFile, "a PNG picture; .adoc, .asciidoc"),
        ("a.docx", OLD_WORD, MislabelledFile, "old Word"),
        ("a.docx", ENCRYPTED_WORD, EncryptedFile, "'a.docx' is encrypted"),
        (
            "a.pdf",
            files.pdf_of_lines([[(72, 700, "secret")]], opened_by="x"),
            EncryptedFile,
            "'a.pdf' is encrypted",
        ),
        (
            "a.pdf",
            files.pdf_of_pictures(3),
            ScannedDocument,
            "'a.pdf' has 3 pages but no text, so it is probably a scan",
        ),
        ("a.pdf", b"no PDF at all", MalformedFile, "'a.pdf' cannot be read: not a PDF"),
        ("a.pdf", PDF[:200], MalformedFile, "'a.pdf' cannot be read: not a PDF, or a damaged one"),
        ("a.docx", b"no Word at all", MalformedFile, "'a.docx' cannot be read: not a Word document"),
        ("a.docx", files.zip_of({"a": b"b"}), MalformedFile, "not a Word document"),
        ("a.docx", DOCX[:2_000], MalformedFile, "not a Word document"),
        ("a.txt", b"MZ\x90\0\x03\0\0\x07", MalformedFile, "NUL"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_reason(
    name: str, data: bytes, error: type[DocumentError], says: str
) -> None:
    (parsed,) = drafts_of(name, data)
    assert type(parsed.error) is error
    assert says in str(parsed.error)
    assert parsed.draft is None


def test_what_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text("x" * 101)
    with pytest.raises(DocumentTooLarge, match=r"'big\.txt' has 101 bytes; the limit is 100"):
        parse_file(tmp_path / "big.txt", max_bytes=100)
    with pytest.raises(DocumentTooLarge, match="101 bytes"):
        parse_bytes("big.txt", b"x" * 101, max_bytes=100)
    assert parse_bytes("fits.txt", b"x" * 100, max_bytes=100).text == "x" * 100


def test_text_that_grows_over_the_limit_is_refused() -> None:
    old = "Der Käufer zahlt für verspätete Lieferungen nichts.".encode("cp1252")
    with pytest.raises(DocumentTooLarge, match="54 bytes; the limit is 51"):
        parse_bytes("a.txt", old, max_bytes=len(old))


def test_a_missing_file_is_named(tmp_path: Path, parser: Parser) -> None:
    with pytest.raises(MalformedFile, match=r"'gone\.txt' cannot be read: No such file"):
        parse_file(tmp_path / "gone.txt")
    (parsed,) = parser.drafts_in([tmp_path / "gone.txt"])
    assert isinstance(parsed.error, MalformedFile)


def test_folders_are_searched_for_what_can_be_read(tmp_path: Path, parser: Parser) -> None:
    for name in ("b.md", "a.txt", "sub/c.TXT", "d.png", ".git/e.txt", "~$lock.docx", "sub/.f.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"text of {name}")
    assert [(file.name, file.is_read) for file in named_files([tmp_path])] == [
        ("a.txt", True),
        ("b.md", True),
        ("d.png", False),
        ("sub/c.TXT", True),
    ]
    (named,) = named_files([tmp_path / "d.png"])
    assert named.is_read, "what is named is tried, and refused by name"
    found = list(parser.drafts_in([tmp_path, tmp_path / "d.png"]))
    assert [parsed.draft.source for parsed in found if parsed.draft] == ["a.txt", "b.md", "sub/c.TXT"]
    refused = [(parsed.path, parsed.is_skipped) for parsed in found if parsed.error]
    assert refused == [(tmp_path / "d.png", True), (tmp_path / "d.png", False)]


@given(
    st.sampled_from([*SUPPORTED_SUFFIXES, ".exe"]),
    st.sampled_from([b"", b"%PDF-1.7\n", b"PK\x03\x04", b"<html><table>", b"\xff\xfe", b"\xef\xbb\xbf", b"---\n"]),
    st.binary(max_size=300),
)
@settings(max_examples=300)
def test_whatever_the_bytes_only_document_errors_come_of_them(suffix: str, begins: bytes, data: bytes) -> None:
    for parsed in drafts_of("a" + suffix, begins + data):
        assert (parsed.draft is None) != (parsed.error is None)


@given(
    st.sampled_from([("a.pdf", PDF), ("a.docx", DOCX), ("a.zip", files.zip_of({"a.md": b"# A", "b.pdf": PDF}))]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
)
@settings(max_examples=60)
def test_broken_files_break_nothing_else(whole: tuple[str, bytes], changes: list[tuple[float, int]]) -> None:
    name, data = whole
    broken = bytearray(data)
    for place, byte in changes:
        broken[int(place * len(broken))] = byte
    for parsed in drafts_of(name, bytes(broken)):
        assert (parsed.draft is None) != (parsed.error is None)


def _as_html(blocks: list[tuple[int, str]]) -> bytes:
    def element(level: int, text: str) -> str:
        tag = f"h{level}" if level else "p"
        return f"<{tag}>{text.replace('&', '&amp;').replace('<', '&lt;')}</{tag}>"

    return ("<!doctype html><meta charset=utf-8>" + "\n".join(element(*block) for block in blocks)).encode()


def _as_docx(blocks: list[tuple[int, str]]) -> bytes:
    return files.docx_of([(f"Heading {level}" if level else "Normal", text) for level, text in blocks])


@pytest.mark.parametrize(("name", "made"), [("a.html", _as_html), ("a.docx", _as_docx)])
@given(blocks=strategies.blocks)
@settings(max_examples=40)
def test_paragraphs_and_headings_stand_where_the_outline_says(
    name: str, made: Callable[[list[tuple[int, str]]], bytes], blocks: list[tuple[int, str]]
) -> None:
    draft = parse_bytes(name, made(blocks))
    assert draft.text == "\n\n".join(unicodedata.normalize("NFC", text) for _, text in blocks)
    assume(any(level for level, _ in blocks))  # else lines that look like headings are
    at = 0
    under = None
    for level, text in blocks:
        stored = unicodedata.normalize("NFC", text)
        under = stored if level else under
        assert draft.outline.location(at).heading == under
        assert draft.outline.location(at + len(stored) - 1).heading == under
        at += len(stored) + 2
    assert [(h.level, draft.text[h.start :][: len(h.text)]) for h in draft.outline.headings] == [
        (level, unicodedata.normalize("NFC", text)) for level, text in blocks if level
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.pdf", files.pdf_of([[("Heading1", "Delivery"), ("BodyText", "Goods are due. " * 90)]] * 3)), ("a.docx", DOCX)],
)
def test_the_promises_hold_for_what_was_parsed(index: PassageIndex, name: str, data: bytes) -> None:
    draft = parse_bytes(name, data)
    document, _ = index.add(draft)
    stored, text = index.with_text(document.id)
    assert (text, stored.sha256) == (draft.text, draft.sha256)
    passages = index.passages(index.keys_of([document.id]).tolist()).values()
    covered: set[int] = set()
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert passage.location == draft.outline.location(passage.start)
        covered.update(range(passage.start, passage.end))
    assert covered >= {found.start() for found in re.finditer(r"\S", text)}


def test_titles_are_one_line_and_not_endless() -> None:
    assert parse_bytes("a.html", b"<title> A \n B </title><p>x").title == "A B"
    assert len(parse_bytes("a.html", b"<title>" + b"x" * 9_999 + b"</title><p>x").title) == 300
    assert isinstance(parse_bytes("no title.html", b"<p>x"), DocumentDraft)
    assert parse_bytes("no title.html", b"<p>x").title == "no title"


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.pdf", files.pdf_of([[("BodyText", "The buyer pays.")]], title="Terms\0\0"), "The buyer pays."),
        ("a.json", b'{"buyer\\u0000": "pays\\u0000"}', "buyer\ufffd: pays\ufffd"),
        ("a.md", b"# Terms\n\nThe buyer pays&#0;.", "Terms\n\nThe buyer pays\ufffd."),
        ("a.rtf", rb"{\rtf1\ansi Terms \'00 of}", "Terms \ufffd of"),
    ],
)
def test_what_no_database_holds_is_read_as_an_unknown_character(name: str, data: bytes, text: str) -> None:
    draft = parse_bytes(name, data)
    assert (draft.text, draft.title) == (text, "Terms" if name in ("a.pdf", "a.md") else "a")

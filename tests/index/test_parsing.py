from __future__ import annotations

import re
from pathlib import Path

import pytest

from index.errors import DocumentTooLarge, EmptyDocument, MalformedFile, UnsupportedFormat
from index.parsing import files_in, parse, parse_file


def test_markdown_takes_its_title_from_the_first_heading() -> None:
    draft = parse("notes.md", b"intro\n\n## The *ferry* ##\n\nIt leaves.")
    assert (draft.title, draft.source) == ("The *ferry*", "notes.md")


def test_plain_text_takes_its_title_from_the_file_name() -> None:
    assert parse("ferry times.txt", b"# 7 o'clock").title == "ferry times"


def test_marks_line_ends_and_composition_are_settled_before_storing() -> None:
    assert parse("a.txt", b"\xef\xbb\xbfcafe\xcc\x81\r\nb\rc").text == "café\nb\nc"


def test_utf16_with_its_mark_is_read() -> None:
    assert parse("a.txt", "שלום 👍".encode("utf-16")).text == "שלום 👍"


@pytest.mark.parametrize(
    ("name", "data", "error", "says"),
    [
        ("a.txt", b"caf\xe9", MalformedFile, "'a.txt' cannot be read: not UTF-8 text at byte 3"),
        ("a.txt", b"\xff\xfea", MalformedFile, "not UTF-16 text at byte 2"),
        ("a.txt", b"PK\x00\x01", MalformedFile, "NUL"),
        ("a.txt", b" \r\n\t", EmptyDocument, "no text"),
        ("a.exe", b"text", UnsupportedFormat, ".md, .markdown, .txt"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_reason(
    name: str, data: bytes, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=re.escape(says)):
        parse(name, data)


def test_a_file_over_the_limit_is_not_even_read(tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text("x" * 101)
    with pytest.raises(DocumentTooLarge, match="101 bytes; the limit is 100"):
        parse_file(tmp_path / "big.txt", max_bytes=100)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedFile, match=r"'gone\.txt' cannot be read: No such file"):
        parse_file(tmp_path / "gone.txt")


def test_folders_are_searched_for_what_can_be_read(tmp_path: Path) -> None:
    for name in ("b.md", "a.txt", "sub/c.TXT", "d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [path.name for path in files_in([tmp_path])] == ["a.txt", "b.md", "c.TXT"]
    assert files_in([tmp_path / "d.png"]) == [tmp_path / "d.png"], "what is named is tried, and refused by name"

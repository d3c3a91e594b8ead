from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from index.errors import (
    DocumentTooLarge,
    EmptyDocument,
    EncryptedFile,
    MalformedFile,
    MislabelledFile,
    UnsafeArchive,
    UnsupportedFormat,
)
from index.parsing import drafts_of, parse_bytes
from index.parsing.isolated import Parser
from index.parsing.limits import MAX_MEMBERS, MAX_NESTING
from tests.samples.files import docx_of, zip_of


def test_the_documents_in_an_archive_are_named_by_their_path_in_it(tmp_path: Path, parser: Parser) -> None:
    inner = zip_of({"c.docx": docx_of([("Normal", "third")])})
    data = zip_of(
        {
            "a.txt": b"first",
            "sub/b.md": b"# second",
            "deep/d.zip": inner,
            "e.png": b"x",
            "__MACOSX/a.txt": b"x",
            ".f.md": b"x",
        }
    )
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "all.zip").write_bytes(data)
    found = list(parser.drafts_in([tmp_path / "docs"]))
    assert [(parsed.draft.source, parsed.draft.text) for parsed in found if parsed.draft] == [
        ("all.zip/a.txt", "first"),
        ("all.zip/sub/b.md", "second"),
        ("all.zip/deep/d.zip/c.docx", "third"),
    ]
    assert found[2].path == tmp_path / "docs/all.zip/deep/d.zip/c.docx"
    (skipped,) = [parsed for parsed in found if parsed.error]
    assert (skipped.path, skipped.is_skipped) == (tmp_path / "docs/all.zip/e.png", True)


def test_one_bad_file_does_not_stop_the_others() -> None:
    names = {"a.txt": b"first", "b.pdf": b"no PDF", "c.txt": b"", "d.txt": b"last"}
    found = list(drafts_of("x.zip", zip_of(names)))
    assert [parsed.draft.text for parsed in found if parsed.draft] == ["first", "last"]
    assert [(parsed.path, type(parsed.error)) for parsed in found if parsed.error] == [
        (Path("x.zip/b.pdf"), MalformedFile),
        (Path("x.zip/c.txt"), EmptyDocument),
    ]


@pytest.mark.parametrize("name", ["../a.txt", "sub/../../a.txt", "/etc/a.txt", "C:\\a.txt", "..\\a.txt", "../a"])
def test_names_that_lead_out_are_refused_and_nothing_else(name: str) -> None:
    bad, good = drafts_of("x.zip", zip_of({name: b"text", "good.txt": b"text"}))
    assert isinstance(bad.error, UnsafeArchive)
    assert "leads out of the archive" in str(bad.error)
    assert good.draft is not None


def test_bombs_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError("something was unpacked")

    bomb = zip_of({"a.txt": b"small", "b.txt": b"a" * 3_000_000})
    large = zip_of({f"{n}.txt": bytes(range(97, 123)) * 40 for n in range(30)})
    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "read", never)
        (by_ratio,) = drafts_of("x.zip", bomb)
        (by_total,) = drafts_of("x.zip", large, max_bytes=1_000)
    assert "'b.txt' in it would unpack to over 200 times its size" in str(by_ratio.error)
    assert "'x.zip' is not unpacked: it would unpack to more than 20,000 bytes" in str(by_total.error)


def test_archives_in_archives_share_one_allowance() -> None:
    inner = zip_of({"a.txt": bytes(range(97, 123)) * 38})
    found = list(drafts_of("x.zip", zip_of({f"{n}.zip": inner for n in range(20)}), max_bytes=1_000))
    refused = [parsed for parsed in found if parsed.error]
    assert found[0].draft is not None
    assert refused
    assert all(isinstance(parsed.error, UnsafeArchive) for parsed in refused)


def test_archives_nest_only_so_deep() -> None:
    data = b"text"
    name = "a.txt"
    for level in range(MAX_NESTING):
        data, name = zip_of({name: data}), f"{level}.zip"
    (parsed,) = drafts_of("x.zip", data)
    assert parsed.draft is not None
    (parsed,) = drafts_of("x.zip", zip_of({name: data}))
    assert isinstance(parsed.error, UnsafeArchive)
    assert "an archive in 3 others" in str(parsed.error)


def test_too_many_files_are_refused() -> None:
    (parsed,) = drafts_of("x.zip", zip_of({f"{n}.png": b"" for n in range(MAX_MEMBERS + 1)}))
    assert "it holds 20,001 files; the limit is 20,000" in str(parsed.error)


def test_a_file_in_an_archive_has_the_same_limit_as_any() -> None:
    large, small = drafts_of("x.zip", zip_of({"a.txt": b"x" * 101, "b.txt": b"x" * 100}), max_bytes=100)
    assert isinstance(large.error, DocumentTooLarge)
    assert "'x.zip/a.txt' has 101 bytes; the limit is 100" in str(large.error)
    assert small.draft is not None


def test_an_encrypted_file_in_an_archive_is_named() -> None:
    data = bytearray(zip_of({"a.txt": b"text"}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag stands in both headers
        start = data.index(signature) + at
        data[start : start + 2] = struct.pack("<H", 1)
    (parsed,) = drafts_of("x.zip", bytes(data))
    assert isinstance(parsed.error, EncryptedFile)
    assert "'x.zip/a.txt' is encrypted" in str(parsed.error)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyDocument),
        (zip_of({}), EmptyDocument),
        (zip_of({"a.png": b"x"}), EmptyDocument),
        (b"no zip", MalformedFile),
        (zip_of({"a.txt": b"text"})[:-30], MalformedFile),
        (docx_of([]), MislabelledFile),
    ],
    ids=["nothing", "empty", "without texts", "no archive", "cut off", "a document"],  # archives have times
)
def test_what_is_wrong_with_the_archive_itself_is_told_once(data: bytes, error: type[Exception]) -> None:
    (parsed,) = drafts_of("x.zip", data)
    assert type(parsed.error) is error
    assert "'x.zip'" in str(parsed.error)


def test_a_damaged_file_in_an_archive_is_named() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.txt", b"some text")
    (parsed,) = drafts_of("x.zip", data.getvalue().replace(b"some text", b"same text"))
    assert isinstance(parsed.error, MalformedFile)
    assert "'x.zip/a.txt' cannot be read: it is damaged in the archive" in str(parsed.error)


def test_an_archive_is_not_one_document() -> None:
    with pytest.raises(UnsupportedFormat):
        parse_bytes("x.zip", zip_of({"a.txt": b"text"}))

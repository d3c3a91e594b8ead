from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given

from index.errors import MalformedFile
from index.parsing import parse_bytes
from tests import strategies

GERMAN = "Der Käufer zahlt binnen dreißig Tagen. Für verspätete Zahlungen fällt eine Gebühr an."
FRENCH = "L’acheteur paie dans les trente jours à compter de la réception ; à défaut, des intérêts sont dus."
POLISH = "Kupujący płaci w ciągu trzydziestu dni. Za zwłokę należą się odsetki, chyba że strony postanowią inaczej."
RUSSIAN = "Покупатель платит в течение тридцати дней. За просрочку начисляются проценты."
GREEK = "Ο αγοραστής πληρώνει εντός τριάντα ημερών από την παραλαβή του τιμολογίου."
HEBREW = "הקונה משלם בתוך שלושים יום מיום קבלת החשבונית, אלא אם הוסכם אחרת."
JAPANESE = "買主は三十日以内に支払う。遅れた場合は利息が発生する。"
CHINESE = "买方应在三十天内付款。逾期付款的，应当支付利息。"


def test_marks_line_ends_and_composition_are_settled_before_storing() -> None:
    assert parse_bytes("a.txt", b"\xef\xbb\xbfcafe\xcc\x81\r\nb\rc").text == "café\nb\nc"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-marked", "utf-16-be-marked", "utf-32"])
@given(text=strategies.documents.filter(lambda text: "\0" not in text and text[0] != "\ufeff"))
def test_text_in_any_unicode_encoding_is_stored_as_it_was(encoding: str, text: str) -> None:
    data = (
        text.encode(encoding)
        if "marked" not in encoding
        else ("\ufeff" + text).encode(encoding.removesuffix("-marked"))
    )
    if encoding == "utf-8" and data.startswith((b"%PDF-", b"PK\x03\x04")):
        return
    stored = parse_bytes("a.txt", data).text
    assert stored == unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_told_by_its_nuls(encoding: str) -> None:
    assert parse_bytes("a.txt", GERMAN.encode(encoding)).text == GERMAN


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("café", "latin-1"),
        (GERMAN, "cp1252"),
        (FRENCH, "cp1252"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (GREEK, "cp1253"),
        (HEBREW, "cp1255"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (CHINESE, "gb18030"),
    ],
)
def test_old_encodings_are_detected(text: str, encoding: str) -> None:
    assert parse_bytes("a.txt", text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff\xfea", "not UTF-16-LE text at byte 2"),
        (b"\xef\xbb\xbfa\xff", "not UTF-8 text at byte 4"),
        (GERMAN.encode() * 3 + b"\xff" + GERMAN.encode(), "though nearly all of it is"),
        (b"a\0b\0\0\0c", "NUL"),
        (bytes(range(128, 256)) * 3, "encoding that cannot be told"),
    ],
)
def test_what_is_not_text_says_so(data: bytes, says: str) -> None:
    with pytest.raises(MalformedFile, match=says):
        parse_bytes("a.txt", data)


def test_plain_text_takes_its_title_from_the_file_name() -> None:
    assert parse_bytes("ferry times.txt", b"# 7 o'clock").title == "ferry times"
    assert parse_bytes("ferry times.txt", b"# 7 o'clock").outline.headings == ()

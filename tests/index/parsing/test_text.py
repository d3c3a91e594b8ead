from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given

from index.errors import MalformedFile
from index.parsing import parse_bytes
from index.parsing.content import File
from index.parsing.plain.text import plain
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
    for text in (GERMAN, RUSSIAN):
        assert parse_bytes("a.txt", text.encode(encoding)).text == text


WESTERN = ("cp1252", "mac_roman", "cp850", "cp437")
CENTRAL = ("cp1250", "iso8859-2", "cp852", "mac_latin2")
OLD_TEXTS = {
    GERMAN: WESTERN,
    FRENCH.replace("’", "'"): WESTERN,
    "¿Quién asumirá los daños? El señor Núñez pagará mañana la última cuota, según el artículo séptimo.": WESTERN,
    "Köparen betalar inom trettio dagar från påsk. Färjan går varje dag klockan åtta från södra kajen.": WESTERN,
    "As crianças não vão à praia de manhã; a informação está na página da câmara municipal.": WESTERN[:3],
    POLISH: CENTRAL,
    "Kupující zaplatí do třiceti dnů. Loď odplouvá každý den v osm hodin, řeka teče městem.": CENTRAL,
    "A vevő harminc napon belül fizet. Őszintén szólva ez a legjobb idő a gyümölcsszüretre, gyűlünk.": CENTRAL,
    RUSSIAN: ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac_cyrillic"),
    "Покупець сплачує протягом тридцяти днів. Її книжка вийшла ще до війни, є й друга.": ("cp1251", "koi8-u"),
    "Купувачът плаща в срок от тридесет дни. Фериботът тръгва всеки ден.": ("cp1251", "cp866"),
    "Alıcı otuz gün içinde ödeme yapar. Şemsiyeyi bıraktığım için yağmurda ıslandım.": ("cp1254", "cp857"),
    GREEK: ("cp1253", "iso8859-7", "cp737"),
    HEBREW: ("cp1255", "iso8859-8"),
    "يدفع المشتري خلال ثلاثين يوما من استلام الفاتورة. تغادر العبارة كل يوم.": ("cp1256", "iso8859-6"),
    "Pirkėjas sumoka per trisdešimt dienų, kitaip skaičiuojami delspinigiai už vėlavimą.": ("cp1257",),
    "ผู้ซื้อชำระเงินภายในสามสิบวันนับจากวันที่ได้รับใบแจ้งหนี้": ("cp874",),
    JAPANESE: ("cp932", "euc_jp", "iso2022_jp"),
    CHINESE: ("gb18030",),
    "買方應在三十天內付款。逾期付款者，應當支付利息。": ("big5",),
    "구매자는 청구서를 받은 날부터 삼십일 이내에 지불한다.": ("cp949",),
    "Привет, как дела?": ("cp1251", "koi8-r"),
    "café": ("latin-1",),
    "5 €, “smart” – © 2020": ("cp1252",),
    "Señor Núñez": ("cp1252",),
}


@pytest.mark.parametrize(("text", "encoding"), [(text, name) for text, names in OLD_TEXTS.items() for name in names])
@pytest.mark.parametrize("times", [1, 20])
def test_old_encodings_are_detected(text: str, encoding: str, times: int) -> None:
    whole = "\n".join([text] * times)
    assert parse_bytes("a.txt", whole.encode(encoding)).text == whole


def test_a_guess_is_told_with_a_line_to_judge_it_by() -> None:
    read = plain(File("a.txt", f"Act 1\n{RUSSIAN}\n".encode("cp1251")))
    assert read.notes == (f"read as windows-1251: “{RUSSIAN}”; if it is not so, save the file as UTF-8",)
    assert plain(File("a.txt", RUSSIAN.encode())).notes == ()
    assert plain(File("a.txt", RUSSIAN.encode("utf-16"))).notes == ()
    assert plain(File("a.txt", b"\x1b[1mbold\x1b[0m")).notes == ()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff\xfea", "not UTF-16-LE text at byte 2"),
        (b"\xef\xbb\xbfa\xff", "not UTF-8 text at byte 4"),
        (GERMAN.encode() * 3 + b"\xff" + GERMAN.encode(), "though nearly all of it is"),
        (b"a\0b\0\0\0c", "NUL"),
        (b"ab\0c", "NUL"),
        (b"\0\1\2\3" * 100, "NUL"),
        (bytes(range(128, 256)) * 3, "encoding that cannot be told"),
    ],
)
def test_what_is_not_text_says_so(data: bytes, says: str) -> None:
    with pytest.raises(MalformedFile, match=says):
        parse_bytes("a.txt", data)


def test_plain_text_takes_its_title_from_the_file_name() -> None:
    assert parse_bytes("ferry times.txt", b"# 7 o'clock").title == "ferry times"
    assert parse_bytes("ferry times.txt", b"# 7 o'clock").outline.headings == ()


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.rst", "a.eml"])
def test_a_guess_at_the_encoding_is_said_whatever_the_format(name: str) -> None:
    head = b"From: a@b.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    draft = parse_bytes(name, (head if name == "a.eml" else b"") + RUSSIAN.encode("cp1251"))
    assert RUSSIAN in draft.text
    assert [note.split(":")[0] for note in draft.notes] == ["read as windows-1251"]


def test_what_a_message_in_html_leaves_out_is_said() -> None:
    page = b"<p>The ferry leaves at noon.<p style='display:none'>Old times"
    draft = parse_bytes("a.eml", b"From: a@b.example\nContent-Type: text/html; charset=utf-8\n\n" + page)
    assert draft.notes == ("left out as hidden on the page: “Old times”",)


@pytest.mark.parametrize("text", ["At 30 °C and 5 µm.", "±5 × 3¼ kg", "Piso 3º, ¿?"])
def test_a_few_signs_of_western_text_are_no_words_of_another_language(text: str) -> None:
    assert parse_bytes("a.txt", text.encode("cp1252")).text == text

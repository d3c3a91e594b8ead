"""Files that programs write for programs, read by people: subtitles and JSON."""

from __future__ import annotations

import json

import pytest

from index.errors import MalformedFile
from index.parsing.content import Content, File
from index.parsing.plain.records import json_document, json_lines
from index.parsing.plain.subtitles import subtitles


def srt_of(*cues: tuple[int, str]) -> File:
    """Cues of two seconds each, with the second when they begin."""
    parts = [
        f"{number}\n00:00:{begins:02},000 --> 00:00:{begins + 2:02},000\n{text}\n"
        for number, (begins, text) in enumerate(cues, start=1)
    ]
    return File("a.srt", "\n".join(parts).encode())


def json_of(value: object) -> Content:
    return json_document(File("a.json", json.dumps(value).encode()))


def test_a_sentence_runs_over_cues_without_times_and_numbers() -> None:
    read = subtitles(srt_of((1, "The ferry leaves"), (3, "at <i>nine</i>, not\nat ten."), (20, "{\\an8}It is late.")))
    assert read.text == "The ferry leaves at nine, not at ten.\n\nIt is late."


def test_speakers_stay_with_what_they_say() -> None:
    read = subtitles(srt_of((1, "ANN: Is it here?"), (3, "BO: No."), (5, "- Where then?\n- In the harbour.")))
    assert read.text == "ANN: Is it here?\n\nBO: No.\n\n- Where then?\n\n- In the harbour."


def test_words_before_a_colon_are_never_lost() -> None:
    assert subtitles(srt_of((1, "Note: one"), (3, "Note: two"))).text == "Note: one\n\nNote: two"


def test_a_sentence_goes_on_where_its_speaker_is_named_again() -> None:
    cues = ("Ada Berg: The fare is", "Ada Berg: 7.50 euros.", "Ada Berg: Again.", "Bo Ek: When?")
    expected = "Ada Berg: The fare is 7.50 euros.\n\nAda Berg: Again.\n\nBo Ek: When?"
    assert subtitles(srt_of(*((2 * number, cue) for number, cue in enumerate(cues)))).text == expected


def test_web_captions_have_speakers_notes_and_styles() -> None:
    vtt = (
        "WEBVTT - some title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE not said\n\nintro\n"
        "00:01.000 --> 00:03.000 align:start\n<v Ann Lee>The ferry &amp; the\n\n"
        "00:03.000 --> 00:05.000\n<v Ann Lee>harbour.</v>\n\n00:05.000 --> 00:06.000\n<v.loud Bo><b>Yes!</b></v>\n"
    )
    assert subtitles(File("a.vtt", vtt.encode())).text == "Ann Lee: The ferry & the harbour.\n\nBo: Yes!"


def test_lines_that_roll_on_are_read_once() -> None:
    vtt = (
        "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\n \nthe<00:00:01.500><c> ferry</c>\n\n"
        "00:00:03.000 --> 00:00:03.010\nthe ferry\n \n\n"
        "00:00:03.010 --> 00:00:05.000\nthe ferry\nis<00:00:04.000><c> late</c>\n"
    )
    assert subtitles(File("a.vtt", vtt.encode())).text == "the ferry is late"
    assert subtitles(srt_of((1, "No."), (3, "No."))).text == "No. No."


def test_loose_subtitles_lose_nothing() -> None:
    loose = "1\n00:00:01,000 --> 00:00:02,000\nThe ferry\n\nis late.\n \n2\n00:00:02,000 --> 00:00:03,000\n3\n"
    assert subtitles(File("a.srt", loose.encode())).text == "The ferry is late. 3"


def test_what_has_no_times_is_refused() -> None:
    with pytest.raises(MalformedFile, match="no line of it gives times"):
        subtitles(File("a.srt", b"The ferry leaves at nine."))


def test_a_record_is_lines_of_keys_and_values() -> None:
    read = json_of(
        {"title": "Ferries", "open": True, "price": 1.5, "none": None, "tags": ["a", "b"], "at": {"port": "Elba"}}
    )
    assert read.text == "title: Ferries\nopen: true\nprice: 1.5\ntags: a, b\nat.port: Elba"
    assert read.title == "Ferries"


def test_lists_of_records_stand_under_their_key() -> None:
    read = json_of({"ferries": [{"name": "Ann", "calls": [{"port": "Elba"}]}, {"name": "Bo"}], "year": 1931})
    assert read.text == "year: 1931\n\nferries\n\nname: Ann\n\ncalls\n\nport: Elba\n\nname: Bo"
    assert [(h.level, h.text) for h in read.outline.headings] == [(1, "ferries"), (2, "calls")]


def test_numbers_and_keys_are_kept_as_they_are_written() -> None:
    read = json_document(File("a.json", b'[{"n": 1.10, "n": 12345678901234567890123, "e": 1E5}, [1, 2.50], "text"]'))
    assert read.text == "n: 1.10\nn: 12345678901234567890123\ne: 1E5\n\n1, 2.50\n\ntext"


def test_json_lines_are_records_and_broken_lines_are_told() -> None:
    data = b'{"q": "Where?", "a": "Here\\nand there"}\n\n{"q": "When?"}\n{"q": "cut o'
    read = json_lines(File("a.jsonl", data))
    assert read.text == 'q: Where?\na: Here\nand there\n\nq: When?\n\n{"q": "cut o'
    assert read.notes == ("lines that are no JSON are kept as they are: 1, the first is line 4",)
    assert json_document(File("a.json", data)).text == read.text


@pytest.mark.parametrize("data", [b"{", b"hello", b"one\ntwo\n", b"[" * 100_000])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedFile, match="not JSON"):
        json_document(File("a.json", data))


def test_deep_nesting_is_kept() -> None:
    value: object = {"port": "Elba"}
    for _ in range(50):
        value = {"a": value}
    assert "Elba" in json_of(value).text
    value = {"port": "Elba"}
    for _ in range(50):
        value = {"a": [value]}
    assert "Elba" in json_of(value).text

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.words.folding import folded, folded_with_places
from index.words.normalise import joined_terms, terms

# what the rules are about, beside whatever else there is
PIECES = st.sampled_from(
    [
        *("a", "B", "é", "e\u0301", "ß", "ﬁ", "Å", "ẞ", "İ", "ı", "\u0301", "\u0338", "\xad", "\u200b", "₂", "½", "Ⅷ"),
        *(
            "1",
            "23",
            "456",
            ",",
            ".",
            "'",
            "’",
            "-",
            "‐",
            "\xad\n",
            "-\n",
            " ",
            "\xa0",
            "_",
            "§",
            "..=",
            "++",
            "(",
            '"',
        ),
        *("生", "命", "は", "か\u3099", "ﾊﾟ", "한국", "\u1112\u1161\u11ab", "ไทย", "ำ", "ो", "क\u093c", "ক\u09c7\u09be"),
    ]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=20)


def of(text: str) -> list[str]:
    return [term.text for term in terms(text)]


@given(TEXTS)
def test_each_term_stands_in_the_text_and_is_whole(text: str) -> None:
    for term in terms(text):
        assert 0 <= term.start < term.end <= len(text)
        assert term.text
        assert not any(char.isspace() for char in term.text)
        place = text[term.start : term.end]
        assert unicodedata.normalize("NFKC", place).strip(), "characters that are seen"


@given(TEXTS)
@example("\u1112\u1161\u11ab")
def test_composed_and_decomposed_texts_have_the_same_terms(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert of(composed) == of(decomposed)


@given(TEXTS)
def test_terms_without_places_are_the_same(text: str) -> None:
    assert joined_terms(text).split() == of(text)
    assert joined_terms(text).split() == of(text), "what is kept says the same"


@given(TEXTS)
def test_places_are_of_what_each_character_was_folded_from(text: str) -> None:
    folding, places = folded_with_places(text)
    assert folding == folded(text)
    assert len(places) == len(folding)
    assert places == sorted(places)
    assert folding == "".join(folded(text[start:end]) for start, end in dict.fromkeys(places))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ﬁnance Ⅷ ＣＯ₂", ["finance", "viii", "co2"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("e-mail", ["e", "mail", "email"]),
        ("exam-\n  ple", ["exam", "ple", "example"]),
        ("exam\xad\nple", ["example"]),
        ("users' user’s don't", ["users", "user", "don", "t", "dont"]),
        ("1,351.50 1351.50 1.351,50 1'351.50 1 351,50", ["1351.50"] * 5),
        ("1,351", ["1.351", "1351"]),
        ("0.351 3,5 1.204.377", ["0.351", "3.5", "1204377"]),
        ("in 2019 300 people", ["in", "2019", "300", "people"]),
        ("`..=` && §, --no-cache", ["..=", "&&", "§", "--no-cache", "no", "cache", "nocache"]),
        ("C++. (.NET)", ["c++", "c", "++", ".net", "net"]),
        (
            "foo.bar() camelCase HTTPServer",
            ["foo", "bar", "foobar", "camel", "case", "camelcase", "http", "server", "httpserver"],
        ),
        ("生命は", ["生", "生命", "命", "命は"]),
        ("犬", ["犬"]),
        ("ไทย", ["ไท", "ทย"]),
        ("हिन्दी", ["हिन्दी"]),
        ("… -- – !?", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert of(text) == expected


def test_a_long_run_of_marks_takes_no_longer_than_its_length() -> None:
    assert of("a" + "\u0301" * 50_000 + "b") == ["ab"]

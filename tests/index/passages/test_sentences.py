from __future__ import annotations

import pytest
from hypothesis import given

from index.passages.sentences import sentences
from tests import strategies


@given(strategies.texts)
def test_sentences_hold_every_character_once(text: str) -> None:
    ranges = list(sentences(text))
    covered = {at for start, end in ranges for at in range(start, end)}
    assert {at for at, character in enumerate(text) if character.strip()} <= covered
    assert sum(end - start for start, end in ranges) == len(covered)
    assert ranges == sorted(ranges)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in ranges)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Who met J. R. Smith at 5 p.m. sharp.", ["Dr. Who met J. R. Smith at 5 p.m. sharp."]),
        ("It rose 3.5 per cent. “Really?” he asked.", ["It rose 3.5 per cent.", "“Really?” he asked."]),
        ("Fares\n | Child | Adult\nSummer | 3 | 7\nAll", ["Fares", "| Child | Adult", "Summer | 3 | 7", "All"]),
        ("It is:\n(a) cheap;\n(ii) near\nthe pier.", ["It is:", "(a) cheap;", "(ii) near\nthe pier."]),
        ("One |x| is\nnot a row.", ["One |x| is\nnot a row."]),
        ("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        ("# A heading\nIts text goes on\nhere.", ["# A heading", "Its text goes on\nhere."]),
        ("no stop\r\n\r\nnext paragraph", ["no stop", "next paragraph"]),
        ("- one\n- two", ["- one", "- two"]),
        ("今日は。東京です！", ["今日は。", "東京です！"]),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Die Sitzung fand am 5. Mai 2020 statt.",
        "Vom 1. bis zum 3. Oktober bleibt das Büro geschlossen.",
        "Das Haus stammt aus dem 19. Jahrhundert und steht leer.",
        "Im 3. Stock wohnt Frau Weber.",
        "Das gilt nach § 4 Abs. 2 Satz 1 auch hier.",
        "Nach Art. 12 Abs. 3 GG ist das anders.",
        "Viele Tiere, z. B. Hunde, schlafen viel.",
        "Viele Tiere, z.B. Die Hunde, schlafen viel.",
        "Das Mittel, d. h. Aspirin, hilft.",
        "Vgl. Müller zu dieser Frage.",
        "Die Kosten betragen ca. 3 Mio. Euro im Jahr.",
        "Das Zimmer Nr. 5 ist frei.",
        "Siehe Abb. 3 und Tab. IV auf S. 12 des Bandes.",
        "Herr Dr. Kern und Prof. Lang kamen.",
        "The case of Roe v. Wade was cited.",
        "In Brown vs. Board the court held so.",
        "As Smith et al. (2020) showed, it works.",
        "As Smith et al. [12] showed, it works.",
        "Use a strong lock, e.g. this one.",
        "Use a strong lock, e.g. Abus.",
        "The others, i.e. Anna and Ben, left.",
        "See Fig. 3 for the results.",
        "See Figs. 3 and 4 and Eq. 5 below.",
        "It is in Vol. IV of the works.",
        "The U.S. Government paid.",
        "The U.S. Department of Energy and the U.K. Parliament agreed.",
        "Room No. 5 is taken.",
        "It weighs approx. 3 kg.",
        "Under Art. 12 it is forbidden.",
        "Under Sec. 4 and para. 2 it is allowed.",
        "We met at 5 p.m. Monday in the hall.",
        "It starts at 8:30 a.m. EST on Friday.",
        "It begins at 10 a.m. (local time) every day.",
        "John F. Kennedy and J. R. R. Tolkien met.",
        "Martin Luther King Jr. Day is in January.",
        "Acme Inc. Chairman Bo Lee resigned.",
        "It was bought by Foo Ltd. in 1990.",
        "On Jan. 5 the shop opens.",
        "Mr. and Mrs. Bennet live in St. Albans.",
        "Gen. Lee met Lt. Gen. Grant and Rev. Brown.",
        "M. Dupont et Mme. Curie arrivent.",
        "See pp. 12–14 and ch. 3 of the book.",
        "The ratio of max. 5 to min. 2 is fine.",
        "It costs 3.50 euros.",
        "We use version 2.1 of it.",
        "He works at Yahoo! and likes it.",
    ],
)
def test_sentences_go_on_after_what_only_looks_like_an_end(sentence: str) -> None:
    assert [sentence[start:end] for start, end in sentences(sentence)] == [sentence]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("It closes at 5 p.m.", "Then we left."),
        ("It opens at 8 a.m.", "Visitors queue early."),
        ("They live in the U.S.", "He left in 1990."),
        ("It was built in the U.K.", "The other was not."),
        ("She works for Acme Inc.", "It makes anvils."),
        ("They sell pens, ink, etc.", "The shop is small."),
        ("It was shown by Smith et al.", "This was doubted."),
        ("He asked and she said no.", "I left."),
        ("The year was 1990.", "Many died."),
        ("There were 12.", "They left."),
        ("It rained on the 5th.", "Mai was late."),
        ("He took vitamin C.", "The next day he was well."),
        ("Er kam um 5 Uhr.", "Mai war er immer müde."),
        ("Das war 2020.", "Die Stadt wuchs."),
        ("We saw a fig.", "It was ripe."),
        ("He is an art.", "Nobody knows why."),
        ("Wait … what?", "Nothing."),
        ("It is 5 min.", "Then stop."),
        ("She has a Ph.D.", "Her brother has none."),
        ("“It is late.”", "He went home."),
    ],
)
def test_sentences_end_where_another_begins(first: str, second: str) -> None:
    text = f"{first} {second}"
    assert [text[start:end] for start, end in sentences(text)] == [first, second]

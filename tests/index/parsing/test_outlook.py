"""Messages that Outlook saved."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import DocumentError, MalformedFile, MislabelledFile
from index.parsing import drafts_of, parse_bytes
from tests.samples.outlook import message

HEAD = "From: Ada <ada@example.org>\nTo: Bo <bo@example.org>\nDate: Wed, 04 Mar 2026 09:30:00 +0000\nSubject: Ferry"


def test_head_and_text_are_read_as_those_of_any_mail() -> None:
    draft = parse_bytes("saved.msg", message("Ferry", text="Dear Bo,\r\n\r\nit leaves\r\nat noon. Überfahrt 🌊\r\n"))
    assert draft.title == "Ferry"
    assert draft.text == f"{HEAD}\n\nDear Bo,\n\nit leaves\nat noon. Überfahrt 🌊"


def test_a_message_that_is_a_page_is_read_as_one() -> None:
    page = b"<html><body><p>It leaves at <b>noon</b>.</p><p hidden>Not shown.</p></body></html>"
    assert parse_bytes("saved.msg", message("Ferry", page=page)).text == f"{HEAD}\n\nIt leaves at noon."


def test_attachments_are_documents_of_their_own() -> None:
    long = b"It leaves at noon. " * 500
    saved = message(
        "Ferry", text="See below.", attached=[("a.txt", b"In the file."), ("long.txt", long), ("b.exe", b"")]
    )
    outcomes = {str(each.path): each for each in drafts_of("saved.msg", saved)}
    texts = {path: each.draft.text for path, each in outcomes.items() if each.draft}
    assert texts == {
        "saved.msg": f"{HEAD}\n\nSee below.",
        "saved.msg/a.txt": "In the file.",
        "saved.msg/long.txt": long.decode(),
    }
    assert outcomes["saved.msg"].draft is not None
    assert outcomes["saved.msg"].draft.notes == ("3 attachments, each a file of its own: a.txt, long.txt, b.exe",)


def test_what_a_draft_lacks_is_left_out() -> None:
    draft = parse_bytes("saved.msg", message("Ferry", to=(), sent=None, text="Not sent yet."))
    assert draft.text == "From: Ada <ada@example.org>\nSubject: Ferry\n\nNot sent yet."


def test_a_line_break_in_a_head_makes_no_other_head() -> None:
    draft = parse_bytes("saved.msg", message("Ferry\r\nTo: all", text="Noon."))
    assert "Subject: Ferry To: all\n\nNoon." in draft.text


@pytest.mark.parametrize(("name", "data"), [("a.msg", b"plain text"), ("a.msg", message("Ferry")[:700])])
def test_what_is_no_message_is_refused_with_the_reason(name: str, data: bytes) -> None:
    with pytest.raises(MalformedFile, match="not a message of Outlook"):
        parse_bytes(name, data)


def test_a_message_by_another_name_is_not_taken_for_what_the_name_says() -> None:
    with pytest.raises(MislabelledFile):
        parse_bytes("a.txt", message("Ferry", text="Noon."))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    saved = bytearray(message("Ferry", text="Noon.", attached=[("a.txt", b"In the file.")]))
    for place in data.draw(st.lists(st.integers(0, len(saved) - 1), max_size=8)):
        saved[place] = data.draw(st.integers(0, 255))
    with suppress(DocumentError):
        list(drafts_of("saved.msg", bytes(saved)))

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage

import pytest

from index.errors import MalformedFile, UnsafeArchive
from index.parsing import drafts_of, parse_bytes
from index.parsing.containers.mail import eml
from index.parsing.content import File
from tests.samples import files


def message(body: str = "The ferry leaves at noon.", subtype: str = "plain", subject: str = "Ferry") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Ada Berg <ada@haldane.example>"
    made["To"] = "Bo Ek <bo@haldane.example>, Cy <cy@haldane.example>"
    made["Date"] = "Tue, 05 Mar 2024 14:07:00 +0100"
    made["Subject"] = subject
    made.set_content(body, subtype=subtype)
    return made


def documents(data: bytes, name: str = "mail.eml") -> Mapping[str, str]:
    """The text of each document in a file, or what is wrong with it; not what is of no kind that is read."""
    return {
        parsed.path.as_posix(): parsed.draft.text if parsed.draft else str(parsed.error)
        for parsed in drafts_of(name, data)
        if not parsed.is_skipped
    }


HEAD = (
    "From: Ada Berg <ada@haldane.example>\nTo: Bo Ek <bo@haldane.example>, Cy <cy@haldane.example>\n"
    "Date: Tue, 05 Mar 2024 14:07:00 +0100\nSubject: "
)


def test_a_message_says_who_writes_to_whom_when_and_about_what() -> None:
    draft = parse_bytes(
        "mail.eml", bytes(message("Dear Bo,\n\nthe ferry leaves\nat noon.\n", subject="Überfahrt über 🌊"))
    )
    assert draft.title == "Überfahrt über 🌊"
    assert draft.text == f"{HEAD}Überfahrt über 🌊\n\nDear Bo,\n\nthe ferry leaves\nat noon."


def test_plain_text_is_preferred_to_the_same_as_html() -> None:
    made = message("Plain noon.")
    made.add_alternative("<p>HTML noon.</p>", subtype="html")
    assert documents(bytes(made)) == {"mail.eml": f"{HEAD}Ferry\n\nPlain noon."}


@pytest.mark.parametrize("plain", [" \n", "Your program shows no HTML.", "Fares\n\nport\nfare\nHaldane\n7.50"])
def test_html_is_preferred_to_plain_text_that_says_less_or_loses_rows(plain: str) -> None:
    made = message(plain)
    page = "<h1>Fares</h1><table><tr><th>port<th>fare<tr><td>Haldane<td>7.50</table>"
    made.add_alternative(page, subtype="html")
    draft = parse_bytes("mail.eml", bytes(made))
    assert draft.text == f"{HEAD}Ferry\n\nFares\n\nport | fare\nHaldane | 7.50"
    assert [block.kind for block in draft.outline.blocks] == ["paragraph", "heading", "table"]


def parts(*inner: str, kind: str = "mixed", head: str = "Subject: Ferry") -> bytes:
    """A message of parts, each written with its own head."""
    body = "".join(f"--A\n{part}\n" for part in inner)
    return f'{head}\nMIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary="A"\n\n{body}--A--\n'.encode()


def test_texts_around_a_picture_are_all_read() -> None:
    picture = "Content-Type: image/png; name=plan.png\nContent-Disposition: inline; filename=plan.png\n\nx"
    data = parts("Content-Type: text/plain\n\nBerth 14.", picture, "Content-Type: text/html\n\n<p>Berth 27.</p>")
    assert documents(data) == {"mail.eml": "Subject: Ferry\n\nBerth 14.\n\nBerth 27."}
    assert eml(File("a.eml", data)).notes == ("1 attachment, each a file of its own: plan.png",)


def test_a_page_and_its_pictures_are_one_text_and_a_file_beside_them_is_attached() -> None:
    data = parts(
        "Content-Type: text/html\n\n<p>Berth 14.</p>",
        "Content-Type: image/png\nContent-ID: <x>\n\nx",
        "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment; filename=a.txt\n\nBerth 27.",
        kind="related",
    )
    assert documents(data) == {"mail.eml": "Subject: Ferry\n\nBerth 14.", "mail.eml/a.txt": "Berth 27."}


def test_a_message_that_is_only_another_is_read_with_it() -> None:
    data = b"Subject: Fwd\nContent-Type: message/rfc822\n\nFrom: a@b\nSubject: Closing\n\nBerth 9 closes."
    assert documents(data)["mail.eml/Closing.eml"] == "From: a@b\nSubject: Closing\n\nBerth 9 closes."


def test_attachments_without_a_name_are_called_by_their_kind() -> None:
    head = "Content-Disposition: attachment"
    data = parts(
        "Content-Type: text/plain\n\nSee.",
        f"Content-Type: text/plain\n{head}\n\nBerth 14.",
        f"Content-Type: text/csv\n{head}; filename=fares\n\nport,fare\nHaldane,7",
    )
    found = documents(data)
    assert found["mail.eml/attachment 1.txt"] == "Berth 14."
    assert found["mail.eml/fares.csv"] == "port | fare\nHaldane | 7"


INVITATION = """BEGIN:VCALENDAR
BEGIN:VTIMEZONE
DTSTART:19700101T000000
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY:Harbour\\, meeting
DTSTART;TZID=Europe/Berlin:20240412T090000
DTEND;TZID=Europe/Berlin:20240412T103000
LOCATION:Pilot house
ORGANIZER;CN="Ada Berg":mailto:ada@haldane.example
DESCRIPTION:Bring the lists.\\n
 All of them.
BEGIN:VALARM
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20240501
SUMMARY:Berth 9 closes
END:VEVENT
END:VCALENDAR
"""
ENTRIES = (
    "Harbour, meeting\n\nBegins: 2024-04-12 09:00 Europe/Berlin\nEnds: 2024-04-12 10:30 Europe/Berlin\n"
    "Place: Pilot house\nOrganiser: Ada Berg <ada@haldane.example>\n\nBring the lists.\nAll of them.\n\n"
    "Berth 9 closes\n\nBegins: 2024-05-01"
)


def test_an_invitation_is_read_where_nothing_else_says_it() -> None:
    calendar = f"Content-Type: text/calendar; method=REQUEST\n\n{INVITATION}"
    assert documents(parts(calendar, kind="alternative"))["mail.eml"] == f"Subject: Ferry\n\n{ENTRIES}"
    data = parts("Content-Type: text/plain\n\nMeeting at 9.", calendar, kind="alternative")
    assert documents(data)["mail.eml"] == "Subject: Ferry\n\nMeeting at 9."
    assert parse_bytes("a.ics", INVITATION.replace("\n", "\r\n").encode()).text == ENTRIES
    with pytest.raises(MalformedFile, match="not a calendar"):
        parse_bytes("a.ics", b"Tuesday: ferry")


def test_an_encrypted_message_says_that_it_is() -> None:
    data = parts("Content-Type: application/octet-stream; name=a.asc\n\nx", kind="encrypted")
    assert "encrypted" in eml(File("a.eml", data)).notes[0]


def test_html_alone_is_read_as_a_page() -> None:
    made = message("<html><style>p {}</style><p>At <b>noon</b>.</p></html>", "html")
    assert documents(bytes(made)) == {"mail.eml": f"{HEAD}Ferry\n\nAt noon."}


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-2", "koi8-r", "iso-2022-jp"])
def test_a_body_is_in_the_encoding_that_it_names(charset: str) -> None:
    text = {"utf-8": "Ćwir 😀", "iso-8859-2": "Ćwir łódź", "koi8-r": "Паром", "iso-2022-jp": "日本"}[charset]
    made = message()
    made.set_content(text, charset=charset)
    assert parse_bytes("mail.eml", bytes(made)).text.endswith(text)


@pytest.mark.parametrize("charset", ["iso-8859-1", "us-ascii", "latin1", "x-unknown"])
def test_a_body_is_in_the_encoding_that_is_meant(charset: str) -> None:
    head = f"Subject: Ferry\nContent-Type: text/plain; charset={charset}\n\n".encode()
    assert parse_bytes("a.eml", head + "“Ferry” – 7,50 €".encode("cp1252")).text.endswith("“Ferry” – 7,50 €")


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_head_may_break_the_rules_of_encoding(before: bytes, encoding: str) -> None:
    data = before + "From: Jürgen Groß <j@b.example>\r\nSubject: Gebühren\r\n\r\nText.".encode(encoding)
    assert parse_bytes("a.eml", data).text == "From: Jürgen Groß <j@b.example>\nSubject: Gebühren\n\nText."


def test_lines_that_flow_are_joined() -> None:
    made = message()
    made.set_content("The ferry \nleaves at noon.\nNext line.", params={"format": "flowed"})
    assert parse_bytes("mail.eml", bytes(made)).text.endswith("The ferry leaves at noon.\nNext line.")
    made.set_content("soft-wra \npped\n-- \nAda", params={"format": "flowed", "delsp": "yes"})
    assert parse_bytes("mail.eml", bytes(made)).text.endswith("soft-wrapped\n-- \nAda")


def test_attachments_are_documents_of_their_own() -> None:
    made = message()
    made.add_attachment(files.docx_of([("Normal", "In Word.")]), "application", "docx", filename="report.docx")
    made.add_attachment("port,boats\nHaldane,12\n", filename="fares/list.csv")
    made.add_attachment(b"\x89PNG", "image", "png", filename="photo.png")
    made.add_attachment(files.zip_of({"a.txt": b"In the zip."}), "application", "zip", filename="all.zip")
    made.add_attachment(message("Forwarded.", subject="Old/new"))
    assert documents(bytes(made)) == {
        "mail.eml": f"{HEAD}Ferry\n\nThe ferry leaves at noon.",
        "mail.eml/report.docx": "In Word.",
        "mail.eml/fares-list.csv": "port | boats\nHaldane | 12",
        "mail.eml/all.zip/a.txt": "In the zip.",
        "mail.eml/Old-new.eml": f"{HEAD}Old/new\n\nForwarded.",
    }
    notes = eml(File("mail.eml", bytes(made))).notes
    assert notes == (
        "5 attachments, each a file of its own: report.docx, fares-list.csv, photo.png, all.zip, Old-new.eml",
    )


def test_an_attachment_that_cannot_be_read_is_told_in_its_place() -> None:
    made = message()
    made.add_attachment(b"%PDF-1.4 damaged", "application", "pdf", filename="a.pdf")
    made.add_attachment(b"x", "text", "plain", filename="..\\..\\b.txt")
    found = documents(bytes(made))
    assert found["mail.eml"].endswith("at noon.")
    assert "'mail.eml/a.pdf'" in found["mail.eml/a.pdf"]
    assert any("leads out" in text for text in found.values())


def test_messages_in_one_another_end() -> None:
    made = message("innermost")
    for number in range(6):
        outer = message(f"around {number}")
        outer.add_attachment(made)
        made = outer
    found = list(drafts_of("mail.eml", bytes(made)))
    assert isinstance(found[-1].error, UnsafeArchive)
    assert sum(1 for parsed in found if parsed.draft) == 4


def test_mail_in_an_archive_is_read_with_its_attachments() -> None:
    made = message()
    made.add_attachment("Attached.", filename="a.txt")
    found = documents(files.zip_of({"box/mail.eml": bytes(made)}), "all.zip")
    assert list(found) == ["all.zip/box/mail.eml", "all.zip/box/mail.eml/a.txt"]


@pytest.mark.parametrize(
    "data", [b"no message at all", b"\x00\x01\x02", b"Received: from x\n\nbody"], ids=["text", "bytes", "fields"]
)
def test_what_is_no_message_is_told(data: bytes) -> None:
    with pytest.raises(MalformedFile, match=r"'a\.eml' cannot be read: not an e-mail message"):
        parse_bytes("a.eml", data)


@pytest.mark.parametrize(
    "head",
    [
        b"From: =?x-unknown?q?A=FF?= <a@b>\n",
        b"From: a@b\nDate: never\n",
        b"From: \xff\xfe raw\n",
        b"From: a@b\nTo: <<>>;,\n",
    ],
)
def test_a_broken_head_does_not_keep_the_message_from_being_read(head: bytes) -> None:
    text = parse_bytes("a.eml", head + b"Subject: Ferry\n\nThe ferry leaves at noon.").text
    assert text.startswith("From: ")
    assert text.endswith("Subject: Ferry\n\nThe ferry leaves at noon.")

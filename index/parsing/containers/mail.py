"""E-mail (.eml): who writes to whom, when and about what, then the message. Its attachments are files of their own."""

from __future__ import annotations

import codecs
import email
import re
from collections.abc import Iterator
from contextlib import suppress
from email import policy
from email.message import EmailMessage

from index.parsing.blocks import Block, from_blocks
from index.parsing.content import Content, File, counted, malformed, one_line, settled
from index.parsing.html import html
from index.parsing.plain.text import Decoded, decoded

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_REASON = "not an e-mail message (.eml), or a damaged one"
_FLOWED_END = re.compile(r"(?<! ) \n(?![>\n])")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n+")
_FORWARDED = ".eml"


def eml(file: File) -> Content:
    """The message itself. Raises MalformedFile."""
    with malformed(file.name, _REASON):
        message = _message(file)
        lines = [f"{name}: {text}" for name in _HEADERS if (text := _header(message, name))]
        blocks = [Block("\n".join(lines))] if lines else []
        paragraphs, body_notes = _body(file, message)
        blocks += map(Block, paragraphs)
        names = [name for name, _ in _attached(message)]
        notes = [f"{counted(len(names), 'attachment')}, each a file of its own: {', '.join(names)}"] if names else []
    return from_blocks(blocks, _header(message, "Subject") or None, notes=[*body_notes, *notes])


def attachments(file: File) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each attachment. Raises MalformedFile."""
    with malformed(file.name, _REASON):
        for name, part in _attached(_message(file)):
            yield name, bytes(part.get_content() if _is_message(part) else part.get_payload(decode=True))


def _attached(message: EmailMessage) -> Iterator[tuple[str, EmailMessage]]:
    """The parts that are attached, with their names; those of several parts that are no message have no bytes."""
    for number, part in enumerate(message.iter_attachments(), 1):
        if _is_message(part):
            yield f"{_header(part.get_content(), 'Subject') or f'message {number}'}{_FORWARDED}".replace("/", "-"), part
        elif not part.is_multipart():
            yield (part.get_filename() or f"attachment {number}").replace("/", "-"), part


def _is_message(part: EmailMessage) -> bool:
    return part.get_content_type() == "message/rfc822"


def _message(file: File) -> EmailMessage:
    message = email.message_from_bytes(file.data, policy=policy.default)
    if not any(name in message for name in _HEADERS):
        raise ValueError("no header of a message")
    return message


def _header(message: EmailMessage, name: str) -> str:
    """A line of the head, as it reads, also where it breaks the rules of heads."""
    try:
        return one_line(str(message.get(name, "")))
    except (ValueError, IndexError, AttributeError):  # the library's own, over what it cannot take apart
        return one_line(next((str(text) for key, text in message.raw_items() if key.lower() == name.lower()), ""))


def _body(file: File, message: EmailMessage) -> tuple[list[str], tuple[str, ...]]:
    """The paragraphs of the message, as plain text where it has one, or else of its HTML; and what they leave out."""
    body = message.get_body(preferencelist=("plain", "html"))
    data = None if body is None else body.get_payload(decode=True)
    if body is None or not isinstance(data, bytes):
        return [], ()
    read = _decoded(File(file.name, data, file.max_bytes), body.get_content_charset())
    if body.get_content_subtype() == "html":
        page = html(File(file.name, codecs.BOM_UTF8 + read.text.encode(), file.max_bytes))
        return [page.text], (*read.notes, *page.notes)
    flows = body.get_param("format") == "flowed"
    return _PARAGRAPHS.split(_FLOWED_END.sub(" ", read.text) if flows else read.text), read.notes


def _decoded(part: File, declared: str | None) -> Decoded:
    """The text of a part: as its head says, or as it looks where that is wrong. Raises MalformedFile."""
    with suppress(LookupError, UnicodeDecodeError):
        text = part.data.decode(declared or "utf-8")
        if "\0" not in text:
            return Decoded(settled(text))
    return decoded(part)

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
from index.parsing.text import decode

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
        blocks += map(Block, _body(file, message))
        names = [name for name, _ in attachments(file)]
        notes = [f"{counted(len(names), 'attachment')}, each a file of its own: {', '.join(names)}"] if names else []
    return from_blocks(blocks, _header(message, "Subject") or None, notes=notes)


def attachments(file: File) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each attachment. Raises MalformedFile."""
    with malformed(file.name, _REASON):
        for number, part in enumerate(_message(file).iter_attachments(), 1):
            if part.get_content_type() == "message/rfc822":
                inner = part.get_content()
                yield f"{_header(inner, 'Subject') or f'message {number}'}{_FORWARDED}".replace("/", "-"), bytes(inner)
            elif isinstance(data := part.get_payload(decode=True), bytes):
                yield (part.get_filename() or f"attachment {number}").replace("/", "-"), data


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


def _body(file: File, message: EmailMessage) -> list[str]:
    """The paragraphs of the message: as plain text where it has one, or else of its HTML."""
    body = message.get_body(preferencelist=("plain", "html"))
    data = None if body is None else body.get_payload(decode=True)
    if body is None or not isinstance(data, bytes):
        return []
    text = _decoded(File(file.name, data, file.max_bytes), body.get_content_charset())
    if body.get_content_subtype() == "html":
        return [html(File(file.name, codecs.BOM_UTF8 + text.encode(), file.max_bytes)).text]
    if body.get_param("format") == "flowed":
        text = _FLOWED_END.sub(" ", text)
    return _PARAGRAPHS.split(text)


def _decoded(part: File, declared: str | None) -> str:
    """The text of a part: as its head says, or as it looks where that is wrong. Raises MalformedFile."""
    with suppress(LookupError, UnicodeDecodeError):
        text = part.data.decode(declared or "utf-8")
        if "\0" not in text:
            return settled(text)
    return settled(decode(part))

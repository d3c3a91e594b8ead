"""E-mail (.eml): who writes to whom, when and about what, then the message. Its attachments are files of their own."""

from __future__ import annotations

import codecs
import email
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email import policy
from email.message import MIMEPart
from itertools import chain
from mimetypes import guess_extension
from pathlib import PurePath

from index.errors import DocumentError
from index.parsing.blocks import Block, from_blocks, written
from index.parsing.content import Content, File, counted, malformed, one_line, settled
from index.parsing.html import Page, declared, page_of
from index.parsing.plain.calendars import entries
from index.parsing.plain.encodings import meant
from index.parsing.plain.text import Decoded, decode, decoded

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_REASON = "not an e-mail message (.eml), or a damaged one"
# not after two hyphens, which part the signature from the text
_FLOWED_END = re.compile(r"(?<! )(?<!^--) \n(?![>\n])", re.MULTILINE)
_AFTER_HEAD = re.compile(rb"\r?\n\r?\n")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n+")
_FORWARDED = ".eml"
_CALENDAR = "text/calendar"
_BODIES = ("text/plain", "text/html", _CALENDAR)
_FOR_PROGRAMS = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")


def eml(file: File) -> Content:
    """The message itself. Raises MalformedFile."""
    with malformed(file.name, _REASON):
        message = _message(file)
        lines = [f"{name}: {text}" for name in _HEADERS if (text := _header(message, name))]
        blocks = [Block("\n".join(lines))] if lines else []
        bodies, attached = _parts(file, message)
        blocks += [block for body in bodies for block in body.blocks]
        notes = [note for body in bodies for note in body.notes]
        if message.get_content_type() in _FOR_PROGRAMS:
            notes.append("not read: the message itself, which is encrypted or sealed; save it from the e-mail program")
        if names := [name for name, _ in _named(attached)]:
            notes.append(f"{counted(len(names), 'attachment')}, each a file of its own: {', '.join(names)}")
    return from_blocks(blocks, _header(message, "Subject") or None, notes=notes)


def attachments(file: File) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each attachment. Raises MalformedFile."""
    with malformed(file.name, _REASON):
        _, attached = _parts(file, _message(file))
        for name, part in _named(attached):
            yield name, bytes(part.get_content() if _is_message(part) else part.get_payload(decode=True))


def _named(attached: list[MIMEPart]) -> Iterator[tuple[str, MIMEPart]]:
    """The parts that are attached, with their names, to which is added what kind they are where they don't say it."""
    for number, part in enumerate(attached, 1):
        if _is_message(part):
            name = f"{_header(part.get_content(), 'Subject') or f'message {number}'}{_FORWARDED}"
        else:
            name = part.get_filename() or f"attachment {number}"
            if not PurePath(name).suffix and part.get_content_type() != "application/octet-stream":
                name += guess_extension(part.get_content_type()) or ""
        yield name.replace("/", "-"), part


def _is_message(part: MIMEPart) -> bool:
    return part.get_content_type() == "message/rfc822"


def _message(file: File) -> MIMEPart:
    head, *body = _AFTER_HEAD.split(file.data.removeprefix(codecs.BOM_UTF8).lstrip(), maxsplit=1)
    with suppress(DocumentError):  # letters outside ASCII that no rule allows there, in whatever encoding
        head = decode(File(file.name, head)).encode()
    message = email.message_from_bytes(b"\n\n".join((head, *body)), policy=policy.default)
    if not any(name in message for name in _HEADERS):
        raise ValueError("no header of a message")
    return message


def _header(message: MIMEPart, name: str) -> str:
    """A line of the head, as it reads, also where it breaks the rules of heads."""
    try:
        return one_line(str(message.get(name, "")))
    except (ValueError, IndexError, AttributeError):  # the library's own, over what it cannot take apart
        return one_line(next((str(text) for key, text in message.raw_items() if key.lower() == name.lower()), ""))


def _parts(file: File, part: MIMEPart, *, within: str = "") -> tuple[list[Page], list[MIMEPart]]:
    """What a part says, one text after the other, and what is attached to it."""
    if part.get_content_maintype() != "multipart":
        is_said = part.get_content_type() in _BODIES and not part.is_attachment()
        if is_said and (within != "mixed" or not part.get_filename()):
            return [_body(file, part)], []
        # pictures in a page and what only programs read were not sent as files
        is_sent = _is_message(part) or not (part.is_multipart() or (within == "related" and _is_picture(part)))
        return [], [part] if is_sent else []
    parts = list(part.iter_parts())
    inner = [_parts(file, one, within=part.get_content_subtype()) for one in parts]
    said = [contents for contents, _ in inner]
    if part.get_content_subtype() == "alternative":
        calendars = [contents for one, contents in zip(parts, said, strict=True) if one.get_content_type() == _CALENDAR]
        said = [_fullest([contents for contents in said if contents not in calendars]) or _fullest(calendars)]
    return list(chain.from_iterable(said)), [one for _, attached in inner for one in attached]


def _is_picture(part: MIMEPart) -> bool:
    return part.get_content_maintype() == "image"


def _fullest(alternatives: list[list[Page]]) -> list[Page]:
    """The first that says something, as a rule plain text, if no other has tables or words that it lacks."""
    best: list[Page] = []
    for contents in alternatives:
        words = _words(contents)
        has_table = any(block.kind == "table" for page in contents for block in page.blocks)
        if words and (not best or has_table or 2 * len(words & _words(best)) < len(words)):
            best = contents
    return best


def _words(contents: list[Page]) -> set[str]:
    return {word for page in contents for block in page.blocks for word in re.findall(r"\w+", written(block))}


def _body(file: File, part: MIMEPart) -> Page:
    """A text of the message: plain, a page, or an invitation."""
    data = part.get_payload(decode=True)
    read = _decoded(File(file.name, data if isinstance(data, bytes) else b"", file.max_bytes), part)
    if part.get_content_subtype() == "html":
        page = page_of(read.text)
        return replace(page, notes=[*read.notes, *page.notes])
    if part.get_content_type() == _CALENDAR:
        return Page([*entries(read.text)], "", [*read.notes])
    text = read.text
    if part.get_param("format") == "flowed":
        text = _FLOWED_END.sub("" if part.get_param("delsp") == "yes" else " ", text)
    return Page([*map(Block, _PARAGRAPHS.split(text))], "", [*read.notes])


def _decoded(file: File, part: MIMEPart) -> Decoded:
    """The text of a part: as its head or the page says, or as it looks where that is wrong. Raises MalformedFile."""
    charset = part.get_content_charset("utf-8")
    with suppress(LookupError, UnicodeDecodeError):
        text = file.data.decode("utf-8" if charset == "us-ascii" else meant(charset))
        if "\0" not in text:
            return Decoded(settled(text))
    return decoded(file, declared(file.data))

"""Messages that Outlook saved (.msg): made into the e-mail that they were, and read as one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

from index.parsing.containers import mail
from index.parsing.content import Content, File, malformed

if TYPE_CHECKING:
    import oxmsg

_REASON = "not a message of Outlook (.msg), or a damaged one"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


def msg(file: File) -> Content:
    """The message itself. Raises MalformedFile."""
    return mail.eml(_as_mail(file))


def attachments(file: File) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each attachment. Raises MalformedFile."""
    return mail.attachments(_as_mail(file))


def _as_mail(file: File) -> File:
    from oxmsg import Message

    with malformed(file.name, _REASON):
        saved = Message.load(file.data)
        message = EmailMessage(policy=policy.default.clone(utf8=True))
        for name, line in _head(saved):
            if line:
                # written as the sender's program wrote it; no header may break a line
                message[name] = _CONTROLS.sub(" ", line)
        text, page = saved.body, saved.html_body
        message.set_content(text or "")
        if page:
            message.add_alternative(page, subtype="html")
        for attached in saved.attachments:
            # what is attached as a link, or is a message of its own, has no bytes
            name = _CONTROLS.sub(" ", attached.file_name or "")
            message.add_attachment(attached.file_bytes or b"", "application", "octet-stream", filename=name or None)
        return File(file.name, message.as_bytes(), file.max_bytes)


def _head(saved: oxmsg.Message) -> Iterator[tuple[str, str]]:
    headers = {name.lower(): line for name, line in saved.message_headers.items()}
    addresses = ", ".join(
        f"{recipient.name} <{recipient.email_address}>" if recipient.email_address else recipient.name
        for recipient in saved.recipients
    )
    sent = saved.sent_date
    yield "From", saved.sender or ""
    yield "To", headers.get("to") or addresses
    yield "Cc", headers.get("cc") or ""
    yield "Date", headers.get("date") or (f"{sent:%a, %d %b %Y %H:%M:%S %z}" if sent else "")
    yield "Subject", saved.subject

"""Calendars and invitations (.ics): what is when, where and with whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from index.errors import MalformedFile
from index.parsing.blocks import Block, from_blocks, heading
from index.parsing.content import Content, File, one_line
from index.parsing.plain.text import decoded

_ENTRIES = frozenset(("VEVENT", "VTODO", "VJOURNAL"))
_FIELDS: Mapping[str, str] = {
    **{"DTSTART": "Begins", "DTEND": "Ends", "DUE": "Due", "DURATION": "Lasts", "RRULE": "Repeats"},
    **{"LOCATION": "Place", "ORGANIZER": "Organiser", "ATTENDEE": "With", "STATUS": "Status", "URL": "Address"},
}
_FOLD = re.compile(r"\n[ \t]")
_LINE = re.compile(r'^([\w-]+)((?:;[\w-]+=(?:"[^"]*"|[^";:]*)(?:,"[^"]*")*)*):(.*)', re.MULTILINE)
_NAME = re.compile(r';CN="?([^";:]*)')
_ZONE = re.compile(r';TZID="?([^";:]*)')
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ESCAPED = re.compile(r"\\([\\;,nN])")


def ics(file: File) -> Content:
    """Each entry under its summary as heading. Raises MalformedFile."""
    read = decoded(file)
    if "BEGIN:VCALENDAR" not in read.text.upper():
        raise MalformedFile(file.name, "not a calendar (.ics): it has no line BEGIN:VCALENDAR")
    return from_blocks(entries(read.text), notes=read.notes)


def entries(text: str) -> Iterator[Block]:
    """The blocks of what a calendar holds."""
    within: list[str] = []  # the names of what has begun
    said: dict[str, list[str]] = {}
    for name, parameters, value in _LINE.findall(_FOLD.sub("", text)):
        name = name.upper()
        if name == "BEGIN":
            within.append(value.strip().upper())
        elif name == "END" and within:
            if within.pop() in _ENTRIES:
                yield from _entry(said)
                said = {}
        elif within and within[-1] in _ENTRIES:
            said.setdefault(name, []).append(_shown(name, parameters, value))


def _entry(said: Mapping[str, list[str]]) -> Iterator[Block]:
    if summary := one_line(" ".join(said.get("SUMMARY", ()))):
        yield heading(summary, 1)
    yield Block("\n".join(f"{label}: {', '.join(said[name])}" for name, label in _FIELDS.items() if name in said))
    yield from (Block(text) for text in "\n\n".join(said.get("DESCRIPTION", ())).split("\n\n"))


def _shown(name: str, parameters: str, value: str) -> str:
    if found := _TIME.fullmatch(value.strip()):
        year, month, day, hour, minute, is_universal = found.groups()
        zone = _ZONE.search(parameters)
        apart = f"{hour}:{minute} {'UTC' if is_universal else zone.group(1) if zone else ''}" if hour else ""
        return f"{year}-{month}-{day} {apart}".strip()
    text = _ESCAPED.sub(lambda found: "\n" if found.group(1) in "nN" else found.group(1), value).strip()
    if name in ("ORGANIZER", "ATTENDEE"):
        called = _NAME.search(parameters)
        address = re.sub("(?i)^mailto:", "", text)
        return f"{called.group(1)} <{address}>" if called and called.group(1) != address else address
    return text

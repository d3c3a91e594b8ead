"""Subtitles (.srt, .vtt): what is said, as running text, without times and numbers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from index.errors import MalformedFile
from index.parsing.blocks import Block, from_blocks
from index.parsing.content import Content, File, one_line
from index.parsing.plain.text import decoded

_TIMES = re.compile(r"\s*((?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3})\s*-->\s*((?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3})(?:\s.*)?")
_NOT_SAID = frozenset(("WEBVTT", "NOTE", "STYLE", "REGION"))
_SPEAKER = re.compile(r"<v(?:\.[\w.-]*)?\s+([^<>]+)>")
_TAG = re.compile(r"</?(?:[a-zA-Z]|\d+:)[^<>]*>|\{\\[^{}]*\}")
_ROLLING = re.compile(r"<\d+:\d\d[:.]")
_LABEL = re.compile(r"[-–—]\s|>>|[A-Z][\w. '-]{0,30}:\s|\[[^\]]{1,30}\]:?\s")
_FULL_NAME = re.compile(r"(?:[^\W\d_a-z][\w.'-]* )+[^\W\d_a-z][\w.'-]*:\s")
_SENTENCE_ENDS = re.compile(r"[.?!…。？！♪\])][\"”’»)]*$")
_PAUSE = 3.0
"""Seconds between two cues after which another paragraph begins."""
_PARAGRAPH = 600
"""Characters after which another paragraph begins at the next sentence."""


def subtitles(file: File) -> Content:
    """Paragraphs of what is said, with its speakers where they are named. Raises MalformedFile."""
    read = decoded(file)
    cues = list(_cues(read.text))
    if not cues and read.text.strip():
        raise MalformedFile(file.name, "not subtitles: no line of it gives times, as in 00:00:01,000 --> 00:00:04,000")
    return from_blocks(map(Block, _paragraphs(cues)), notes=read.notes)


@dataclass(frozen=True, slots=True)
class _Line:
    """What is said in a line, and by whom where its markup says so."""

    text: str
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class _Cue:
    """Lines that are shown together, and from when to when, in seconds."""

    begins: float
    ends: float
    lines: tuple[_Line, ...]


def _cues(text: str) -> Iterator[_Cue]:
    is_rolling = _ROLLING.search(text) is not None  # the line that was said last stands on while the next is said
    before = ""
    for (begins, ends), lines in _timed(text.split("\n")):
        spoken = [line for raw in lines if (line := _said(raw)).text]
        yield _Cue(begins, ends, tuple(line for line in spoken if not is_rolling or line.text != before))
        before = spoken[-1].text if spoken else before


def _timed(lines: list[str]) -> Iterator[tuple[tuple[float, float], list[str]]]:
    """The times and lines of each cue, without its number or name, which stands ahead of the times."""
    times: tuple[float, float] | None = None
    cue: list[str] = []
    is_said = True
    for before, line in pairwise(["", *lines, ""]):
        if found := _TIMES.fullmatch(line):
            if cue and cue[-1] and not any(cue[-2:-1]):
                cue.pop()
            if times:
                yield times, cue
            times, cue, is_said = (_seconds(found.group(1)), _seconds(found.group(2))), [], True
            continue
        if not before.strip():
            is_said = line.split(" ")[0] not in _NOT_SAID
        if is_said:
            cue.append(line.strip())
    if times:
        yield times, cue


def _said(line: str) -> _Line:
    speaker = _SPEAKER.search(line)
    text = one_line(html.unescape(_TAG.sub("", line)))
    return _Line(text, one_line(html.unescape(speaker.group(1))) if speaker else "")


def _seconds(time: str) -> float:
    seconds = 0.0
    for part in time.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def _paragraphs(cues: list[_Cue]) -> Iterator[str]:
    """Sentences that run over cues are one; who speaks next begins another paragraph."""
    pieces: list[str] = []
    length = 0
    ended = 0.0
    speaker = label = ""
    for cue, line in ((shown, line) for shown in cues for line in shown.lines):
        text = line.text
        is_whole = bool(pieces) and _SENTENCE_ENDS.search(pieces[-1]) is not None
        found = _LABEL.match(text)
        if found and found.group() == label and pieces and not is_whole and _FULL_NAME.fullmatch(label):
            text, found = text[found.end() :], None  # programs name who speaks in each cue
        label = found.group() if found else label
        is_new = line.speaker != speaker if line.speaker else found is not None
        if pieces and (is_new or (is_whole and (length > _PARAGRAPH or cue.begins - ended > _PAUSE))):
            yield " ".join(pieces)
            pieces, length = [], 0
        pieces.append(f"{line.speaker}: {text}" if line.speaker and not pieces else text)
        length += len(text)
        speaker = line.speaker or speaker
        ended = cue.ends
    if pieces:
        yield " ".join(pieces)

"""What belongs between a line and the next: nothing, a space, or the end of a paragraph."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from index.parsing.blocks import Box
from index.parsing.pdf.page.segments import MARKER, Segment

_WORD = re.compile(r"\w+(?:-\w+)*")
_CUT_WORD = re.compile(r"(?<![\w-])(\w++)[-‐]$")
_OPEN_END = re.compile(r"\w[-‐–—/]$|\w:/{2}\S*[/.\-_=&?]$")
_END = re.compile(r"[.!?:;…。！？][\"'”’»)\]⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_LED = re.compile(r" … (?:\S*\d\S*|[ivxl]+)$")  # to a number, by dots
_DIGITS, _ALIKE = re.compile(r"\d+"), re.compile("[a-z]+")
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_BULLETS = "•●○▪■‣◦⁃➢✓✗☐☑☒"

# in sizes of the type
_OTHER_SIZE = 1.15
_WIDE = 1.3
_INDENT = 0.8
_NEAR = 4
_CODE = 2.5
_NEIGHBOURS = 5


class Joint(Enum):
    """What stands between two lines. `CUT`: nothing, and the hyphen at the end of the first goes."""

    NOTHING = ""
    SPACE = " "
    CUT = "-"
    LINE = "\n"
    PARAGRAPH = "\n\n"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a column, which is one of the ``part``s of the file; ``reach`` is how far it might go to the right."""

    segment: Segment
    box: Box
    part: int
    reach: float


def lines_of(segments: Sequence[Segment], boxes: Sequence[Box], part: int) -> Iterator[Line]:
    """The lines of one column. A line may go as far as its neighbours with about its left edge do."""
    for number, segment in enumerate(segments):
        around = segments[max(0, number - _NEIGHBOURS) : number + _NEIGHBOURS + 1]
        near = _NEAR * segment.size
        yield Line(segment, boxes[number], part, max(s.right for s in around if abs(s.left - segment.left) <= near))


class Joints:
    """Tells what belongs between lines, by all the lines of a file."""

    def __init__(self, lines: Iterable[Line]) -> None:
        lines = list(lines)
        fixed = sum(len(line.segment.text) for line in lines if line.segment.fixed)
        self._has_code = fixed <= sum(len(line.segment.text) for line in lines) / 2  # else it is typewritten
        self._words = set(_whole_words([line.segment.text for line in lines]))
        pitches = [(b.segment.base - a.segment.base) / a.segment.size for a, b in pairwise(lines) if _is_below(b, a)]
        # at least a quarter of the distances are within paragraphs, even where those are short
        self._pitch = statistics.quantiles(pitches, n=4)[0] if len(pitches) > 1 else _WIDE

    def between(self, a: Line, b: Line) -> Joint:
        """What belongs between ``a`` and the line that is read next."""
        first, second = a.segment, b.segment
        if not 1 / _OTHER_SIZE < second.size / first.size < _OTHER_SIZE or first.level != second.level:
            return Joint.PARAGRAPH
        if first.fixed and second.fixed and self._has_code and _is_below(b, a):
            return Joint.LINE if second.base - first.base < _CODE * first.size else Joint.PARAGRAPH
        goes_on = second.text[0].islower()
        cut = _CUT_WORD.search(first.text)
        if cut and "://" not in first.text.split()[-1]:
            return self._hyphen(cut.group(1), second.text)
        ended, short = bool(_END.search(first.text)), self._is_short(a, b)
        if _OPEN_END.search(first.text):
            return Joint.NOTHING
        after_end = ended or short or _is_next_item(first, second)
        if _begins_item(second.text, after_end) or (first.bold != second.bold and not goes_on):
            return Joint.PARAGRAPH
        if _LED.search(first.text):
            return Joint.PARAGRAPH
        if goes_on and not ended:
            return Joint.SPACE
        if not _is_below(b, a):
            apart = ended or short or first.fixed != second.fixed
        else:
            wide = (second.base - first.base) / first.size > _WIDE * self._pitch
            apart = wide or short or (ended and second.left - first.left > _INDENT * first.size)
        return Joint.PARAGRAPH if apart else Joint.SPACE

    def _hyphen(self, first: str, following: str) -> Joint:
        """Whether it stays: it does where the document has it in that word, or has both parts as words, and goes
        where it has the word without it."""
        rest = _WORD.match(following)
        second = rest.group() if rest else ""
        whole, hyphenated = (first + second).casefold(), f"{first}-{second}".casefold()
        if whole in self._words:
            return Joint.CUT
        parts = first.casefold() in self._words and second.casefold() in self._words
        stays = hyphenated in self._words or parts or not second[:1].islower() or first[-1:].isdigit()
        return Joint.NOTHING if stays else Joint.CUT

    def _is_short(self, a: Line, b: Line) -> bool:
        """Whether the first word of ``b`` would have found room behind ``a``: then the line was ended on purpose."""
        text = b.segment.text
        width = (b.segment.right - b.segment.left) * len(text.split(maxsplit=1)[0]) / len(text)
        return a.segment.right + width + a.segment.size / 2 < a.reach


def _whole_words(texts: Sequence[str]) -> Iterator[str]:
    """The words of all lines in small letters, without those that may be cut at the end of a line."""
    was_cut = False
    for text in texts:
        words = [word.casefold() for word in _WORD.findall(text)]
        is_cut = text.endswith(("-", "‐"))
        yield from words[was_cut : len(words) - is_cut]
        was_cut = is_cut


def _is_below(b: Line, a: Line) -> bool:
    return a.part == b.part and b.segment.base - a.segment.base > a.segment.size / 2


def _begins_item(text: str, after_end: bool) -> bool:
    return text[0] in _BULLETS or (after_end and (text[0] in _RAISED or bool(_marker(text))))


def _is_next_item(first: Segment, second: Segment) -> bool:
    """Whether two lines begin with markers of one kind, or the lower one with that of a list around the upper one's."""
    markers = _marker(first.text), _marker(second.text)
    is_outer = first.left - second.left > _INDENT * first.size
    return all(markers) and (is_outer or len({_ALIKE.sub("a", _DIGITS.sub("0", marker)) for marker in markers}) == 1)


def _marker(text: str) -> str:
    marker, _, rest = text.partition(" ")
    return marker if rest and MARKER.fullmatch(marker) else ""

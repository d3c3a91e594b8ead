"""What labels an answer in a table or a form, and whether the question asks for what is labelled so.

A cell is labelled by the header of its column and by what its row begins with; a value by the key before it, and by
what stands above its form as a heading does: "Otto Prell", then "Telephone: 555 0177".
"""

from __future__ import annotations

import re
from functools import lru_cache

from index.passages.reading_text import CELLS_APART, ReadingText
from rag.confidence.names import names, share_of_names
from rag.conversation.english import FUNCTION

_WORD = re.compile(r"\w+")
_UNIT = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_STEM = 5
_KEY_ENDS = ": "
_LONGEST_KEY = 60
_LONGEST_NAME = 100
_LEAST_FIT = 0.5
"""Of what a form is called: less is a word that it has by chance."""
_SENTENCE_ENDS = (".", "!", "?", ";", ",", ":")


def labelled(question: str, reading: ReadingText, offset: int) -> tuple[float, float]:
    """How well the labels of what the passage has at ``offset`` fit the question; each 0 to 1.

    The first is high where the question has the words of the column's header and those that the row begins with, too,
    or those of a key and of what its form is called; the second where it has those of the header, the row or the key.
    Both are 0 where nothing labels it.
    """
    start = reading.place(offset)
    line_start = reading.text.rfind("\n", 0, start) + 1
    line = reading.text[line_start:].split("\n", 1)[0]
    before = line[: start - line_start].split(CELLS_APART)
    first_key, first = _key_and_value(line.split(CELLS_APART, 1)[0])
    is_first = len(before) == 1
    key = _key_and_value(before[-1])[0]
    if not key and not is_first:
        key = f"{first_key} {first}"
    asked = _stems(question)
    own = _share(key, asked)
    if is_first:
        above = reading.text[reading.place(0) : line_start]
        return own and own * _fit(_name_above(above), question, asked), own
    row = _share(first, asked)
    return own * row, max(own, row)


def _fit(name: str, question: str, asked: frozenset[str]) -> float:
    """How well what a form is called fits the question: by its words, or by the names that the question has.

    Of "Order 312, Ida Brandvold" a question need not have the number.
    """
    wanted = names(question)
    fit = max(_share(name, asked), share_of_names(wanted, name) if wanted else 0.0)
    return fit if fit >= _LEAST_FIT else 0.0


def _name_above(text: str) -> str:
    """What stands above the end of ``text`` as a heading does: a block of one line, or the last block's first line.

    Empty where nothing does.
    """
    blocks = [block.strip("\n").split("\n") for block in text.split("\n\n")]
    first_lines = (lines[0] for lines in reversed(blocks) if len(lines) == 1 or lines is blocks[-1])
    return next(filter(_is_name, first_lines), "")


def _is_name(line: str) -> bool:
    is_key_or_row = CELLS_APART in line or _KEY_ENDS in line
    return bool(line.strip()) and len(line) <= _LONGEST_NAME and not (is_key_or_row or line.endswith(_SENTENCE_ENDS))


def _key_and_value(cell: str) -> tuple[str, str]:
    key, ends, value = f"{cell} ".rpartition(_KEY_ENDS)
    return (key, value) if ends and len(key) <= _LONGEST_KEY else ("", cell)


@lru_cache(maxsize=1_024)
def _stems(text: str) -> frozenset[str]:
    """Its words but for function words, by their first letters, so that inflection matters less."""
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(word[:_STEM] for word in words if word not in FUNCTION)


def _share(label: str, asked: frozenset[str]) -> float:
    """The share of a label's words that the question has; a unit after it, "Speed (knots)", need not be asked for."""
    stems = _stems(_UNIT.sub("", label)) or _stems(label)
    return len(stems & asked) / len(stems) if stems else 0.0

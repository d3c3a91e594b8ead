"""Drop capitals: a letter several lines high is the first of the word beside its top."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

from index.parsing.pdf.page.words import Word

_CAPITAL = re.compile(r"[“‘\"'«„]?[^\W\d_]")
_WORDS = {"A", "I", "O"}
_LARGER = 1.7  # than most of the text

# in sizes of the text beside it
_OFF, _NEAR, _LOWER, _SPACE = 0.3, 1.2, 0.5, 0.3
_HEIGHT = 0.7  # of a capital, in sizes of its own type


def with_capitals(words: Sequence[Word]) -> list[Word]:
    """The words of a page, with each drop capital where it is read."""
    placed = list(words)
    usual = statistics.median([word.style.size for word in words]) if words else 0.0
    for number, word in enumerate(words):
        if word.style.size < _LARGER * usual or not _CAPITAL.fullmatch(word.text) or not word.text[-1].isupper():
            continue
        beside = [(other, place) for place, other in enumerate(words) if _is_beside(other, word)]
        if not beside:
            continue
        first, place = min(beside, key=lambda pair: pair[0].base)
        gap = first.left - word.right
        is_word = word.text[-1] in _WORDS and (gap > _SPACE * first.style.size or _stands_alone(first, words))
        right = first.left - (_SPACE * first.style.size if is_word else 0)
        placed[number] = word._replace(right=right, base=first.base, style=first.style)
        placed[place] = first._replace(apart=is_word)
    return placed


def _is_beside(word: Word, capital: Word) -> bool:
    """Whether a word begins a line on the right of a capital, with letters about as high up as its own."""
    size = word.style.size
    top = capital.base - _HEIGHT * capital.style.size
    is_right = -_OFF * size <= word.left - capital.right <= _NEAR * size
    is_at_top = abs(word.base - _HEIGHT * size - top) <= _LOWER * size
    return size * _LARGER <= capital.style.size and is_right and is_at_top and word.base < capital.base - _LOWER * size


def _stands_alone(word: Word, words: Sequence[Word]) -> bool:
    """Whether what stands behind a capital is a word of the page by itself, as in "A man"."""
    return any(other.text == word.text for other in words if other is not word)
